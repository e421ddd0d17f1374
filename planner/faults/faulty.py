"""An endpoint at its worst: what a model's server does wrong, as named faults on a real loopback socket."""

import asyncio
import gzip
import json
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, NamedTuple

import httpx2

from planner.decisions import OutcomeClass
from planner.faults.unreachable import Detour, Reach

Section = Literal["transport", "status", "body", "finish", "payload", "decisions"]
Asked = Literal["chat", "decisions", "auto"]
LONG_REASON = 2_000_000
DEEP = 100_000
_OPTION = re.compile(r"\\n- (\w+): ")
"""How the prompt shows an option, as it stands in JSON."""


class Request(dict[str, Any]):
    """The body of a request, and what else it told."""

    path: str = ""
    key: str = ""
    """The key that it bore."""
    elsewhere: str = ""
    """Address of a stranger's server, to be led astray to."""


Serve = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


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
    reach: Reach = "here"
    """Where the request goes in place of the endpoint."""
    backend: Asked = "chat"
    """Which backend must be configured for it."""
    requests: int = 0
    """How many are sent where it stays, if that is not for its class to tell."""


@asynccontextmanager
async def endpoint(faults: Sequence[Fault | None], *, forever: bool = False) -> AsyncIterator["Endpoint"]:
    """Serve the faults one request after the other, then good answers, or the last fault for ever."""
    served = Endpoint(faults, forever=forever)
    async with AsyncExitStack() as stack:
        served.base_url = await stack.enter_async_context(_listening(served.handle)) + "/v1"
        served.elsewhere = await stack.enter_async_context(_listening(served.meet))
        stack.callback(served.stop)
        yield served


@asynccontextmanager
async def _listening(handle: Callable[..., Awaitable[None]]) -> AsyncIterator[str]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


class Endpoint:
    """What was asked of a faulty server so far."""

    def __init__(self, faults: Sequence[Fault | None], *, forever: bool) -> None:
        self._faults, self._forever = faults, forever
        self._tasks: set[asyncio.Task[Any]] = set()
        self.base_url = self.elsewhere = ""
        self.requests: list[Request] = []
        """Every request so far, those that were led to where nothing answers too."""
        self.strangers = 0
        """Connections that were made to the stranger's server."""

    def transport(self, inner: httpx2.AsyncBaseTransport) -> httpx2.AsyncBaseTransport:
        """Return a transport whose requests go where the faults say, and else through `inner`."""
        return _Way(self, inner)

    async def meet(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take note of somebody who was led astray."""
        self.strangers += 1
        writer.close()

    def next_fault(self) -> Fault | None:
        """Return what is wrong with the next request."""
        place = len(self.requests)
        if not self._faults or (place >= len(self._faults) and not self._forever):
            return None
        return self._faults[min(place, len(self._faults) - 1)]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
        try:
            request = await _read(reader)
            request.elsewhere = self.elsewhere
            fault = self.next_fault()
            self.requests.append(request)
            await (fault.serve if fault else good)(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    def stop(self) -> None:
        """End what still hangs."""
        for task in self._tasks:
            task.cancel()


class _Way(httpx2.AsyncBaseTransport):
    """The way to the endpoint, from which some requests are diverted."""

    def __init__(self, served: Endpoint, inner: httpx2.AsyncBaseTransport) -> None:
        self._served, self._inner = served, inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        fault = self._served.next_fault()
        if fault is None or fault.reach == "here":
            return await self._inner.handle_async_request(request)
        self._served.requests.append(Request())
        return await Detour(fault.reach).handle_async_request(request)


async def good(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer as a well-behaved server does: the first offered option."""
    await _send(writer, decision(request) if "questions" in request else chat(request))


def chat(request: Request) -> bytes:
    """Return a good chat completion."""
    return completion(request, payload(request))


def offered(request: Mapping[str, Any]) -> list[str]:
    """Return the option ids that a request offers."""
    if "questions" in request:
        return [choice["value"] for choice in request["questions"][0]["choices"]]
    schema = request.get("response_format", {}).get("json_schema", {}).get("schema", {})
    told = schema.get("properties", {}).get("choice", {}).get("enum")
    return list(told or _OPTION.findall(json.dumps(request.get("messages"))) or ["?"])


def verdict(request: Request, **changes: Any) -> dict[str, Any]:
    """Return the answer of a decisions endpoint: the first option at nine in ten; `...` takes a part away."""
    ids = offered(request)
    rest = 0.1 / max(1, len(ids) - 1)
    answer: dict[str, Any] = {
        "type": "choice",
        "name": "choice",
        "choice": ids[0],
        "confidence": 0.9,
        "probabilities": [{"value": each, "probability": rest if n else 0.9} for n, each in enumerate(ids)],
        **changes,
    }
    return {name: value for name, value in answer.items() if value is not ...}


def decision(request: Request, **changes: Any) -> bytes:
    """Return a whole response of a decisions endpoint; `...` takes a part of it away."""
    parts: dict[str, Any] = {name: changes.pop(name) for name in ("answers", "usage") if name in changes}
    top: dict[str, Any] = {
        "answers": [verdict(request, **changes)],
        "model": request.get("model"),
        "usage": {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11},
        **parts,
    }
    return http(200, json.dumps({name: value for name, value in top.items() if value is not ...}))


def payload(request: dict[str, Any], **changes: Any) -> str:
    """Return a payload that keeps the contract, but for the changes."""
    fields: dict[str, Any] = {
        "reason": "because",
        "choice": offered(request)[0],
        "confidence": 0.8,
        **changes,
    }
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


def answering(make: Callable[[Request], bytes]) -> Serve:
    """Return what serves one whole response."""

    async def serve(request: Request, writer: asyncio.StreamWriter) -> None:
        await _send(writer, make(request))

    return serve


def saying(make: Callable[[Request], Any]) -> Serve:
    """Return what serves a completion with this content."""
    return answering(lambda request: completion(request, make(request)))


def fixed(response: bytes) -> Serve:
    """Return what serves the same response to everything."""
    return answering(lambda _: response)


def after(seconds: float, serve: Serve) -> Serve:
    """Return what does the same a while later."""

    async def later(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await serve(request, writer)

    return later


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3600)


async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
    """Send a good answer, one byte at a time."""
    for byte in completion(request, payload(request)):
        await _send(writer, bytes([byte]))
        await asyncio.sleep(0.05)


async def reset(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Reset the connection before a word is said."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def close(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Close the connection before a word is said."""


async def cut_body(request: Request, writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of the body."""
    await _send(writer, completion(request, payload(request))[:-20])


async def cut_chunks(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of a chunk."""
    await _send(writer, http(200, b"", content_length="", transfer_encoding="chunked") + b"ff\r\n{")


def squeezed(body: bytes) -> bytes:
    """Return a response whose body is compressed."""
    return http(200, gzip.compress(body), content_encoding="gzip")


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    request = Request(json.loads(body or b"{}"))
    request.path = first.split(" ")[1]
    request.key = headers.get("authorization", "").removeprefix("Bearer ")
    return request
