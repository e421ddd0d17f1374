"""Services: call operations, and know how the services behind them are."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from tools import http, routes
from tools.access import Service
from tools.catalog import Catalog
from tools.errors import CatalogInvalid, SecretMissing
from tools.http import Fence
from tools.lines import Line, ServiceHealth
from tools.operations import Operation
from tools.outcomes import Outcome
from tools.requests import Unbuildable
from tools.responses import escaped
from tools.routes import Reach, Route

Mask = Callable[[str, Mapping[str, Any]], str]
"""Returns an error text without what nobody may see, given the arguments of the call."""

__all__ = ["Caller", "ServiceHealth", "Services"]


class Caller(Protocol):
    """Whoever can call operations."""

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return what became of one attempt; raise nothing for what a service does wrong.

        Args:
            operation: what is called.
            arguments: by name.
            key: the idempotency key.
            timeout: how long it may take in all; as the operation says unless told.
            fence: awaited when all is ready, before the first byte leaves; what it raises keeps the call
                from being sent, and is raised here.
        """
        ...

    def unavailable(self, service: str) -> str | None:
        """Return a sentence when calls to the service would not be sent now, else None."""
        ...


def _as_it_is(error: str, _arguments: Mapping[str, Any]) -> str:
    return error


class Services:
    """The services of a catalogue, called for real; an async context that closes their connections."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        secret: Callable[[str], str | None],
        transport: httpx.AsyncBaseTransport | None = None,
        max_body_bytes: int = http.MAX_BODY_BYTES,
        now: Callable[[], float] = time.monotonic,
        mask: Mask = _as_it_is,
    ) -> None:
        """Open nothing yet.

        Args:
            catalog: the operations, and the services behind them.
            secret: finds the value of a secret.
            transport: stands in for the network.
            max_body_bytes: longest answer that is read.
            now: the time by which breakers rest.
            mask: takes out of an error text what nobody may see, such as arguments that come back in it.
        """
        self._catalog, self._mask = catalog, mask
        self._lines = {name: Line(service, now=now) for name, service in catalog.services.items()}
        self._reach = Reach(secret, transport, max_body_bytes)
        self._routes: dict[tuple[str, str], Route] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _trace: TracebackType | None
    ) -> None:
        async with AsyncExitStack() as stack:
            for route in self._routes.values():
                stack.push_async_callback(route.close)

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return what became of one attempt; raise nothing for what a service does wrong."""
        began = time.perf_counter()
        seconds = (timeout or operation.timeout).total_seconds()
        line = self._lines.get(operation.service)
        if line is None:
            why = f"the catalogue holds no service {operation.service!r}"
            return _unsent(operation, "service_unknown", why)
        try:
            used = key if operation.effect == "keyed" else None
            route = self._route(operation.binding.kind, line.service)
            work = route.prepare(operation, arguments, key=used, fence=fence)
        except SecretMissing as exc:
            outcome = _unsent(operation, "secret_missing", str(exc))
        except (Unbuildable, CatalogInvalid) as exc:
            outcome = _unsent(operation, "arguments", str(exc))
        else:
            outcome = await line.make(work, seconds, veil=lambda error: self._mask(error, arguments))
        ms = round((time.perf_counter() - began) * 1000, 3)
        if outcome.error is None:
            return outcome._replace(ms=ms)
        return outcome._replace(ms=ms, error=self._mask(outcome.error, arguments))

    def unavailable(self, service: str) -> str | None:
        """Return a sentence when calls to the service would not be sent now, else None."""
        line = self._lines.get(service)
        return line.circuit.refusal() if line is not None else None

    def health(self) -> list[ServiceHealth]:
        """Return how each service has been, by name."""
        counts = Counter(operation.service for operation in self._catalog.operations.values())
        return [line.health(counts[name]) for name, line in sorted(self._lines.items())]

    def _route(self, kind: str, service: Service) -> Route:
        """Return the route of this kind to the service, opened when first needed."""
        route = self._routes.get((service.name, kind))
        if route is None:
            route = self._routes[service.name, kind] = routes.opened(kind, service, self._reach)
        return route


def _unsent(operation: Operation, code: str, why: str) -> Outcome:
    return Outcome(kind="not_sent", code=code, error=escaped(f"{operation.name} was not called: {why}"))
