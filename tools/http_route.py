"""The route over HTTP: requests of a service's operations, over its pool of connections."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tools import http, requests
from tools.access import Service
from tools.credentials import credentials
from tools.http import Exchange, Fence
from tools.operations import HttpBinding, Operation
from tools.outcomes import Outcome
from tools.requests import Message, Unbuildable
from tools.routes import Reach


class HttpWork:
    """A request that is ready to be sent."""

    def __init__(
        self, exchange: Exchange, message: Message, *, client: httpx.AsyncClient, limit: int
    ) -> None:
        self.operation = exchange.operation
        self._exchange, self._message = exchange, message
        self._client, self._limit = client, limit

    async def make(self, seconds: float, leave: Callable[[], None]) -> Outcome:
        """Return what became of the request."""
        try:
            return await self._exchange.make(self._client, self._message, seconds=seconds, limit=self._limit)
        finally:
            leave()


class HttpRoute:
    """The way to one service over HTTP."""

    def __init__(self, service: Service, reach: Reach) -> None:
        self._service, self._reach = service, reach
        self._client: httpx.AsyncClient | None = None

    def prepare(
        self, operation: Operation, arguments: Mapping[str, Any], *, key: str | None, fence: Fence | None
    ) -> HttpWork:
        """Return one request, checked and ready."""
        binding = operation.binding
        if not isinstance(binding, HttpBinding):
            raise TypeError(f"{operation.name} is not called over HTTP")
        if self._service.base_url is None:
            raise Unbuildable(f"service {self._service.name!r} has no address; give it a `base_url`")
        carried = {} if key is None else requests.with_key(operation, binding, key)
        requests.check(operation, {**arguments, **carried})
        message = requests.build(operation, binding, {**arguments, **carried})
        if key is not None:
            message.headers.append(requests.header(operation.key_header, key))
        seen = credentials(self._service, self._reach.secret)
        exchange = Exchange(
            operation, self._service, arguments, seen, fence=fence, sent=not self._tells_progress
        )
        return HttpWork(exchange, message, client=self._pool(), limit=self._reach.most_bytes)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def _tells_progress(self) -> bool:
        """Tell whether the connections report when a request starts to leave."""
        return isinstance(self._reach.transport, httpx.AsyncHTTPTransport | None)

    def _pool(self) -> httpx.AsyncClient:
        """Return the pool of connections, opened when first needed."""
        if self._client is None:
            self._client = http.open_client(self._service, self._reach.transport)
        return self._client
