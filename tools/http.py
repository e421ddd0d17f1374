"""HTTP: one exchange with a service, and how far it got when it breaks."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from tools import responses
from tools.access import Service
from tools.credentials import NOBODY, Credentials
from tools.operations import Operation
from tools.outcomes import Outcome, OutcomeClass
from tools.requests import Message, Unbuildable, header
from tools.responses import Answer

MAX_BODY_BYTES = 10_000_000
KEEP_ALIVE_SECONDS = 3.0
"""Shorter than what servers keep (often five seconds), so that a call seldom meets a closing connection."""

_CONNECT_SHARE = 0.45
"""Share of an attempt's time for TCP, and again for TLS: httpcore leaks a handshake that others cancel."""

_AGENT = "workflow-planner"
_ACCEPT = "application/json, */*;q=0.5"
_TOLD = ("content-type", "retry-after", "date")


Fence = Callable[[], Awaitable[None]]
"""Returns while a call may be sent, and raises once it may not."""


@dataclass
class Exchange:
    """One request on its way, and how far it has got."""

    operation: Operation
    service: Service
    arguments: Mapping[str, Any]
    seen: Credentials = NOBODY
    fence: Fence | None = None
    """Awaited before the first byte leaves; what it raises keeps the request from being sent."""
    sent: bool = False
    """Whether any byte may have reached the service; true from the start where nobody would tell."""
    stage: str = "waiting"
    """What the connection is doing: `waiting`, `connecting`, `securing` or `talking`."""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    async def make(
        self, client: httpx.AsyncClient, message: Message, *, seconds: float, limit: int
    ) -> Outcome:
        """Return what became of the request within `seconds` in all, taking at most `limit` bytes of body."""
        try:
            async with asyncio.timeout(seconds):
                return await self._send(client, message, seconds, limit)
        except TimeoutError:
            return self._late(seconds)

    async def _send(self, client: httpx.AsyncClient, message: Message, seconds: float, limit: int) -> Outcome:
        try:
            request = self._request(message, seconds)
        except (httpx.InvalidURL, Unbuildable, UnicodeEncodeError) as exc:
            return self._failed("not_sent", "arguments", f"cannot be asked: {exc}")
        if self.sent and self.fence is not None:
            await self.fence()
        try:
            response = await client.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                return self._classify(await self._read(response, limit))
            finally:
                await response.aclose()
        except httpx.DecodingError:
            return self._classify("decoding")
        except (httpx.HTTPError, OSError, UnicodeError) as exc:
            return self._broken(exc)

    def _late(self, seconds: float) -> Outcome:
        """Return what became of the request whose time is up."""
        if self.status is not None:
            return self._classify("timeout")
        if self.sent:
            return self._failed("unknown", "timeout", f"gave no answer within {seconds:.3g} s")
        return self._failed("not_sent", "connect_timeout", f"could not be reached within {seconds:g} s")

    def _request(self, message: Message, seconds: float) -> httpx.Request:
        headers = [("Accept", _ACCEPT), ("User-Agent", _AGENT)]
        for name, value in (*self.service.headers.items(), *message.headers, *self.seen.headers):
            headers = [known for known in headers if known[0].lower() != name.lower()]
            headers.append(header(name, value))
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        base = (self.service.base_url or "").rstrip("/")
        url = httpx.URL(base + message.target)
        extensions = {"trace": self._note, "timeout": {"connect": seconds * _CONNECT_SHARE}}
        return httpx.Request(
            message.method, url, headers=encoded, content=message.body, extensions=extensions
        )

    async def _note(self, event: str, _info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.stage = "connecting"
        elif event == "connection.start_tls.started":
            self.stage = "securing"
        elif event.endswith(".send_request_headers.started"):
            if self.fence is not None:
                await self.fence()
            self.stage, self.sent = "talking", True

    async def _read(self, response: httpx.Response, limit: int) -> str | None:
        """Take the body; return why it is not whole, or None."""
        self.sent, self.status = True, response.status_code
        self.headers = {name: response.headers[name] for name in _TOLD if name in response.headers}
        async for chunk in response.aiter_bytes():
            if len(self.body) + len(chunk) > limit:
                return "too_large"
            self.body += chunk
        return None

    def _classify(self, fault: str | None) -> Outcome:
        if self.status is None:
            return self._failed("unknown", fault or "protocol", "sent an answer that cannot be read")
        answer = Answer(self.status, self.headers, bytes(self.body), fault)
        return responses.classify(self.operation, self.service, answer, self.arguments, seen=self.seen)

    def _broken(self, exc: Exception) -> Outcome:
        if self.status is not None:
            return self._classify("timeout" if isinstance(exc, httpx.TimeoutException) else "truncated")
        if isinstance(exc, (httpx.PoolTimeout, httpx.ConnectTimeout)):
            code = "busy" if isinstance(exc, httpx.PoolTimeout) else "connect_timeout"
            return self._failed("not_sent", code, "could not be reached in time")
        if not self.sent or isinstance(exc, (httpx.ConnectError, httpx.UnsupportedProtocol)):
            code, why = self._unreached(exc)
            return self._failed("not_sent", code, f"could not be reached: {why}")
        if isinstance(exc, httpx.TimeoutException):
            return self._failed("unknown", "timeout", "gave no answer in time")
        if isinstance(exc, (httpx.RemoteProtocolError, httpx.LocalProtocolError)):
            return self._protocol(exc)
        return self._failed("unknown", "reset", "closed the connection before it answered")

    def _protocol(self, exc: Exception) -> Outcome:
        if "disconnected" in str(exc):
            return self._failed("unknown", "reset", "closed the connection before it answered")
        return self._failed("unknown", "protocol", f"sent no HTTP that can be read: {exc}")

    def _unreached(self, exc: BaseException) -> tuple[str, str]:
        causes = list(_causes(exc))
        if any(isinstance(cause, (socket.gaierror, UnicodeError)) for cause in causes):
            return "dns", f"the host of {_origin(self.service)} is not known"
        if self.stage == "securing" or any(isinstance(cause, ssl.SSLError) for cause in causes):
            return "tls", f"no trusted connection to {_origin(self.service)}: {exc}"
        return "connect", f"nothing answers at {_origin(self.service)}"

    def _failed(self, kind: OutcomeClass, code: str, why: str) -> Outcome:
        error = responses.escaped(self.seen.veil_text(f"{self.operation.name} {why}"))
        return Outcome(kind=kind, code=code, error=error)


def open_client(service: Service, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the service's pool of connections: no redirects, no cookies kept, nothing of the environment."""
    limits = httpx.Limits(max_connections=None, keepalive_expiry=KEEP_ALIVE_SECONDS)
    jar = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        # A transport that is given speaks no TLS of ours, and a context takes a while to make.
        verify=trust(service) if transport is None else True,
        limits=limits,
        cookies=jar,
        timeout=None,  # noqa: S113 - every exchange stands under one total deadline
        trust_env=False,
        transport=transport,
    )


def trust(service: Service) -> ssl.SSLContext:
    """Return whom to trust; reading the authorities takes long, so only where TLS is spoken."""
    if not (service.base_url or "").lower().startswith("https"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(service.verify, str):
        return _authorities(service.name, service.verify)
    return httpx.create_ssl_context(verify=service.verify, trust_env=False)


def _authorities(name: str, path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as exc:
        raise Unbuildable(f"service {name!r} names authorities that cannot be read: {exc}") from None


def _origin(service: Service) -> str:
    url = httpx.URL(service.base_url or "")
    return f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}"


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
