"""An endpoint at its worst: what a model's server does wrong, as named faults on a real loopback socket."""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple

from planner.decisions import OutcomeClass

Section = Literal["transport", "status", "body", "finish", "payload"]
Serve = Callable[[dict[str, Any], asyncio.StreamWriter], Awaitable[None]]
LONG_REASON = 2_000_000
DEEP = 100_000


class Fault(NamedTuple):
    """One thing that an endpoint does wrong, and what must come of it."""

    name: str
    section: Section
    outcome_class: OutcomeClass
    serve: Serve
    recovers: bool = False
    """Whether asking again is right, so that a second, good answer counts."""
    anomaly: str | None = None
    """What the answer must note, where it is usable."""
    slow: bool = False
    """Whether only the deadline ends it."""


@asynccontextmanager
async def endpoint(faults: Sequence[Fault | None], *, forever: bool = False) -> AsyncIterator["Endpoint"]:
    """Serve the faults one request after the other, then good answers, or the last fault for ever."""
    served = Endpoint(faults, forever=forever)
    server = await asyncio.start_server(served.handle, "127.0.0.1", 0)
    served.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield served
    finally:
        server.close()
        served.stop()
        await server.wait_closed()


class Endpoint:
    """What was asked of a faulty server so far."""

    def __init__(self, faults: Sequence[Fault | None], *, forever: bool) -> None:
        self._faults, self._forever = faults, forever
        self._tasks: set[asyncio.Task[Any]] = set()
        self.base_url = ""
        self.requests: list[dict[str, Any]] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
        try:
            request = await _read(reader)
            place = len(self.requests)
            self.requests.append(request)
            await self._serve_at(place)(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    def stop(self) -> None:
        """End what still hangs."""
        for task in self._tasks:
            task.cancel()

    def _serve_at(self, place: int) -> Serve:
        if place >= len(self._faults) and not self._forever:
            return good
        fault = self._faults[min(place, len(self._faults) - 1)]
        return fault.serve if fault else good


async def good(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Answer as a well-behaved server does: the first offered option."""
    await _send(writer, completion(request, payload(request)))


def offered(request: dict[str, Any]) -> list[str]:
    """Return the option ids that a request offers."""
    schema = request["response_format"]["json_schema"]["schema"] if "response_format" in request else {}
    return list(schema.get("properties", {}).get("choice", {}).get("enum", ["?"]))


def payload(request: dict[str, Any], **changes: Any) -> str:
    """Return a payload that keeps the contract, but for the changes."""
    fields = {"reason": "because", "choice": offered(request)[0], "confidence": 0.8, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def completion(request: dict[str, Any], content: Any, **changes: Any) -> bytes:
    """Return a whole response that bears a chat completion; `...` takes a part of it away."""
    message = changes.pop("message", {"role": "assistant", "content": content})
    choice = {"index": 0, "message": message, "finish_reason": changes.pop("finish_reason", "stop")}
    top = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": request.get("model"),
        "choices": [{name: value for name, value in choice.items() if value is not ...}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        **changes,
    }
    return http(200, json.dumps({name: value for name, value in top.items() if value is not ...}))


def http(status: int, body: str | bytes = b"", **headers: str) -> bytes:
    """Return a whole HTTP response; underscores in header names stand for hyphens."""
    content = body.encode() if isinstance(body, str) else body
    told = {"content_type": "application/json", "content_length": str(len(content)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items() if value)
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content


def error(status: int, code: str | None = None, message: str = "no", **headers: str) -> bytes:
    """Return an error as OpenAI-compatible servers write it."""
    body = {"error": {"message": message, "type": "error", "code": code, "param": None}}
    return http(status, json.dumps(body), **headers)


def answering(make: Callable[[dict[str, Any]], bytes]) -> Serve:
    """Return what serves one whole response."""

    async def serve(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await _send(writer, make(request))

    return serve


def saying(make: Callable[[dict[str, Any]], Any]) -> Serve:
    """Return what serves a completion with this content."""
    return answering(lambda request: completion(request, make(request)))


def fixed(response: bytes) -> Serve:
    """Return what serves the same response to everything."""
    return answering(lambda _: response)


async def hang(_request: dict[str, Any], _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3600)


async def drip(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Send a good answer, one byte at a time."""
    for byte in completion(request, payload(request)):
        await _send(writer, bytes([byte]))
        await asyncio.sleep(0.05)


async def reset(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Reset the connection before a word is said."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def close(_request: dict[str, Any], _writer: asyncio.StreamWriter) -> None:
    """Close the connection before a word is said."""


async def cut_body(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of the body."""
    await _send(writer, completion(request, payload(request))[:-20])


async def cut_chunks(_request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of a chunk."""
    await _send(writer, http(200, b"", content_length="", transfer_encoding="chunked") + b"ff\r\n{")


def squeezed(body: bytes) -> bytes:
    """Return a response whose body is compressed."""
    return http(200, gzip.compress(body), content_encoding="gzip")


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(
        (line.split(":")[1] for line in head.splitlines() if line.startswith("content-length")), "0"
    )
    body = await reader.readexactly(int(length))
    return dict(json.loads(body or b"{}"))
