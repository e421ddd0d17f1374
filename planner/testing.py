"""Doubles: real objects that stand in for a model, a clock and a database in tests, evals and demos."""

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2

from planner import scripts
from planner.clock import Clock
from planner.scripts import Script, Sent
from planner.store import migrate
from planner.store.database import Database, open_database

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_ASKED, _EMBEDDED, _MODELS = ("/chat/completions", "/decisions"), "/embeddings", "/models"


class FrozenClock:
    """A clock that stands still until someone sleeps."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self.slept: list[float] = []
        """Every pause so far, in seconds."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        """Let the time pass."""
        self._now += by


class ScriptedModel:
    """An OpenAI-compatible endpoint that answers from a script, plainly labelled as scripted."""

    def __init__(
        self,
        points: Mapping[str, Any] | Script,
        *,
        loop: bool = False,
        synonyms: Mapping[str, str] | None = None,
    ) -> None:
        """Take the answers by decision point, and words that mean the same to its embeddings."""
        self.script = points if isinstance(points, Script) else Script(points, loop=loop)
        self._synonyms = synonyms or {}

    def transport(self) -> httpx2.MockTransport:
        """Return a transport that reaches the endpoint without a socket."""
        return httpx2.MockTransport(self.answer)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response to one request."""
        sent = self.respond(request.method, request.url.path, request.content)
        await asyncio.sleep(sent.delay)
        return httpx2.Response(sent.status, headers=sent.headers, content=sent.body)

    def respond(self, method: str, path: str, body: bytes) -> Sent:
        """Return what the endpoint sends back."""
        if method == "POST" and path.endswith(_ASKED):
            return self.script.take(body)
        if method == "POST" and path.endswith(_EMBEDDED):
            return self.script.embed(body, self._synonyms)
        if method == "GET" and path.endswith(_MODELS):
            return scripts.models()
        return Sent(status=404, headers={"content-type": "text/plain"}, body=b"not here")

    @contextmanager
    def serving(self, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
        """Serve on a loopback port, a free one when 0, and yield the base URL for a client."""
        server = _Server((host, port), _handler(self))
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), name="scripted-model", daemon=True
        )
        thread.start()
        try:
            yield f"http://{host}:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextmanager
def temporary_database(*, clock: Clock | None = None) -> Iterator[Database]:
    """Yield a database of the newest form, in a file that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="planner-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'planner.db'}", clock=clock)
        try:
            migrate.upgrade(database)
            yield database
        finally:
            database.close()


def free_port() -> int:
    """Return a loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent when a client went away before its answer came."""


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]  # the library leaves ClassVar out
        # Head and body leave in one piece: two small writes would wait for the peer's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send(model.respond("GET", self.path, b""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            self._send(model.respond("POST", self.path, body))

        def _send(self, sent: Sent) -> None:
            time.sleep(sent.delay)
            self.send_response(sent.status)
            for name, value in {**sent.headers, "content-length": str(len(sent.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Write no log."""

    return Handler
