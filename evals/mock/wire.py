"""The wire: HTTP/1.1 on a socket, on which an answer may also break as faults do."""

import asyncio
import contextlib
import email.utils
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import h11

from evals.mock.exchange import Request, Told

_CHUNK = 65_536
_LONGEST_BODY = 10_000_000
_OWN = frozenset({"connection", "content-length", "date", "transfer-encoding"})
"""Headers that the server writes itself."""
_BODILESS = frozenset({204, 304})

Answer = Callable[[Request], Told]


@asynccontextmanager
async def serving(listening: socket.socket, answer: Answer) -> AsyncIterator[None]:
    """Answer every request on a socket that listens; what is still under way at the end is broken off."""
    talks: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            talks.add(task)
            task.add_done_callback(talks.discard)
        with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            await _Talk(reader, writer, answer).hold()
        writer.close()

    server = await asyncio.start_server(meet, sock=listening)
    try:
        yield
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await server.wait_closed()


class _Talk:
    """One connection, on which one request may follow another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
        self._reader, self._writer, self._answer = reader, writer, answer
        self._state = h11.Connection(h11.SERVER)

    async def hold(self) -> None:
        """Answer until the connection ends, or an answer breaks it."""
        while (request := await self._read()) is not None:
            told = self._answer(request)
            await asyncio.sleep(told.delay)
            if told.raw is not None:
                await told.raw(request.faulted(), self._writer)
                return
            self._write(request, told)
            await self._writer.drain()
            if self._state.our_state is not h11.DONE or self._state.their_state is not h11.DONE:
                return
            self._state.start_next_cycle()

    async def _read(self) -> Request | None:
        """Return the next request; None once the client has gone."""
        head: h11.Request | None = None
        body = b""
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if isinstance(event, h11.ConnectionClosed):
                return None
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            if len(body) > _LONGEST_BODY:
                return None
        if head is None:
            return None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        return Request(head.method.decode(), head.target.decode("latin-1"), headers, body)

    async def _event(self) -> h11.Event:
        while True:
            event = self._state.next_event()
            if event is h11.PAUSED or isinstance(event, type(h11.PAUSED)):
                return h11.ConnectionClosed()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # all but the two marks are events
            if self._state.they_are_waiting_for_100_continue:
                going = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._state.send(going) or b"")
            self._state.receive_data(await self._reader.read(_CHUNK))

    def _write(self, request: Request, told: Told) -> None:
        has_body = told.status not in _BODILESS
        own = [("Date", email.utils.formatdate(usegmt=True))]
        if has_body:
            own.append(("Content-Length", str(len(told.body))))
        scripted = [(name, value) for name, value in told.headers.items() if name.lower() not in _OWN]
        head = h11.Response(status_code=told.status, headers=[*scripted, *own])
        parts = [self._state.send(head)]
        if has_body and request.method != "HEAD":
            parts.append(self._state.send(h11.Data(told.body)))
        parts.append(self._state.send(h11.EndOfMessage()))
        self._writer.write(b"".join(part for part in parts if part))
