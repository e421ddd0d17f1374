"""Sessions: connections to MCP servers, each held open by a task of its own.

The vendor's client must be left by the task that entered it, and calls come and go in many; hence the task.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import mcp_types
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter, ValidationError

from tools.access import Service
from tools.calls import Report
from tools.mcp.errors import Garbled, Refusal, Refused, Unreached
from tools.mcp.transports import Transport
from tools.routes import Reach

OPEN_SECONDS = 30.0
"""How long a server may take until it can be spoken to."""

_US = mcp_types.Implementation(name="workflow-planner", version="1")
_RESULT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_MOST_PAGES = 100
_CLOSED = (mcp_types.CONNECTION_CLOSED, "Connection closed")
"""The vendor's word for the end of the connection; servers use the same code for errors of their own."""


class Session:
    """One connection to a server, opened once and closed when nobody uses it any more."""

    def __init__(self, service: Service, reach: Reach) -> None:
        self._transport = Transport(service, reach)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle = asyncio.Event()
        self._users = 0
        self._client: Client | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(), name=f"mcp {service.name}")

    async def opened(self) -> Self:
        """Return itself once the server can be spoken to; raise Unreached where it cannot."""
        await asyncio.shield(self._opened)
        return self

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing can be sent any more."""
        return self._over.done() or self._transport.ended.done() or self._task.done()

    @property
    def server(self) -> dict[str, Any] | None:
        """What the server says that it is."""
        told = self._client.server_info if self._client is not None else None
        return told.model_dump(mode="json", by_alias=True, exclude_none=True) if told is not None else None

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a tool, as the protocol has it.

        Raises:
            Unreached: the connection ended.
            Refused: the server answered with an error.
            Garbled: the answer is none that the protocol knows.
            Held: the attempt may not be sent any more.
        """
        params = mcp_types.CallToolRequestParams(name=tool, arguments=dict(arguments))
        return await self._ask(mcp_types.CallToolRequest(params=params))

    async def tools(self) -> list[dict[str, Any]]:
        """Return every tool that the server lists, as the protocol has it; raise as `call` does."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            params = mcp_types.PaginatedRequestParams(cursor=cursor) if cursor else None
            page = await self._ask(mcp_types.ListToolsRequest(params=params))
            found += page.get("tools", [])
            cursor = page.get("nextCursor")
            if not cursor:
                return found
        raise Garbled(f"its list of tools has more than {_MOST_PAGES} pages")

    def retire(self) -> None:
        """Close once those that use it have been answered."""
        if not self._over.done():
            self._over.set_result(None)

    async def close(self) -> None:
        """Close, whoever still waits for an answer."""
        self.retire()
        self._idle.set()
        await asyncio.wait({self._task})

    async def _ask(self, request: Any) -> dict[str, Any]:
        if self._client is None or self.has_ended:
            raise Unreached("the connection has ended")
        self._users += 1
        self._idle.clear()
        try:
            with self._translated():
                return await self._client.session.send_request(request, _RESULT)  # type: ignore[type-var] # judged here
        finally:
            self._users -= 1
            if not self._users:
                self._idle.set()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the vendor's errors into ours."""
        try:
            yield
        except ValidationError as exc:
            raise Garbled("; ".join(error["msg"] for error in exc.errors()[:3])) from None
        except MCPError as exc:
            if self._transport.ended.done() or (exc.error.code, exc.error.message) == _CLOSED:
                raise Unreached(self._why(exc)) from None
            raise Refused(Refusal(exc.error.code, exc.error.message)) from None

    async def _hold(self) -> None:
        """Hold the connection open until it is over, in this one task."""
        self._idle.set()
        with Report() as report:
            async with asyncio.timeout(OPEN_SECONDS) as patience:
                async with Client(self._transport, mode="auto", cache=None, client_info=_US) as self._client:
                    patience.reschedule(None)
                    self._opened.set_result(None)
                    await asyncio.wait(
                        {self._over, self._transport.ended}, return_when=asyncio.FIRST_COMPLETED
                    )
                    await self._idle.wait()
        if not self._opened.done():
            self._opened.set_exception(Unreached(self._why(report.error)))
            self._opened.exception()  # whoever waits hears of it; nobody has to

    def _why(self, error: BaseException | None) -> str:
        """Return in words why the connection failed, with what was last heard of the server."""
        heard = self._transport.heard
        return f"{_reason(error)}; {heard}" if heard else _reason(error)


def _reason(error: BaseException | None) -> str:
    """Return the first cause in words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return f"it could not be spoken to within {OPEN_SECONDS:g} s"
    return str(error) or type(error).__name__ if error is not None else "the connection ended"
