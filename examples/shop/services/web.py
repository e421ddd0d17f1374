"""The web side that every service of the shop shares: problems, keys, admin routes, a published contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException

from examples.shop.services.documents import Json, Problem, Refused
from examples.shop.services.faults import Fault, Faults, FaultyRoute
from examples.shop.services.ledger import Effect, Ledger, Seed

VERSION = "1.0.0"

_PROBLEM = {
    "description": "A problem, as RFC 9457 has it",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class Service(NamedTuple):
    """One service: what it does and what it begins with."""

    name: str
    summary: str
    routes: APIRouter
    seed: Seed


def routes() -> APIRouter:
    """Return a router whose operations can be told to fail."""
    return APIRouter(route_class=FaultyRoute)


def _ledger(request: Request) -> Ledger:
    ledger: Ledger = request.app.state.ledger
    return ledger


LedgerHere = Annotated[Ledger, Depends(_ledger)]
Key = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="A key that makes the call safe to repeat: the same key with the same body acts once.",
    ),
]


class Application(FastAPI):
    """A service's application, which publishes what a problem looks like."""

    def openapi(self) -> Json:
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("Problem", Problem.model_json_schema())
        return document


def create(service: Service, ledger: Ledger) -> Application:
    """Return the application of a service; it closes the ledger when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        ledger.close()

    app = Application(
        title=service.name,
        version=VERSION,
        summary=service.summary,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses={"default": _PROBLEM},
    )
    app.state.ledger, app.state.faults = ledger, Faults()
    app.include_router(service.routes)
    app.include_router(_admin(service), include_in_schema=False)
    _explain_errors(app)
    return app


def _explain_errors(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refused(_request: Request, exc: Refused) -> Response:
        return _answer(exc.problem)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, exc: RequestValidationError) -> Response:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in exc.errors())
        return _answer(Problem(title="unprocessable", status=422, detail=found))

    @app.exception_handler(HTTPException)
    async def failed(_request: Request, exc: HTTPException) -> Response:
        return _answer(Problem(title=exc.detail.lower(), status=exc.status_code, detail=exc.detail))


def _answer(problem: Problem) -> Response:
    return Response(problem.model_dump_json(), problem.status, media_type="application/problem+json")


def _operations(service: Service) -> list[str]:
    return [str(getattr(route, "operation_id", "")) for route in service.routes.routes]


def _admin(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def health() -> dict[str, str]:
        return {"service": service.name, "status": "ok"}

    @router.get("/admin/records")
    async def records(ledger: LedgerHere) -> list[Effect]:
        return ledger.records()

    @router.get("/admin/faults")
    async def faults(request: Request) -> list[Fault]:
        return list(request.app.state.faults.waiting)

    @router.post("/admin/faults", status_code=201)
    async def fail(fault: Fault, request: Request) -> Fault:
        request.app.state.faults.add(fault, _operations(service))
        return fault

    @router.delete("/admin/faults", status_code=204)
    async def behave(request: Request) -> None:
        request.app.state.faults.clear()

    return router
