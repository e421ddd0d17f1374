"""Talks with a model's endpoint: their attempts, their time, and whether another request may follow."""

import asyncio
import time
from typing import Any, NamedTuple

from planner.budgets import Purse
from planner.clock import Clock
from planner.decisions import Attempt, OutcomeClass, Usage, digest
from planner.model import answers
from planner.model.answers import Envelope
from planner.model.faults import Wire
from planner.model.requests import Ask, Request

AGAIN: frozenset[OutcomeClass] = frozenset({"invalid", "truncated", "rate_limited", "unavailable", "timeout"})
"""Classes after which asking again can help."""


class Reply(NamedTuple):
    """What came of one request."""

    outcome_class: OutcomeClass
    error: str | None
    wire: Wire
    envelope: Envelope | None
    content: str | None
    result: Any
    adapted: bool
    """Whether the next request is written otherwise, because the server cannot read this one."""


class Asked(NamedTuple):
    """What came of asking, in all."""

    last: Reply | None
    outcome_class: OutcomeClass
    attempts: tuple[Attempt, ...]
    usage: Usage
    ask: Ask | None
    """What was asked last."""
    request_sha256: str
    broke: str | None = None
    """Why the budget allowed no more requests, in one sentence."""


class TimeLeft(NamedTuple):
    """The time for a whole decision, which all its requests share."""

    seconds: float
    """In all."""
    due: float
    """When it ends, by the event loop's clock."""

    @property
    def now(self) -> float:
        """Seconds left, never quite none."""
        return max(0.001, self.due - asyncio.get_running_loop().time())


class Spare:
    """Requests that may be sent beside the first ones; several talks can draw on them."""

    def __init__(self, count: int) -> None:
        self._left = count

    def take(self) -> bool:
        """Take one, and tell whether there was one left."""
        self._left -= 1
        return self._left >= 0


class Talk:
    """One exchange with the endpoint: its attempts, its deadline, and whether another attempt may follow."""

    def __init__(self, clock: Clock, *, time_left: TimeLeft, spare: Spare, purse: Purse) -> None:
        self._clock, self._time, self._spare, self._purse = clock, time_left, spare, purse
        self._broke: str | None = None
        """Why no more could be asked, although it was worth it."""
        self._attempts: list[Attempt] = []
        self._usage = Usage()
        self._last: Reply | None = None
        self._begun: Attempt | None = None
        self._begun_at = 0.0
        self._cuts = 0
        self._ask: Ask | None = None
        self._request_sha256 = ""

    @property
    def seconds_left(self) -> float:
        """Seconds left for the request, never quite none."""
        return self._time.now

    @property
    def cut(self) -> bool:
        """Whether an answer was cut at its longest length."""
        return self._cuts > 0

    def begin(self, n: int) -> None:
        """Take note that a request is sent."""
        self._begun = Attempt(n=n, started=self._clock.now(), ms=0, outcome_class="timeout")
        self._begun_at = time.perf_counter()

    def say(self, ask: Ask, request: Request) -> None:
        """Take note of what the request asks."""
        self._ask, self._request_sha256 = ask, digest(request.body)

    def end_attempt(self, reply: Reply, error: str | None) -> None:
        """Take note of what came of the request."""
        wire, envelope = reply.wire, reply.envelope
        self._close(
            outcome_class=reply.outcome_class,
            http_status=wire.status,
            error=error,
            request_id=wire.request_id,
            retry_after_ms=None if wire.retry_after is None else int(min(wire.retry_after, 1e9) * 1000),
            raw_digest=None if reply.content is None else answers.text_digest(reply.content),
        )
        used = envelope.usage if envelope else Usage()
        self._usage = Usage(input=self._usage.input + used.input, output=self._usage.output + used.output)
        self._purse.pay(used)
        self._cuts += reply.outcome_class == "truncated"
        self._last = reply

    def expire(self) -> None:
        """Take note that the deadline passed, and of the request that it passed in."""
        if self._begun:
            self._close(
                outcome_class="timeout", error=f"no whole answer within {self._time.seconds:g} s in all"
            )

    def may_ask_again(self, reply: Reply) -> bool:
        """Tell whether the rules, the time and the requests left allow another attempt, and take it."""
        return self._worth_asking_again(reply) and self._spare.take() and self.afford()

    def afford(self) -> bool:
        """Tell whether the budget allows another request, and take it."""
        if self._purse.take():
            return True
        self._broke = self._purse.why
        return False

    def _worth_asking_again(self, reply: Reply) -> bool:
        if (reply.wire.retry_after or 0) >= self._time.now:
            return False
        if reply.adapted:
            return True
        if reply.wire.should_retry is not None and reply.outcome_class not in {"ok", "quota"}:
            return reply.wire.should_retry
        if reply.outcome_class == "truncated":
            return self._cuts == 1
        return reply.outcome_class in AGAIN

    def asked(self) -> Asked:
        """Return what came of it all."""
        attempts = tuple(self._attempts)
        outcome_class = attempts[-1].outcome_class if attempts else "timeout"
        if self._broke is not None:
            outcome_class = "budget"
        return Asked(
            self._last, outcome_class, attempts, self._usage, self._ask, self._request_sha256, self._broke
        )

    def _close(self, **found: Any) -> None:
        if self._begun:
            ms = round((time.perf_counter() - self._begun_at) * 1000, 3)
            self._attempts.append(Attempt.model_validate({**self._begun.model_dump(), "ms": ms, **found}))
            self._begun = None
