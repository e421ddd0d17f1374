"""Versions: how each version of a workflow stands, and whether it takes new runs."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api import bodies
from api.dependencies import Caller, EveryTenant, Parts, Store
from api.requests import StateChange
from api.schemas import Listed
from planner.store import versions
from planner.versions import VersionStanding

router = APIRouter(prefix="/workflows", tags=["workflows"])

_EXAMPLES = {"let it run empty": {"state": "draining"}, "hold its runs": {"state": "paused"}}


@router.get("/{name}/versions")
async def list_versions(name: str, store: Store) -> Listed[VersionStanding]:
    """List the versions of a workflow, newest first, each with its state and its unfinished runs."""
    return Listed(items=tuple(await store.read(versions.standings, name)))


@router.put(
    "/{name}/versions/{version}/state",
    dependencies=[EveryTenant],
    openapi_extra=bodies.documented(StateChange, _EXAMPLES),
)
async def change_state(
    name: str,
    version: str,
    given: Annotated[StateChange, Depends(bodies.json_of(StateChange))],
    parts: Parts,
    caller: Caller,
) -> VersionStanding:
    """Let a version take new runs (`active`), none any more (`draining`), or also hold its runs."""
    now = parts.parts.clock.now()
    changed = await parts.parts.database.write(
        versions.change, name, version, given.state, actor=caller.name, now=now
    )
    parts.dispatcher.poke()
    return changed
