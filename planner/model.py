"""The model's adapter: asks any OpenAI-compatible server, and survives whatever it answers."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import httpx2
import openai

from planner import answers, forms, prompts
from planner.answers import Envelope, Unusable
from planner.clock import Clock
from planner.decisions import (
    Answer,
    Attempt,
    Confidence,
    Filled,
    ModelInfo,
    OutcomeClass,
    Question,
    Usage,
    digest,
    ids,
)
from planner.model_faults import Fault, Wire, mapped, wire_of
from planner.model_requests import Ask, Dialect
from planner.model_wire import patience, plain_client, sdk_client
from planner.retry import repeat
from planner.settings import ModelSettings
from tools.operations import Retry

AGAIN: frozenset[OutcomeClass] = frozenset({"invalid", "truncated", "rate_limited", "unavailable", "timeout"})
"""Classes after which asking again can help."""


class Read(Protocol):
    """What an answer's text was read as."""

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What was odd about it."""
        ...


R = TypeVar("R", bound=Read)


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
    request_sha256: str


class Model:
    """Asks a model for one of the offered options, or for values; never raises for what an endpoint does."""

    def __init__(
        self, config: ModelSettings, *, clock: Clock, http_client: httpx2.AsyncClient | None = None
    ) -> None:
        self._config, self._clock, self._given_client = config, clock, http_client
        self._stack = AsyncExitStack()
        self._sdk: openai.AsyncOpenAI | None = None
        self._dialect = Dialect(config)
        self._host = urlsplit(config.endpoint).netloc

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        client = self._given_client
        if client is None:
            client = await self._stack.enter_async_context(plain_client(self._config))
        self._sdk = await self._stack.enter_async_context(sdk_client(self._config, client))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections that were opened here."""
        self._sdk = None
        await self._stack.aclose()

    async def choose(self, question: Question) -> Answer:
        """Return what came of asking for one of the available options."""
        offered = ids(question.available)
        if not offered:
            return Answer(outcome_class="rejected", anomalies=("nothing_offered",))
        prompt = prompts.choose(question)
        ask = Ask("choose", prompt, prompts.choice_schema(offered), strict=True)
        asked = await self._ask(
            ask,
            lambda content: answers.read_choice(content, offered),
            seconds=question.deadline_seconds,
            attempts=question.max_attempts,
        )
        result = asked.last.result if asked.last and asked.outcome_class == "ok" else None
        sure = result.confidence if result else None
        return Answer(
            outcome_class=asked.outcome_class,
            choice=result.choice if result else None,
            reason=self._masked(result.reason) if result else "",
            confidence=None if sure is None else Confidence(value=sure),
            attempts=asked.attempts,
            usage=self._priced(asked.usage),
            model=self._info(prompt, asked),
            anomalies=self._anomalies(asked),
            raw_output=self._raw(asked),
        )

    async def fill(self, goal: str, schema: Mapping[str, Any], *, deadline_seconds: float = 30.0) -> Filled:
        """Return values for `schema` read out of `goal`; what the goal does not tell is left out."""
        if not forms.fields(schema):
            return Filled(outcome_class="ok", value={}, anomalies=("nothing_to_fill",))
        form = forms.form(schema)
        prompt = prompts.fill(goal, form.schema)
        asked = await self._ask(
            Ask("fill", prompt, form.schema, strict=form.strict),
            lambda content: answers.read_form(content, forms.fields(schema)),
            seconds=deadline_seconds,
            attempts=self._config.max_attempts,
        )
        result = asked.last.result if asked.last and asked.outcome_class == "ok" else None
        return Filled(
            outcome_class=asked.outcome_class,
            value=forms.told(schema, result.fields) if result else None,
            attempts=asked.attempts,
            usage=self._priced(asked.usage),
            model=self._info(prompt, asked),
            anomalies=self._anomalies(asked),
        )

    async def _ask(self, ask: Ask, read: Callable[[str], Read], *, seconds: float, attempts: int) -> Asked:
        seconds = min(seconds, self._config.deadline_seconds)
        talk = _Talk(self._clock, end=time.perf_counter() + seconds)
        first_pause = min(0.5, seconds / 30)
        retry = Retry(
            attempts=min(attempts, self._config.max_attempts),
            initial=timedelta(seconds=first_pause),
            max=timedelta(seconds=first_pause * 8),
        )

        async def attempt(n: int) -> Reply:
            talk.begin(n)
            reply = await self._attempt(ask, read, talk)
            talk.end_attempt(reply, self._masked(reply.error or "") or None)
            return reply

        try:
            async with asyncio.timeout(seconds):
                await repeat(
                    attempt,
                    retry=retry,
                    again=talk.may_ask_again,
                    sleep=self._clock.sleep,
                    hint=lambda reply: reply.wire.retry_after,
                )
        except TimeoutError:
            talk.expire(seconds)
        return talk.asked()

    async def _attempt(self, ask: Ask, read: Callable[[str], Read], talk: "_Talk") -> Reply:
        if self._sdk is None:
            raise RuntimeError("the model must be opened first: async with Model(...) as model")
        request = self._dialect.write(ask, longer=talk.cut)
        talk.request_sha256 = digest(request.body)
        wire, envelope, content = Wire(), None, None
        try:
            with mapped(now=self._clock.now()):
                raw = await self._sdk.chat.completions.with_raw_response.create(
                    **request.body, timeout=patience(talk.remaining)
                )
                response = raw.http_response
            wire = wire_of(response, now=self._clock.now())
            envelope = answers.read_envelope(response.content)
            content = answers.text(envelope)
            result = read(content)
        except Unusable as exc:
            wire = exc.wire if isinstance(exc, Fault) else wire
            adapted = self._dialect.learn(request, wire.status, wire.said)
            return Reply(exc.outcome_class, str(exc), wire, envelope, content, None, adapted)
        return Reply("ok", None, wire, envelope, content, result, adapted=False)

    def _info(self, prompt: prompts.Prompt, asked: Asked) -> ModelInfo:
        envelope = (asked.last.envelope if asked.last else None) or Envelope()
        return ModelInfo(
            requested=self._config.name,
            responded=envelope.model,
            host=self._host,
            response_id=envelope.response_id,
            system_fingerprint=envelope.system_fingerprint,
            finish_reason=envelope.finish_reason,
            prompt=prompt.name,
            prompt_sha256=prompt.sha256,
            request_sha256=asked.request_sha256,
        )

    def _priced(self, usage: Usage) -> Usage:
        return usage.model_copy(update={"cost_usd": self._config.cost_usd(usage.input, usage.output)})

    def _anomalies(self, asked: Asked) -> tuple[str, ...]:
        last = asked.last
        if last is None or last.envelope is None:
            return ()
        found = last.envelope.anomalies + (last.result.anomalies if last.result else ())
        other = last.envelope.model is not None and not _same_model(self._config.name, last.envelope.model)
        return found + (("model_substituted",) if other else ())

    def _raw(self, asked: Asked) -> str | None:
        """Return the last answer's text where it was not taken as it stood."""
        last = asked.last
        if last is None or last.content is None or (last.result and not last.result.anomalies):
            return None
        return self._masked(answers.clean(last.content, answers.LONGEST_RAW))

    def _masked(self, text: str) -> str:
        """Return the text without our own key, which some servers repeat in their errors."""
        key = self._config.api_key
        return text.replace(key.get_secret_value(), "***") if key else text


