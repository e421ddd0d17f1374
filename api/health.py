"""Health: whether the process lives, and whether it can serve."""

import asyncio

from fastapi import APIRouter, Request

from api.errors import NotReady
from api.schemas import Alive
from planner.store import migrate

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def get_health() -> Alive:
    """Tell that the process lives."""
    return Alive()


@router.get("/readyz")
async def get_readiness(request: Request) -> Alive:
    """Tell that the database answers and has the right schema."""
    if getattr(request.app.state, "opened", None) is None:
        raise NotReady("the process is still starting, or already stopping")
    await asyncio.to_thread(migrate.check, request.app.state.opened.parts.database)
    return Alive()
