"""Routes: how operations reach their service, one route for each service and kind of binding.

A new kind of source is at home in these places:

* `tools/operations.py`: a binding with its `kind` and what it is called by (`how`), added to `Binding`;
* `tools/catalog_file.py`: a field of `ServiceEntry`, its file told by `files`;
* `tools/sources.py`: what reads that file into operations;
* here: the module and class of its `Route`, imported when first needed, so that a vendor's package may be
  missing where nobody calls such an operation (`extra` names what installs it);
* `tools/listings.py`: what asks a running service for that file, where it can be asked.

Slots, breaker, time limit, masking and health are the line's (`tools/lines.py`); a route only makes `Work`.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import httpx

from tools import http
from tools.access import Service
from tools.http import Fence
from tools.lines import Work
from tools.operations import Operation
from tools.requests import Unbuildable

Secret = Callable[[str], str | None]
"""Returns the value of the secret with this name, or None."""


class Reach(NamedTuple):
    """What every route works with."""

    secret: Secret
    """Asked at each call."""
    transport: httpx.AsyncBaseTransport | None = None
    """Stands in for the network where HTTP is spoken."""
    most_bytes: int = http.MAX_BODY_BYTES
    """Longest answer that is read."""


class Route(Protocol):
    """The way of one kind to one service, connected when first needed."""

    def __init__(self, service: Service, reach: Reach) -> None:
        """Connect nothing yet."""

    def prepare(
        self, operation: Operation, arguments: Mapping[str, Any], *, key: str | None, fence: Fence | None
    ) -> Work:
        """Return one attempt, checked and ready; `key` is None unless the operation is `keyed`.

        The work awaits `fence` when all is ready, before the first byte leaves, and raises what it raises.

        Raises:
            Unbuildable: the arguments make no call.
            SecretMissing: the service's secret has no value.
            CatalogInvalid: what the operation is bound to cannot be loaded.
        """
        ...

    async def close(self) -> None:
        """Close what is open; a later call opens it again."""


class Home(NamedTuple):
    """Where something of one kind of source is at home, to be imported when it is first needed."""

    module: str
    name: str
    extra: str | None = None
    """What of `workflow-planner[…]` brings the packages it needs."""

    def load(self) -> Any:
        """Return it; raise Unbuildable where a package is missing."""
        try:
            return getattr(importlib.import_module(self.module), self.name)
        except ModuleNotFoundError as exc:
            how = f"`pip install workflow-planner[{self.extra}]`"
            raise Unbuildable(f"the package {exc.name!r} is missing; install it with {how}") from exc


_HOMES: Mapping[str, Home] = {
    "http": Home("tools.http_route", "HttpRoute"),
    "function": Home("tools.function_route", "FunctionRoute"),
    "grpc": Home("tools.rpc.route", "RpcRoute", extra="grpc"),
    "mcp": Home("tools.mcp.route", "McpRoute", extra="mcp"),
}


def opened(kind: str, service: Service, reach: Reach) -> Route:
    """Return the route of this kind to the service; raise Unbuildable where a package is missing."""
    route: type[Route] = _HOMES[kind].load()
    return route(service, reach)
