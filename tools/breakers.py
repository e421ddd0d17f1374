"""Breakers: leave a failing service in peace, and let one call at a time find out whether it is back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from purgatory.domain.model import HALF_OPENED, OPENED, Context, HalfOpenedState

from tools.access import Breaker
from tools.outcomes import Outcome

BreakerState = Literal["closed", "open", "half-open"]

TOOL_ERROR = "tool_error"
"""Code of a call that the service did answer, saying that its work failed."""

_ANSWERED = frozenset({"applied", "applied_bad", "rejected"})
_UNREACHED = frozenset({"connect", "dns", "tls", "connect_timeout"})
_SERVER_ERROR = 500


@dataclass
class Permit:
    """The right to send one call, to be handed back with what became of it."""

    trial: int
    """Number of the trial that was the latest when the permit was given."""


class Circuit:
    """The circuit breaker of one service.

    purgatory's state machine decides when it opens and closes. Its asynchronous shell is left out: it must
    report every call as good or bad, also a cancelled one, and lets any number of calls try a half-open
    circuit. So is its reading of the time, which goes by `now` here: seconds from any start.
    """

    def __init__(self, service: str, settings: Breaker, *, now: Callable[[], float] = time.monotonic) -> None:
        self._service, self._settings, self._now = service, settings, now
        self._opened_at = 0.0
        self._context = Context(service, settings.failures, settings.open_for.total_seconds())
        self._trial = 0
        self._trying: Permit | None = None

    @property
    def state(self) -> BreakerState:
        """Tell whether calls flow (`closed`), stop (`open`) or one may try (`half-open`)."""
        if self._refuses():
            return "open"
        return "half-open" if self._context.state == HALF_OPENED else "closed"

    def refusal(self) -> str | None:
        """Return a sentence when no call may be sent now, else None."""
        if self._refuses():
            failures, pause = self._settings.failures, self._settings.open_for.total_seconds()
            count = f"its last {failures} calls" if failures > 1 else "its last call"
            return f"service {self._service!r} is left in peace for {pause:g} s because {count} failed"
        if self._trying is not None:
            return f"service {self._service!r} is being tried by one call after it failed"
        return None

    def admit(self) -> Permit | None:
        """Return a permit, or None when no call may be sent now."""
        if self.refusal() is not None:
            return None
        if self._context.state != HALF_OPENED:
            return Permit(self._trial)
        self._trial += 1
        self._trying = Permit(self._trial)
        return self._trying

    def settle(self, permit: Permit, outcome: Outcome | None) -> None:
        """Take back the permit; None, and what tells nothing of the service, leaves everything as it was."""
        if permit is self._trying:
            self._trying = None
        if outcome is None or permit.trial != self._trial:
            return
        if failed(outcome):
            if self._context.state != OPENED:
                self._opened_at = self._now()
            self._context.handle_exception(RuntimeError(outcome.code))
        elif outcome.kind in _ANSWERED:
            self._context.handle_end_request()
        self._context.messages.clear()

    def _refuses(self) -> bool:
        if self._context.state != OPENED:
            return False
        if self._now() - self._opened_at <= self._settings.open_for.total_seconds():
            return True
        self._context.set_state(HalfOpenedState())
        self._context.messages.clear()
        return False


def failed(outcome: Outcome) -> bool:
    """Tell whether the outcome speaks against the health of the service."""
    if outcome.kind == "unknown":
        return outcome.code != TOOL_ERROR
    if outcome.kind != "not_sent":
        return False
    return outcome.code in _UNREACHED or (outcome.status or 0) >= _SERVER_ERROR
