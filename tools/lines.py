"""Lines: who may call one service now, with its slots, its breaker and its record."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from tools.access import Service
from tools.breakers import BreakerState, Circuit, failed
from tools.operations import Operation
from tools.outcomes import Outcome
from tools.records import Record

BREAKER_OPEN = "breaker_open"
"""Code of a call that was not sent, since its service is left in peace."""


class ServiceHealth(Record):
    """How a service has been, as seen from here."""

    name: str
    """Its name in the catalogue."""

    state: BreakerState
    """Whether calls flow, stop, or one may try."""

    in_flight: int
    """Calls being made now."""

    calls: int
    """Calls that were sent, or tried to be, since this process started."""

    failures: int
    """How many of them spoke against the service's health."""

    last_error: str | None
    """The latest failure, in one sentence."""

    last_ms: float | None
    """How long the latest call took, in milliseconds."""

    operations: int
    """Operations that the catalogue holds of it."""


class Work(Protocol):
    """One attempt that is ready to be made."""

    operation: Operation

    async def make(self, seconds: float, leave: Callable[[], None]) -> Outcome:
        """Return what became of the attempt within `seconds`; call `leave` once when its work has ended."""
        ...


class Line:
    """What all calls of one service go through, whatever route they take."""

    def __init__(self, service: Service, *, now: Callable[[], float] = time.monotonic) -> None:
        self.service = service
        self.circuit = Circuit(service.name, service.breaker, now=now)
        self._now = now
        self._slots = asyncio.Semaphore(service.max_concurrency)
        self._in_flight = self._calls = self._failures = 0
        self._last_error: str | None = None
        self._last_ms: float | None = None

    async def make(self, work: Work, seconds: float, *, veil: Callable[[str], str] | None = None) -> Outcome:
        """Return what became of one attempt, waiting for a slot included.

        Args:
            work: the attempt.
            seconds: how long it may take.
            veil: takes out of an error what the line may not keep in mind.
        """
        began = self._now()
        if refusal := self.circuit.refusal():
            return _not_sent(work.operation, BREAKER_OPEN, refusal)
        try:
            await self._enter(seconds)
        except TimeoutError:
            busy = f"service {self.service.name!r} had no free slot within {seconds:g} s"
            return _not_sent(
                work.operation, "busy", f"{busy} ({self.service.max_concurrency} calls at a time)"
            )
        permit = self.circuit.admit()
        if permit is None:
            self._leave()
            return _not_sent(work.operation, BREAKER_OPEN, self.circuit.refusal() or "its breaker is open")
        outcome = None
        left, began = seconds - (self._now() - began), time.monotonic()
        try:
            outcome = await work.make(left, self._leave)
            if veil is not None and outcome.error is not None:
                outcome = outcome._replace(error=veil(outcome.error))
        finally:
            self.circuit.settle(permit, outcome)
            self._note(outcome, (time.monotonic() - began) * 1000)
        return outcome

    def health(self, operations: int) -> ServiceHealth:
        """Return how the service has been."""
        return ServiceHealth(
            name=self.service.name,
            state=self.circuit.state,
            in_flight=self._in_flight,
            calls=self._calls,
            failures=self._failures,
            last_error=self._last_error,
            last_ms=self._last_ms,
            operations=operations,
        )

    async def _enter(self, seconds: float) -> None:
        """Take a slot; raise TimeoutError when none becomes free in time."""
        if self._slots.locked():
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        else:
            await self._slots.acquire()
        self._in_flight += 1

    def _leave(self) -> None:
        self._in_flight -= 1
        self._slots.release()

    def _note(self, outcome: Outcome | None, ms: float) -> None:
        self._calls += 1
        self._last_ms = ms
        if outcome is not None and failed(outcome):
            self._failures += 1
            self._last_error = outcome.error


def _not_sent(operation: Operation, code: str, why: str) -> Outcome:
    return Outcome(kind="not_sent", code=code, error=f"{operation.name} was not called: {why}")
