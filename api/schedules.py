"""Schedules: runs that begin by themselves, by a cron expression or at an interval."""

from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api import bodies, ownership
from api.dependencies import Caller, Cursor, Limit, Parts, Store, TenantFilter
from api.schemas import Listed, Paged
from graphs import scheduling
from graphs.wiring import Opened
from planner import schedules as plans
from planner import tenants
from planner.schedules import NewSchedule, Schedule, ScheduleState, Timing
from planner.store import cursors, schedules
from tools.records import Record

router = APIRouter(prefix="/schedules", tags=["schedules"])

_PLAN = {
    "workflow": "late-order",
    "input": {"order_id": "o-1001", "message": "nightly check"},
    "cron": "0 8 * * 1-5",
    "timezone": "Europe/Berlin",
}
_NEW = {
    "every working day": {"name": "nightly-check", **_PLAN},
    "every ten minutes": {"name": "often", "workflow": "late-order", "every": "PT10M", "overlap": "skip"},
}


class Moment(Record):
    """When a run will begin."""

    at: datetime


@router.post("", status_code=201, openapi_extra=bodies.documented(NewSchedule, _NEW))
async def add_schedule(
    wanted: Annotated[NewSchedule, Depends(bodies.json_of(NewSchedule))],
    parts: Parts,
    caller: Caller,
    response: Response,
) -> Schedule:
    """Let runs of a workflow begin by themselves."""
    drafted = scheduling.drafted(
        wanted.plan(),
        name=wanted.name,
        tenant=ownership.tenant(caller, wanted.tenant) or tenants.DEFAULT,
        schedule_id=parts.parts.new_id(),
        by=caller.name,
        now=parts.parts.clock.now(),
    )
    added = await parts.parts.database.write(scheduling.add, drafted)
    parts.scheduler.poke()
    response.headers["Location"] = f"/v1/schedules/{added.id}"
    return added


@router.get("")
async def list_schedules(
    store: Store,
    tenant: TenantFilter,
    workflow: str | None = None,
    cursor: Cursor = None,
    limit: Limit = cursors.LIMIT,
) -> Paged[Schedule]:
    """List schedules, newest first."""
    page = await store.read(schedules.page, tenant=tenant, workflow=workflow, cursor=cursor, limit=limit)
    return Paged(items=page.items, next_cursor=page.next_cursor)


@router.get("/{schedule_id}")
async def get_schedule(schedule_id: str, store: Store) -> Schedule:
    """Return a schedule as it stands; its runs are those with `started_by=schedule:ID`."""
    return await store.read(schedules.get, schedule_id)


@router.get("/{schedule_id}/next")
async def list_moments(
    schedule_id: str, parts: Parts, count: Annotated[int, Query(ge=1, le=100)] = 5
) -> Listed[Moment]:
    """List when the next runs will begin, were the schedule active."""
    held = await parts.parts.database.read(schedules.get, schedule_id)
    moments = plans.upcoming(held.plan, parts.parts.clock.now(), anchor=held.created_at)
    return Listed(items=tuple(Moment(at=each) for each in islice(moments, count)))


@router.put("/{schedule_id}", openapi_extra=bodies.documented(Timing, {"another time": _PLAN}))
async def replace_schedule(
    schedule_id: str, plan: Annotated[Timing, Depends(bodies.json_of(Timing))], parts: Parts
) -> Schedule:
    """Give a schedule another plan; its name, state and history stay."""
    now = parts.parts.clock.now()
    changed = await parts.parts.database.write(scheduling.replace, schedule_id, plan, now)
    parts.scheduler.poke()
    return changed


@router.post("/{schedule_id}/pause")
async def pause_schedule(schedule_id: str, parts: Parts) -> Schedule:
    """Begin no runs until it is resumed; what moves goes on."""
    return await _changed(parts, schedule_id, "paused")


@router.post("/{schedule_id}/resume")
async def resume_schedule(schedule_id: str, parts: Parts) -> Schedule:
    """Begin runs again, from the next moment on."""
    return await _changed(parts, schedule_id, "active")


@router.delete("/{schedule_id}", status_code=204)
async def remove_schedule(schedule_id: str, parts: Parts) -> Response:
    """Forget a schedule; runs that it began go on."""
    await parts.parts.database.write(schedules.remove, schedule_id)
    return Response(status_code=204)


async def _changed(parts: Opened, schedule_id: str, state: ScheduleState) -> Schedule:
    now = parts.parts.clock.now()
    changed = await parts.parts.database.write(schedules.change, schedule_id, state, now)
    parts.scheduler.poke()
    return changed
