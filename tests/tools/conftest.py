"""A real server on loopback that behaves exactly as badly as a test asks."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Behaviour = Callable[["Peer", bytes], Awaitable[None]]

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Peer:
    """One accepted connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def request(self) -> bytes | None:
        """Read one whole request, or None when the caller has left."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            return head + (await self.reader.readexactly(int(length.group(1))) if length else b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes = b"", *headers: str) -> None:
        """Write a well-formed answer."""
        lines = [f"HTTP/1.1 {status} Some", f"Content-Length: {len(body)}", *headers]
        await self.write("\r\n".join([*lines, "", ""]).encode() + body)

    async def json(self, body: bytes, status: int = 200) -> None:
        await self.answer(status, body, "Content-Type: application/json")

    def reset(self) -> None:
        """Drop the connection with RST, so that the caller sees a reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Loopback:
    """A TCP server that reads requests and answers as told; it keeps what it read."""

    def __init__(self, behave: Behaviour, *, raw: bool = False) -> None:
        self._behave, self._raw = behave, raw
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[bytes] = []
        self.busy = self.busiest = self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            peer = Peer(reader, writer)
            await (self._behave(peer, b"") if self._raw else self._serve(peer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, peer: Peer) -> None:
        while (request := await peer.request()) is not None:
            self.requests.append(request)
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
            try:
                await self._behave(peer, request)
            finally:
                self.busy -= 1
            if peer.writer.is_closing():
                return


@pytest.fixture
def loopback() -> type[Loopback]:
    return Loopback


@pytest.fixture(scope="session")
def certified(tmp_path_factory):
    """Return what makes a certificate, with its key, that only its own file vouches for."""

    def made(subject):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
        built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        built = built.serial_number(x509.random_serial_number())
        built = built.add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        built = built.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        built = built.not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = tmp_path_factory.mktemp("tls") / "server.pem"
        path.write_bytes(private + built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    return made
