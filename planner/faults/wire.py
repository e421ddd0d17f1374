"""The wire of a fault in memory: what a faulty server sends, as the client's own transport hands it on."""

import asyncio
import http.client
import json
from io import BytesIO
from typing import Any, NoReturn, cast

import httpx2

from planner.faults import faulty
from planner.faults.faulty import Fault
from planner.faults.unreachable import Reach

NEVER_SECONDS = 10.0 * 365 * 86_400
"""Longer than any deadline."""

_STRANGER = "http://stranger.invalid"
_REFUSALS = {
    "refused": "the connection was refused",
    "nameless": "the name is not known",
    "no_tls": "it does not speak TLS",
}


async def respond(fault: Fault, request: httpx2.Request) -> httpx2.Response:
    """Return what the fault sends back to a request.

    What only a deadline ends never comes to its end here, however long the deadline is.

    Raises:
        TransportError: as the client's own transport raises it where the wire breaks.
    """
    if fault.reach != "here":
        await _astray(fault.reach, request)
    memory = _Memory()
    await fault.serve(_asked(request), cast("asyncio.StreamWriter", memory))
    if fault.slow and fault.outcome_class == "timeout":
        await asyncio.sleep(NEVER_SECONDS)
    if memory.is_reset:
        raise httpx2.ReadError("the connection was reset", request=request)
    return _read(bytes(memory.sent), request)


class _Memory:
    """Keeps what is written: what a fault needs of a stream's writer, and of its transport and socket."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.is_reset = False
        self.transport = self

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None:
        """Return at once: nothing is ever full."""

    def close(self) -> None:
        """Do nothing: what was written stays."""

    def abort(self) -> None:
        self.is_reset = True

    def get_extra_info(self, _name: str) -> "_Memory":
        return self

    def setsockopt(self, *_option: Any) -> None:
        """Do nothing: how a socket is closed shows in `abort`."""


def _asked(request: httpx2.Request) -> faulty.Request:
    asked = faulty.Request(json.loads(request.content or b"{}"))
    asked.path = request.url.raw_path.decode()
    asked.key = request.headers.get("authorization", "").removeprefix("Bearer ")
    asked.elsewhere = _STRANGER
    return asked


async def _astray(reach: Reach, request: httpx2.Request) -> NoReturn:
    """Fail as a request does that cannot get through."""
    if reach not in _REFUSALS:
        await asyncio.sleep(NEVER_SECONDS)
    raise httpx2.ConnectError(_REFUSALS.get(reach, "nothing answered"), request=request)


class _Sent:
    """The bytes of a response in the place of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._data)


def _read(data: bytes, request: httpx2.Request) -> httpx2.Response:
    response = http.client.HTTPResponse(_Sent(data), method=request.method)  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ConnectionError) as exc:
        raise httpx2.RemoteProtocolError(f"{type(exc).__name__}: {exc}", request=request) from exc
    return httpx2.Response(response.status, headers=response.getheaders(), stream=httpx2.ByteStream(body))
