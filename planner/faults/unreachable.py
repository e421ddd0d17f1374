"""Unreachable: addresses on this machine at which a request gets no answer, each for its own reason."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, Literal, NamedTuple

import httpx2

Reach = Literal["here", "refused", "nameless", "no_tls", "silent", "pool_full"]
"""Where a request goes: to the endpoint, or to where it cannot get through."""

_HOST = "127.0.0.1"
_LONGER_THAN_A_NAME = ".".join(["x" * 60] * 5) + ".invalid"
"""No resolver looks it up: a name has at most 253 characters."""


class Target(NamedTuple):
    """Where a diverted request is sent."""

    scheme: str
    host: str
    port: int


class Detour(httpx2.AsyncBaseTransport):
    """Sends one request through a pool of its own to somewhere else than it was meant for."""

    def __init__(self, reach: Reach) -> None:
        # A pool without a single connection makes everybody wait.
        limits = httpx2.Limits(max_connections=0 if reach == "pool_full" else 1)
        self._inner = httpx2.AsyncHTTPTransport(verify=False, limits=limits, trust_env=False)
        self._reach = reach

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request to the address at which nothing can be had."""
        async with _target(self._reach) as target, self._inner:
            request.url = request.url.copy_with(**target._asdict())
            return await self._inner.handle_async_request(request)


@asynccontextmanager
async def _target(reach: Reach) -> AsyncIterator[Target]:
    if reach == "nameless":
        yield Target("http", _LONGER_THAN_A_NAME, 80)
    elif reach == "no_tls":
        async with await asyncio.start_server(_speak_plainly, _HOST, 0) as server:
            yield Target("https", _HOST, server.sockets[0].getsockname()[1])
    elif reach == "silent":
        with (
            closing(socket.socket()) as crowded,
            closing(socket.socket()) as one,
            closing(socket.socket()) as two,
        ):
            crowded.bind((_HOST, 0))
            crowded.listen(0)
            for caller in (one, two):
                caller.settimeout(0)
                caller.connect_ex(crowded.getsockname())
            yield Target("http", _HOST, crowded.getsockname()[1])
    else:
        with closing(socket.socket()) as probe:
            # Bound and not listening: the port is ours, so nobody else can answer on it.
            probe.bind((_HOST, 0))
            yield Target("http", _HOST, probe.getsockname()[1])


async def _speak_plainly(_reader: Any, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()
    writer.close()
