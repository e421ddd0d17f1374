"""Transports: the ways to an MCP server, be it a program or an address, that tell calls when they leave."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from tools.access import Process, Service
from tools.credentials import credentials, environment
from tools.mcp import attempts, wire
from tools.mcp.wire import Wire
from tools.responses import escaped
from tools.routes import Reach

_LAST_WORDS = 400
_PIECE = 4096

Streams = tuple[Any, Any]
"""What the vendor reads from and writes to: streams of messages."""


class Transport:
    """One connection for the vendor's client, which enters and leaves it."""

    def __init__(self, service: Service, reach: Reach) -> None:
        self._service, self._reach = service, reach
        self._stack = AsyncExitStack()
        self._words = _Words()
        self._wire: Wire | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once nothing more will come from the server."""

    async def __aenter__(self) -> Streams:
        reading, writing = await self._stack.enter_async_context(self._opened())
        return _Reading(reading, self.ended), writing

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, exc, trace)

    @property
    def heard(self) -> str:
        """What was last heard of the server besides its messages, in words that show no secret."""
        said = self._words.text
        if said:
            seen = credentials(self._service, self._reach.secret)
            return f"it wrote: {escaped(seen.veil_text(said))}"
        status = self._wire.status if self._wire is not None else None
        return f"it answered {status}" if status is not None and status >= wire.FAILURE else ""

    def _opened(self) -> AbstractAsyncContextManager[Streams]:
        process = self._service.process
        if process is not None:
            return _started(process, environment(self._service, self._reach.secret), self._words)
        self._wire = Wire(self._service, self._reach.secret, most_bytes=self._reach.most_bytes)
        return _reached(self._service.base_url or "", self._wire, self._reach.most_bytes)


@asynccontextmanager
async def _started(process: Process, env: dict[str, str], words: "_Words") -> AsyncIterator[Streams]:
    """Start a program, and yield what is said to it and by it; what it complains of goes to `words`."""
    told = StdioServerParameters(
        command=process.command[0], args=list(process.command[1:]), env=env, cwd=process.folder
    )
    reading, writing = os.pipe()
    pipe = os.fdopen(reading, "rb", 0)
    hearing, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: words, pipe)
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as complaints:
            async with stdio_client(told, errlog=complaints) as (messages, orders):
                yield messages, _Gate(orders)
    finally:
        hearing.close()


@asynccontextmanager
async def _reached(address: str, carrier: Wire, most_bytes: int) -> AsyncIterator[Streams]:
    """Yield what is said to an address and by it."""
    async with wire.client(carrier) as client:
        way = streamable_http_client(address, http_client=client, max_sse_event_size=most_bytes)
        async with way as streams:
            yield streams


class _Words(asyncio.Protocol):
    """The last words of a program on its standard error."""

    def __init__(self) -> None:
        self._bytes = b""

    def data_received(self, data: bytes) -> None:
        """Keep the end."""
        self._bytes = (self._bytes + data)[-_PIECE:]

    @property
    def text(self) -> str:
        """The last of them."""
        return self._bytes.decode("utf-8", "replace").strip()[-_LAST_WORDS:]


class _Gate:
    """A stream to a program that lets a call through once it may leave."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def send(self, item: SessionMessage) -> None:
        """Hand on a message; raise Held for a call that may not be sent."""
        attempt = attempts.current.get()
        if attempt is not None and getattr(item.message, "method", None) == "tools/call":
            await attempt.leave()
        await self._inner.send(item)

    async def aclose(self) -> None:
        """Close the stream."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Reading:
    """A stream from a server that tells when it has ended."""

    def __init__(self, inner: Any, ended: asyncio.Future[None]) -> None:
        self._inner, self._ended = inner, ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._inner.__anext__()
        except StopAsyncIteration:
            if not self._ended.done():
                self._ended.set_result(None)
            raise

    async def receive(self) -> Any:
        """Return the next message."""
        return await self._inner.receive()

    async def aclose(self) -> None:
        """Close the stream."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()