class NoModel:
    """Stands where no model is configured; every decision takes its `otherwise`, and the log says why."""

    async def __aenter__(self) -> Self:
        """Open nothing."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""

    async def choose(self, question: Question) -> Answer:  # noqa: ARG002 - the port's name
        """Return that there is nobody to ask."""
        return Answer(outcome_class="unavailable", anomalies=("no_model_configured",))

    async def fill(
        self,
        goal: str,  # noqa: ARG002 - the port's name
        schema: Mapping[str, Any],  # noqa: ARG002 - the port's name
        *,
        deadline_seconds: float = 30.0,  # noqa: ARG002 - the port's name
    ) -> Filled:
        """Return that there is nobody to ask."""
        return Filled(outcome_class="unavailable", anomalies=("no_model_configured",))


def from_settings(config: ModelSettings, *, clock: Clock) -> Model | NoModel:
    """Return the model that is configured, or the stand-in where none is."""
    return Model(config, clock=clock) if config.configured else NoModel()


class _Talk:
    """One exchange with the endpoint: its attempts, its deadline, and whether another attempt may follow."""

    def __init__(self, clock: Clock, *, end: float) -> None:
        self._clock, self._end = clock, end
        self._attempts: list[Attempt] = []
        self._usage = Usage()
        self._last: Reply | None = None
        self._begun: Attempt | None = None
        self._begun_at = 0.0
        self._cuts = 0
        self.request_sha256 = ""

    @property
    def remaining(self) -> float:
        """Seconds left, never quite none."""
        return max(0.001, self._end - time.perf_counter())

    @property
    def cut(self) -> bool:
        """Whether an answer was cut at its longest length."""
        return self._cuts > 0

    def begin(self, n: int) -> None:
        self._begun = Attempt(n=n, started=self._clock.now(), ms=0, outcome_class="timeout")
        self._begun_at = time.perf_counter()

    def end_attempt(self, reply: Reply, error: str | None) -> None:
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
        self._cuts += reply.outcome_class == "truncated"
        self._last = reply

    def expire(self, seconds: float) -> None:
        """Take note that the deadline passed, and of the request that it passed in."""
        if self._begun:
            self._close(outcome_class="timeout", error=f"no whole answer within {seconds:g} s in all")

    def may_ask_again(self, reply: Reply) -> bool:
        """Tell whether the rules and the time left allow another attempt."""
        if (reply.wire.retry_after or 0) >= self.remaining:
            return False
        if reply.adapted:
            return True
        if reply.wire.should_retry is not None and reply.outcome_class not in {"ok", "quota"}:
            return reply.wire.should_retry
        if reply.outcome_class == "truncated":
            return self._cuts == 1
        return reply.outcome_class in AGAIN

    def asked(self) -> Asked:
        attempts = tuple(self._attempts)
        outcome_class = attempts[-1].outcome_class if attempts else "timeout"
        return Asked(self._last, outcome_class, attempts, self._usage, self.request_sha256)

    def _close(self, **found: Any) -> None:
        if self._begun:
            ms = round((time.perf_counter() - self._begun_at) * 1000, 3)
            self._attempts.append(Attempt.model_validate({**self._begun.model_dump(), "ms": ms, **found}))
            self._begun = None


def _same_model(requested: str, responded: str) -> bool:
    """Tell whether a server answered with the model asked for, or with a dated snapshot of it."""
    tail = responded.removeprefix(requested)
    return responded == requested or (tail != responded and tail.replace("-", "").isdigit())
