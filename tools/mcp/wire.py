"""The wire to an MCP server over streamable HTTP: who calls, and how far each call got."""

from collections.abc import AsyncIterator, Callable

import httpx2
import orjson

from tools import http, responses
from tools.access import Service
from tools.credentials import credentials
from tools.mcp import attempts
from tools.mcp.attempts import Attempt
from tools.mcp.errors import Held
from tools.requests import header

CONNECT_SECONDS = 5.0
FAILURE = 400
"""The lowest status of a refusal."""
_HELD, _BROKEN = 503, 502
"""What the vendor is told in the place of an answer, so that one call's trouble is no other's."""


class Wire(httpx2.AsyncBaseTransport):
    """Sends what the vendor's client makes, under the service's own headers and credentials."""

    def __init__(self, service: Service, secret: Callable[[str], str | None], *, most_bytes: int) -> None:
        self._service, self._secret, self._most_bytes = service, secret, most_bytes
        self._inner = httpx2.AsyncHTTPTransport(verify=http.trust(service), trust_env=False)
        self.status: int | None = None
        """Status of the latest answer."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer; what breaks the connection of one call is told to its attempt alone."""
        seen = credentials(self._service, self._secret)
        for name, value in (*self._service.headers.items(), *seen.headers):
            key, text = header(name, value)
            request.headers[key] = text
        attempt = attempts.current.get() if _is_call(request) else None
        if attempt is None:
            response = await self._inner.handle_async_request(request)
            self.status = response.status_code
            return response
        return await self._call(request, attempt)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _call(self, request: httpx2.Request, attempt: Attempt) -> httpx2.Response:
        async def note(event: str, _info: object) -> None:
            if event.endswith(".send_request_headers.started"):
                await attempt.leave()

        request.extensions = {**request.extensions, "trace": note}
        try:
            response = await self._inner.handle_async_request(request)
        except Held:
            return httpx2.Response(_HELD, request=request)
        except httpx2.TransportError as exc:
            attempt.broken = exc
            return httpx2.Response(_BROKEN, request=request)
        attempt.status = response.status_code
        attempt.retry_after = responses.retry_after({**response.headers})
        response.stream = _Watched(response.stream, attempt, self._most_bytes)
        return response


class _Watched(httpx2.AsyncByteStream):
    """An answer's bytes, as many as are taken."""

    def __init__(self, inner: object, attempt: Attempt, most_bytes: int) -> None:
        self._inner, self._attempt, self._most_bytes = inner, attempt, most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the bytes on; raise StreamError where they end too early or are too many."""
        taken = 0
        if not isinstance(self._inner, httpx2.AsyncByteStream):
            raise TypeError("an answer came without a stream")
        try:
            async for chunk in self._inner:
                taken += len(chunk)
                if taken > self._most_bytes:
                    self._attempt.is_too_large = True
                    raise httpx2.StreamError("the answer is too large")
                yield chunk
        except httpx2.TransportError as exc:
            self._attempt.broken = exc
            raise httpx2.StreamError(str(exc)) from exc

    async def aclose(self) -> None:
        """Let go of the connection."""
        if isinstance(self._inner, httpx2.AsyncByteStream):
            await self._inner.aclose()


def client(wire: Wire) -> httpx2.AsyncClient:
    """Return what the vendor's client speaks through: no environment, no redirects, no time limit."""
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    return httpx2.AsyncClient(transport=wire, timeout=timeout, trust_env=False, follow_redirects=False)


def _is_call(request: httpx2.Request) -> bool:
    if request.method != "POST":
        return False
    message = orjson.loads(request.content)
    return isinstance(message, dict) and message.get("method") == "tools/call"
