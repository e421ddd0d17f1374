"""Services: a caller whose services answer from a case; all but the wire is what production uses."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from evals.answers import ServiceAnswer
from evals.clock import VirtualClock
from evals.errors import AnswerImpossible, EvalError, LimitReached
from evals.replies import CONNECT, HANG, RESET, Response, reply
from evals.scripts import Script
from tools import failures
from tools.access import Breaker
from tools.catalog import Catalog
from tools.http import Fence
from tools.lines import BREAKER_OPEN
from tools.operations import FunctionBinding, HttpBinding, Operation
from tools.outcomes import Outcome, OutcomeClass
from tools.records import Record
from tools.services import Services
from tools.wording import show

NEVER_SECONDS = 10.0 * 365 * 86_400
"""Longer than any timeout."""

_ADDRESS = "http://service.invalid"
"""What requests are addressed to; none is ever sent."""

_OK_CLASSES = range(200, 300)
_NEVER_OPENS = 1_000_000
"""Failures in a row that no case comes to."""


class Call(Record):
    """One call that the run made."""

    seq: int
    """Counted from 1 over the whole run."""
    operation: str
    arguments: Any
    key: str | None = None
    """Idempotency key, where one was sent."""
    at: datetime
    """When it was made, in virtual time."""
    outcome: OutcomeClass
    status: int | None = None
    code: str | None = None
    error: str | None = None
    sent: bool = False
    """Whether it left; a breaker or arguments that do not fit hold a call back."""
    applied: bool = False
    """Whether the service did the work, whatever the caller heard of it."""


@dataclass
class _Exchange:
    """One call on its way: the answer is taken when the wire is reached, and not before."""

    script: Script[ServiceAnswer]
    operation: Operation
    arguments: Mapping[str, Any]
    answer: ServiceAnswer | None = None
    error: EvalError | None = None

    async def respond(self) -> Response:
        """Return what comes back; what is raised is kept, since a function's errors are swallowed."""
        try:
            self.answer = self.script.take(self.operation.name, dict(self.arguments))
        except EvalError as exc:
            self.error = exc
            raise
        await asyncio.sleep(self.answer.delay.total_seconds())
        response = reply(self.operation, self.answer)
        if response.broken == HANG:
            await asyncio.sleep(NEVER_SECONDS)
        return response


_current: ContextVar[_Exchange] = ContextVar("_current")


class ScriptedServices:
    """Calls operations for the engine; arguments, wire, breaker and classification are the real ones."""

    def __init__(
        self,
        catalog: Catalog,
        script: Script[ServiceAnswer],
        *,
        clock: VirtualClock,
        most_calls: int,
        has_breakers: bool = True,
    ) -> None:
        """Take in the answers; without breakers a service is left in peace only where an answer says so."""
        self._script, self._clock, self._most = script, clock, most_calls
        self._pretended = _pretended(catalog, has_breakers=has_breakers)
        self._stack = AsyncExitStack()
        self._services = Services(
            self._pretended, secret=lambda _name: None, transport=_Wire(), now=clock.seconds
        )
        self._left: dict[str, str] = {}
        """Services that the latest answer left in peace, with its word."""
        self.calls: list[Call] = []
        """What was called so far, in order."""

    async def __aenter__(self) -> Self:
        """Open the pretended connections."""
        await self._stack.enter_async_context(self._services)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._stack.aclose()

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return what becomes of one attempt, as the case has it.

        Raises:
            ScriptUnmatched: the case has no answer to it.
            AnswerImpossible: the real service could not answer so.
            LimitReached: there were too many calls.
        """
        if len(self.calls) >= self._most:
            raise LimitReached("service_calls", self._most, "service calls")
        place = len(self.calls)
        told = {"seq": place + 1, "operation": operation.name, "arguments": dict(arguments), "key": key}
        self.calls.append(Call(**told, at=self._clock.now(), outcome="unknown"))
        exchange = _Exchange(self._script, operation, arguments)
        outcome = await self._send(exchange, key=key, timeout=timeout, fence=fence)
        found = {
            "status": outcome.status,
            "code": outcome.code,
            "error": outcome.error,
            "outcome": outcome.kind,
        }
        found |= {"sent": exchange.answer is not None, "applied": _applied(exchange, outcome)}
        self.calls[place] = self.calls[place].model_copy(update=found)
        like = [call for call in self.calls[:place] if _alike(call, self.calls[place])]
        self._clock.fix(f"{operation.name}|{arguments!r}|{len(like)}")
        return outcome

    def unavailable(self, service: str) -> str | None:
        """Return a sentence when the service's breaker is open."""
        return self._left.get(service) or self._services.unavailable(service)

    async def _send(self, exchange: _Exchange, **how: Any) -> Outcome:
        operation = self._pretended.operations[exchange.operation.name]
        before = _current.set(exchange)
        try:
            outcome = await self._services.call(operation, exchange.arguments, **how)
        finally:
            _current.reset(before)
        if exchange.error is not None:
            raise exchange.error
        answer = exchange.answer
        if answer is None:
            return outcome
        self._left.pop(exchange.operation.service, None)
        if answer.outcome is not None:
            if answer.outcome.code == BREAKER_OPEN:
                self._left[exchange.operation.service] = answer.outcome.error or BREAKER_OPEN
            return answer.outcome
        check_possible(exchange.operation, answer, outcome)
        return outcome


