"""The wire to a model's endpoint: follows no redirect, reads no endless body, retries nothing."""

import ssl

import httpx2
import openai

from planner.model.faults import BodyTooLong
from planner.settings import ModelSettings

LONGEST_BODY_BYTES = 4_000_000
CONNECT_SECONDS = 5.0
NO_KEY = "no-key-needed"
_LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50)
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Bounded(httpx2.AsyncBaseTransport):
    """Sends by another transport, and reads at most so many bytes."""

    def __init__(
        self, transport: httpx2.AsyncBaseTransport, *, longest_bytes: int = LONGEST_BODY_BYTES
    ) -> None:
        self._transport, self._longest = transport, longest_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and return the whole response; raise BodyTooLong past the limit."""
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            body = await self._read(response, request)
        finally:
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _FRAMING]
        return httpx2.Response(response.status_code, headers=headers, content=body)

    async def _read(self, response: httpx2.Response, request: httpx2.Request) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._longest:
                raise BodyTooLong(f"the body is longer than {self._longest} bytes", request=request)
        return bytes(body)


def plain_transport(config: ModelSettings) -> httpx2.AsyncHTTPTransport:
    """Return a transport of our own, which reads nothing from the environment."""
    trusted = ssl.create_default_context(cafile=str(config.ca_file)) if config.ca_file else True
    return httpx2.AsyncHTTPTransport(verify=trusted, proxy=config.proxy, limits=_LIMITS, trust_env=False)


def sdk_client(config: ModelSettings, transport: httpx2.AsyncBaseTransport) -> openai.AsyncOpenAI:
    """Return the SDK's client over `transport`, with nothing that the SDK reads from the environment."""
    bounded = Bounded(transport)
    sdk = openai.AsyncOpenAI(
        api_key=config.api_key.get_secret_value() if config.api_key else NO_KEY,
        base_url=config.endpoint,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=bounded, trust_env=False, follow_redirects=False),
    )
    sdk.admin_api_key = sdk.organization = sdk.project = sdk.webhook_secret = None
    return sdk


def patience(seconds: float) -> httpx2.Timeout:
    """Return the timeouts of one request that has so many seconds left in all."""
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
