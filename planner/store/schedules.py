"""Schedules: kept, changed, and moved on from moment to moment by exactly one process."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from planner import bodies, schedules
from planner.errors import NameTaken, ScheduleUnknown
from planner.schedules import Schedule, ScheduleState, Timing
from planner.store import cursors, tables
from planner.store.cursors import Page

_schedules = tables.schedules
_ORDER = cursors.Order("schedules", _schedules.c.created_at, _schedules.c.id)


def add(tx: Connection, schedule: Schedule) -> Schedule:
    """Keep a new schedule.

    Raises:
        NameTaken: the tenant has one of this name.
    """
    if not tables.insert_or_skip(tx, _schedules, _row(schedule)):
        raise NameTaken("schedule", schedule.name)
    return schedule


def get(tx: Connection, schedule_id: str) -> Schedule:
    """Return a schedule.

    Raises:
        ScheduleUnknown: none has this id.
    """
    return _schedule(_found(tx, schedule_id))


def named(tx: Connection, name: str, tenant: str) -> Schedule:
    """Return a tenant's schedule by its name, or any by its id.

    Raises:
        ScheduleUnknown: there is none.
    """
    same = (_schedules.c.name == name) & (_schedules.c.tenant == tenant)
    row = tx.execute(select(_schedules).where(same | (_schedules.c.id == name)).limit(1)).one_or_none()
    if row is None:
        raise ScheduleUnknown(name)
    return _schedule(row)


def page(
    tx: Connection,
    *,
    tenant: str | None = None,
    workflow: str | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[Schedule]:
    """Return schedules, newest first.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    wanted = {"tenant": tenant, "workflow": workflow}
    query = select(_schedules).where(
        *(_schedules.c[name] == value for name, value in wanted.items() if value is not None)
    )
    return cursors.newest_first(tx, query, _ORDER, make=_schedule, cursor=cursor, limit=limit)


def replace(tx: Connection, schedule_id: str, plan: Timing, now: datetime) -> Schedule:
    """Give a schedule another plan, whose next moment lies after now.

    Raises:
        ScheduleUnknown: none has this id.
    """
    held = _schedule(_found(tx, schedule_id, lock=True))
    following = None if held.state == "paused" else schedules.after(plan, now, anchor=held.created_at)
    fresh = {"plan": plan, "next_at": following, "problem": None, "skipped": 0}
    return _changed(tx, held.model_copy(update=fresh))


def change(tx: Connection, schedule_id: str, state: ScheduleState, now: datetime) -> Schedule:
    """Pause a schedule, or let it go on with the next moment after now; what passed meanwhile is left out.

    Raises:
        ScheduleUnknown: none has this id.
    """
    held = _schedule(_found(tx, schedule_id, lock=True))
    if held.state == state:
        return held
    is_active = state == "active"
    following = schedules.after(held.plan, now, anchor=held.created_at) if is_active else None
    return _changed(tx, held.model_copy(update={"state": state, "next_at": following}))


def remove(tx: Connection, schedule_id: str) -> None:
    """Forget a schedule; runs that it began go on.

    Raises:
        ScheduleUnknown: none has this id.
    """
    _found(tx, schedule_id, lock=True)
    tx.execute(delete(_schedules).where(_schedules.c.id == schedule_id))


def due(
    tx: Connection, now: datetime, *, without: Collection[str] = (), limit: int = 100
) -> Sequence[Schedule]:
    """Return schedules whose moment has come, the longest due first, without those of some tenants."""
    wanted = (_schedules.c.next_at <= now, _schedules.c.tenant.not_in(without))
    query = select(_schedules).where(*wanted).order_by(_schedules.c.next_at)
    return [_schedule(row) for row in tx.execute(query.limit(limit))]


def next_moment(tx: Connection) -> datetime | None:
    """Return when the next run of any schedule begins."""
    found: datetime | None = tx.execute(select(func.min(_schedules.c.next_at))).scalar_one()
    return found


def passed(
    tx: Connection,
    schedule_id: str,
    moment: datetime,
    following: datetime | None,
    *,
    run_id: str | None = None,
    skipped: int = 0,
    problem: str | None = None,
) -> bool:
    """Note what came of a moment and move on to the following one; False where another process did."""
    changes: dict[str, Any] = {
        "next_at": following,
        "last_at": moment,
        "problem": problem,
        "skipped": _schedules.c.skipped + skipped,
    }
    if run_id is not None:
        changes["last_run_id"] = run_id
    still = (_schedules.c.id == schedule_id, _schedules.c.next_at == moment)
    return bool(tx.execute(update(_schedules).where(*still).values(changes)).rowcount)


def _found(tx: Connection, schedule_id: str, *, lock: bool = False) -> Row[Any]:
    query = select(_schedules).where(_schedules.c.id == schedule_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise ScheduleUnknown(schedule_id)
    return row


def _changed(tx: Connection, schedule: Schedule) -> Schedule:
    row = _row(schedule)
    tx.execute(update(_schedules).where(_schedules.c.id == schedule.id).values(row))
    return schedule


def _row(schedule: Schedule) -> dict[str, Any]:
    fields = {name: getattr(schedule, name) for name in Schedule.model_fields if name != "plan"}
    plan = schedule.plan.model_dump(mode="json", exclude_none=True)
    return {**fields, "workflow": schedule.plan.workflow, "plan": bodies.encode(plan)}


def _schedule(row: Row[Any]) -> Schedule:
    fields = {name: getattr(row, name) for name in Schedule.model_fields if name != "plan"}
    return Schedule(**fields, plan=Timing.model_validate(bodies.decode(row.plan)))
