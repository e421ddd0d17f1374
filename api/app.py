"""The application: every entrance joined, opened and closed with the parts behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from api import (
    arrivals,
    catalog,
    decision_log,
    decisions,
    errors,
    forks,
    health,
    openapi,
    plans,
    repins,
    runs,
    schedules,
    usage,
    versions,
    webhooks,
    workflows,
)
from api.dependencies import OwnOnly
from api.gate import Gate
from api.replies import Reply
from api.security import Keys
from graphs import wiring
from graphs.wiring import Opened
from planner.settings import Settings

VERSION = "1"
DESCRIPTION = """The workflow layer of microservice systems: deterministic steps, bounded decisions, and a log
that says why. Every error is problem details (RFC 9457); lists are read page by page with `cursor`."""


def create_app(settings: Settings, *, opened: Opened | None = None) -> FastAPI:
    """Return the application; it opens its parts when it starts, unless it is handed open ones."""
    app = FastAPI(
        title="planner",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_lifespan(settings, opened),
        default_response_class=Reply,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.opened = opened
    app.add_middleware(Gate, keys=Keys(settings), body_limit_bytes=settings.body_limit_bytes)
    errors.install(app)
    app.include_router(health.router, responses=openapi.PROBLEMS)
    app.include_router(_v1(), responses=openapi.PROBLEMS)
    app.openapi = _documented(app, secured=settings.has_keys)  # type: ignore[method-assign] # documented way
    return app


def _v1() -> APIRouter:
    router = APIRouter(prefix="/v1", dependencies=[OwnOnly])
    for part in (
        workflows,
        versions,
        runs,
        repins,
        decisions,
        decision_log,
        usage,
        forks,
        plans,
        arrivals,
        schedules,
        webhooks,
        catalog,
    ):
        router.include_router(part.router)
    return router


def _lifespan(settings: Settings, opened: Opened | None) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if opened is not None:
            yield
            return
        async with wiring.open_services(settings) as parts:
            app.state.opened = parts
            try:
                yield
            finally:
                app.state.opened = None

    return lifespan


def _documented(app: FastAPI, *, secured: bool) -> Any:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.document(app, secured=secured)
        return app.openapi_schema

    return document
