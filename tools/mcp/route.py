"""The route to an MCP server: calls of its tools, over one session that is opened when first needed."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from importlib import util
from typing import Any, Protocol, Self

from tools import requests
from tools.access import Service
from tools.credentials import credentials
from tools.http import Fence
from tools.mcp import answers, attempts
from tools.mcp.answers import Call
from tools.mcp.attempts import Attempt
from tools.mcp.errors import Garbled, Held, Refused, Unreached
from tools.operations import McpBinding, Operation
from tools.outcomes import Outcome
from tools.requests import Unbuildable
from tools.routes import Home, Reach

_SESSIONS = Home("tools.mcp.session", "Session", extra="mcp")
"""Imported in a thread when first needed, since the vendor's package takes seconds."""


class Session(Protocol):
    """A connection to a server, as `tools/mcp/session.py` makes it."""

    has_ended: bool

    async def opened(self) -> Self:
        """Return itself once the server can be spoken to; raise Unreached where it cannot."""
        ...

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a tool; raise an McpError where there is none."""
        ...

    def retire(self) -> None:
        """Close once those that use it have been answered."""

    async def close(self) -> None:
        """Close, whoever still waits for an answer."""


class McpRoute:
    """The way to one MCP server."""

    def __init__(self, service: Service, reach: Reach) -> None:
        if util.find_spec("mcp") is None:
            _SESSIONS.load()  # tells what is missing
        self._service, self._reach = service, reach
        self._session: Session | None = None
        self._retired: list[Session] = []

    def prepare(
        self, operation: Operation, arguments: Mapping[str, Any], *, key: str | None, fence: Fence | None
    ) -> "McpWork":
        """Return one call of a tool, checked and ready."""
        binding = operation.binding
        if not isinstance(binding, McpBinding):
            raise TypeError(f"{operation.name} is no tool of an MCP server")
        if self._service.process is None and self._service.base_url is None:
            raise Unbuildable(f"service {self._service.name!r} has neither a command nor a `base_url`")
        requests.check(operation, arguments)
        sent = dict(arguments) if key is None else {**arguments, operation.key_header: key}
        seen = credentials(self._service, self._reach.secret)
        call = Call(operation, self._service, arguments, seen, self._reach.most_bytes)
        return McpWork(self, call, binding.tool, sent=sent, attempt=Attempt(fence))

    async def session(self) -> Session:
        """Return a session that can be spoken to; raise Unreached where there is none to be had."""
        session = await asyncio.to_thread(_SESSIONS.load)
        if self._session is None or self._session.has_ended:
            self._session = session(self._service, self._reach)
        return await self._session.opened()

    def renew(self, session: Session) -> None:
        """Let calls from now on have another session; those under way keep this one."""
        session.retire()
        self._retired = [*(each for each in self._retired if not each.has_ended), session]

    async def close(self) -> None:
        """Close what is open."""
        sessions = [*self._retired, *([self._session] if self._session is not None else [])]
        self._session, self._retired = None, []
        for session in sessions:
            await session.close()


class _Again(Exception):
    """The server has not begun the call, and a new session may help."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.error)


class McpWork:
    """A call of a tool that is ready to be made."""

    def __init__(
        self, route: McpRoute, call: Call, tool: str, *, sent: Mapping[str, Any], attempt: Attempt
    ) -> None:
        self.operation = call.operation
        self._route, self._call, self._tool = route, call, tool
        self._sent, self._attempt = sent, attempt

    async def make(self, seconds: float, leave: Callable[[], None]) -> Outcome:
        """Return what became of the call; one that outlives its time keeps its slot until it has ended."""
        asked = asyncio.create_task(self._ask())
        try:
            await asyncio.wait({asked}, timeout=seconds)
            return asked.result() if asked.done() else answers.late(self._call, self._attempt, seconds)
        finally:
            self._attempt.is_over = True
            if asked.done():
                leave()
            else:
                asked.add_done_callback(partial(_forgotten, leave))
                asked.cancel()

    async def _ask(self) -> Outcome:
        attempts.current.set(self._attempt)
        try:
            return await self._once()
        except _Again:
            self._attempt.again()
        try:
            return await self._once()
        except _Again as exc:
            return exc.outcome

    async def _once(self) -> Outcome:
        """Return what became of one try; raise _Again where another session may do better."""
        try:
            session = await self._route.session()
        except Unreached as exc:
            return answers.ended(self._call, self._attempt, str(exc))
        try:
            return answers.answered(self._call, await session.call(self._tool, self._sent))
        except Garbled as exc:
            return answers.garbled(self._call, str(exc))
        except Unreached as exc:
            outcome = answers.ended(self._call, self._attempt, str(exc))
            if not self._attempt.sent:
                raise _Again(outcome) from exc
            return outcome
        except (Refused, Held) as exc:
            return self._refused(exc, session)

    def _refused(self, exc: Refused | Held, session: Session) -> Outcome:
        if self._attempt.refusal is not None:
            raise self._attempt.refusal
        if isinstance(exc, Held):
            return answers.late(self._call, self._attempt, 0.0)
        outcome = answers.refused(self._call, exc.refusal, self._attempt)
        if answers.is_stale(exc.refusal, self._attempt):
            self._route.renew(session)
            raise _Again(outcome)
        return outcome


def _forgotten(leave: Callable[[], None], asked: asyncio.Task[Outcome]) -> None:
    """End a call that nobody waits for any more, whatever came of it."""
    leave()
    if not asked.cancelled():
        asked.exception()
