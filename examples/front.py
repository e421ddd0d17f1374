"""A front on loopback before somebody's service: hands requests on, and breaks what it is told to."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Literal, NamedTuple, Self

Kind = Literal["pass", "busy", "lost_request", "lost_answer"]
"""`busy`: answered 503 and not handed on. `lost_request`: neither handed on nor answered. `lost_answer`:
handed on, and the service's answer never comes back. A caller cannot tell the last two apart."""

JOIN_SECONDS = 5.0
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
    b"Connection: close\r\n\r\nbusy"
)
_AWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Request(NamedTuple):
    """One request as it came in."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes


Matches = Callable[[Request], bool]


class Front:
    """Listens on loopback in a thread of its own, from entering to leaving it."""

    def __init__(self, service: str, *, port: int = 0) -> None:
        self._host, _, text = service.removeprefix("http://").rstrip("/").partition(":")
        self._service_port, self._port = int(text), port
        self._plans: list[tuple[Matches, Iterator[Kind]]] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="front", daemon=True)
        self._failed: OSError | None = None
        self.url = ""
        self.requests: list[tuple[Request, Kind]] = []
        """Every request so far, and what became of it."""

    def plan(self, matches: Matches, kinds: Iterable[Kind]) -> None:
        """Treat the matching requests to come so, one after the other; then hand them on again."""
        self._plans.insert(0, (matches, iter(kinds)))

    def count(self, matches: Matches) -> int:
        """Return how many matching requests came in."""
        return sum(1 for request, _ in list(self.requests) if matches(request))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        except OSError as exc:
            self._failed = exc
            self._ready.set()
            return
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, and close the connection after it."""
        request = await _read(reader)
        kind = self._kind(request)
        self.requests.append((request, kind))
        answer = _BUSY if kind == "busy" else b""
        if kind in {"pass", "lost_answer"}:
            answer = await self._handed_on(request)
        if kind.startswith("lost"):
            await reader.read()  # until the caller gives up
            return
        writer.write(answer)
        await writer.drain()

    def _kind(self, request: Request) -> Kind:
        for matches, kinds in self._plans:
            if matches(request):
                return next(kinds, "pass")
        return "pass"

    async def _handed_on(self, request: Request) -> bytes:
        try:
            reader, writer = await asyncio.open_connection(self._host, self._service_port)
        except OSError:
            return _AWAY
        try:
            writer.write(_written(request))
            return await reader.read()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _version = first.split(" ", 2)
    parted = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in parted}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


def _written(request: Request) -> bytes:
    """Return the request with its connection closed after the answer, so that the answer's end is known."""
    headers = {**request.headers, "connection": "close"}
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body
