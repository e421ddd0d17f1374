"""Hosting: every service of the shop in one process, whose books can be begun anew.

`POST /reset` with a list of faults begins them anew; `GET /effects` tells every effect that was applied, in
order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from examples.shop.service import SERVICES
from examples.shop.services.faults import Fault
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import Application, create


class Hosted:
    """The services, each under its name."""

    def __init__(self) -> None:
        self._apps: dict[str, Application] = {}
        self._ledgers: dict[str, Ledger] = {}
        self.reset(())

    def reset(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Begin all books anew, and do these things wrong from now on."""
        for ledger in self._ledgers.values():
            ledger.close()
        self._ledgers = {name: Ledger(seed=service.seed) for name, service in SERVICES.items()}
        self._apps = {name: create(SERVICES[name], ledger) for name, ledger in self._ledgers.items()}
        for told in faults:
            service, _, operation = str(told["operation"]).partition(".")
            fault = Fault.model_validate({**told, "operation": operation})
            self._apps[service].state.faults.add(fault, [operation])

    def effects(self) -> list[str]:
        """Return every effect that was applied, by service, in the order in which they were."""
        found = [
            (record.at, name, record.seq, f"{name}.{record.operation}")
            for name, ledger in self._ledgers.items()
            for record in ledger.records()
        ]
        return [effect for *_, effect in sorted(found)]

    def application(self) -> Starlette:
        """Return the application that serves all of it."""
        mounts = [Mount(f"/{name}", app=self._forward(name)) for name in SERVICES]
        routes = [Route("/reset", self._reset, methods=["POST"]), Route("/effects", self._effects)]
        return Starlette(routes=[*routes, *mounts])

    def _forward(self, name: str) -> Any:
        async def forward(scope: Any, receive: Any, send: Any) -> None:
            await self._apps[name](scope, receive, send)

        return forward

    async def _reset(self, request: Request) -> Response:
        self.reset(orjson.loads(await request.body()))
        return Response(status_code=204)

    async def _effects(self, _request: Request) -> Response:
        return JSONResponse(self.effects())