class _Wire(httpx.AsyncBaseTransport):
    """Answers each request with what the case has for the call that it belongs to."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await _current.get().respond()
        if response.broken == RESET:
            raise httpx.ReadError("the connection was reset, as scripted", request=request)
        if response.broken == CONNECT:
            raise httpx.ConnectError("the connection was refused, as scripted", request=request)
        return httpx.Response(response.status, headers=response.headers, content=response.body)


async def answered(*, idempotency_key: str | None = None, **arguments: Any) -> Any:  # noqa: ARG001 - the port
    """Stand in for every operation that is not called over HTTP.

    Raises:
        Failure: the case has the call fail.
    """
    response = await _current.get().respond()
    said = f"HTTP {response.status}, as scripted"
    if response.broken == CONNECT:
        raise failures.NotSent("could not be begun, as scripted", code="connect")
    if response.broken == RESET:
        raise failures.InDoubt("broke off, as scripted", code="reset")
    if response.status in _OK_CLASSES:
        return response.value
    raise _refusal(response.status)(said, code=f"http_{response.status}", status=response.status)


def _refusal(status: int) -> type[failures.Failure]:
    if status in {429, 503}:
        return failures.NotSent
    return failures.InDoubt if status >= 500 or status == 408 else failures.Rejected  # noqa: PLR2004 - HTTP's classes


def check_possible(operation: Operation, answer: ServiceAnswer, outcome: Outcome) -> None:
    """Raise AnswerImpossible where the answer is right or wrong against the case's word."""
    is_meant = answer.fault in {"wrong_body", "html"} or not answer.check
    if outcome.kind == "applied_bad" and not is_meant:
        raise AnswerImpossible(
            f"{operation.name} could not answer {show(_said(answer))}: {outcome.error}; "
            "write `check: false` beside it if that is meant"
        )
    if outcome.kind == "applied" and is_meant:
        raise AnswerImpossible(
            f"the answer of {operation.name} is meant to be wrong, but {show(_said(answer))} is right"
        )


def _alike(one: Call, other: Call) -> bool:
    return (one.operation, one.arguments) == (other.operation, other.arguments)


def _said(answer: ServiceAnswer) -> Any:
    return answer.return_ if "return_" in answer.model_fields_set else answer.body


def _applied(exchange: _Exchange, outcome: Outcome) -> bool:
    if exchange.answer is None or exchange.operation.effect == "read":
        return False
    if exchange.answer.applied is not None:
        return exchange.answer.applied
    is_late = outcome.kind == "unknown" and "return_" in exchange.answer.model_fields_set
    return is_late or outcome.kind in {"applied", "applied_bad"}


def _pretended(catalog: Catalog, *, has_breakers: bool) -> Catalog:
    """Return the catalogue without addresses and credentials; what is not called over HTTP is ours."""
    binding = FunctionBinding(target=f"{__name__}:{answered.__name__}")
    operations = {
        name: operation.model_copy(update={"binding": binding})
        if not isinstance(operation.binding, HttpBinding)
        else operation
        for name, operation in catalog.operations.items()
    }
    changed: dict[str, Any] = {"base_url": _ADDRESS, "auth": None, "process": None}
    if not has_breakers:
        changed["breaker"] = Breaker(failures=_NEVER_OPENS)
    services = {name: service.model_copy(update=changed) for name, service in catalog.services.items()}
    return Catalog(operations, services)
