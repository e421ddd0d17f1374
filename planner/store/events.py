"""Events: what happened outside, kept once, and offered to the steps that wait for it."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)

from planner import bodies
from planner.definition import Workflow
from planner.errors import EventUnknown, VersionClosed
from planner.events import SLACK, Awaited, Event, KeptEvent, Wanted
from planner.runs import ENDED
from planner.store import cursors, runs, sealing, tables, versions
from planner.store.cursors import Page
from planner.store.sealing import Spot
from tools import equations, expressions
from tools.errors import ExpressionError

_events, _awaits, _offers = tables.events, tables.awaits, tables.offers
_runs, _workflows = tables.runs, tables.workflows
_ORDER = cursors.Order("events", _events.c.received_at, _events.c.id)
PAGE = 1000
"""Events that are read at once."""


class Place(NamedTuple):
    """Where an event stands in the order of arrival."""

    received_at: datetime
    id: str


class Waiting(NamedTuple):
    """A step that may take an event."""

    run_id: str
    path: str
    visit: int


class Caused(NamedTuple):
    """What an event led to."""

    event: KeptEvent
    """As it is shown."""
    taken_by: tuple[Waiting, ...]
    """Steps that took it."""


def keep(tx: Connection, kept: KeptEvent) -> KeptEvent:
    """Keep the event, and return it as it is kept: the first one, where its source told it before."""
    known = _known(tx, kept)
    if known is not None:
        return known
    told = kept.event.model_dump(mode="json", exclude_none=True)
    body, sealed = sealing.keep(told, sealing.keeping_of(tx), _spot(kept.id), _masked)
    row = {
        "id": kept.id,
        "tenant": kept.tenant,
        "source": kept.event.source,
        "event_id": kept.event.id,
        "type": kept.event.type,
        "subject": kept.event.subject,
        "received_at": kept.received_at,
        "received_by": kept.received_by,
        "body": body,
        "sealed": sealed,
        "routed": False,
        "began": bodies.encode([]),
        "problems": bodies.encode([]),
    }
    if tables.insert_or_skip(tx, _events, row):
        return kept
    found = _known(tx, kept)
    return kept if found is None else found


def get(tx: Connection, event_id: str) -> Caused:
    """Return an event as it is shown, and what it led to.

    Raises:
        EventUnknown: none has this id.
    """
    row = _row(tx, event_id)
    query = select(_awaits.c.run_id, _awaits.c.path, _awaits.c.visit).where(_awaits.c.taken == event_id)
    found = tx.execute(query.order_by(_awaits.c.run_id, _awaits.c.path, _awaits.c.visit))
    return Caused(_shown(tx, row), tuple(Waiting(*each) for each in found))


def takers(tx: Connection, event_ids: Sequence[str]) -> dict[str, int]:
    """Return how many runs took each of the events that any run took."""
    query = select(_awaits.c.taken, func.count(_awaits.c.run_id.distinct()))
    rows = tx.execute(query.where(_awaits.c.taken.in_(event_ids)).group_by(_awaits.c.taken))
    return dict(map(tuple, rows))


def page(
    tx: Connection,
    *,
    type_: str | None = None,
    tenant: str | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[KeptEvent]:
    """Return events as they are shown, newest first.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    wanted = {"type": type_, "tenant": tenant}
    query = select(_events).where(
        *(_events.c[name] == value for name, value in wanted.items() if value is not None)
    )
    return cursors.newest_first(tx, query, _ORDER, make=partial(_shown, tx), cursor=cursor, limit=limit)


def arrived(tx: Connection, wanted: Wanted, past: Place | None = None) -> list[KeptEvent]:
    """Return what a step may take as it was told, for the engine alone: a page, in the order of arrival.

    What came before the step waited is looked for by its type. What came later was offered to it, but for
    what came so close to the opening that whoever offered it may not have seen the step yet.

    Raises:
        SealBroken: something of it is sealed, and cannot be opened.
    """
    of_step = and_(
        _offers.c.run_id == wanted.run_id, _offers.c.path == wanted.path, _offers.c.visit == wanted.visit
    )
    offered = select(_offers.c.event_id).where(of_step)
    query = select(_events).where(
        _events.c.tenant == wanted.tenant,
        _events.c.type == wanted.type,
        _events.c.received_at >= wanted.since,
        or_(_events.c.received_at <= wanted.opened + SLACK, _events.c.id.in_(offered)),
        _later(past),
    )
    if wanted.until is not None:
        query = query.where(_events.c.received_at <= wanted.until)
    rows = tx.execute(query.order_by(_events.c.received_at, _events.c.id).limit(PAGE))
    return [_true(tx, row) for row in rows]


def unrouted(tx: Connection, before: datetime, past: Place | None = None) -> list[Place]:
    """Return the places of events of which not every run was told, the oldest first, `PAGE` of them."""
    left = (_events.c.routed.is_(False), _events.c.received_at <= before, _later(past))
    query = select(_events.c.received_at, _events.c.id).where(*left)
    rows = tx.execute(query.order_by(_events.c.received_at, _events.c.id).limit(PAGE))
    return [Place(*row) for row in rows]


def unsealed(tx: Connection, event_id: str) -> KeptEvent:
    """Return an event as it was told; for the engine alone.

    Raises:
        EventUnknown: none has this id.
        SealBroken: something of it is sealed, and cannot be opened.
    """
    return _true(tx, _row(tx, event_id))


def awaited(tx: Connection, run_id: str) -> list[Awaited]:
    """Return the steps of a run that wait for an event."""
    columns = (_awaits.c.path, _awaits.c.visit, _awaits.c.type, _awaits.c.due)
    query = select(*columns).where(_awaits.c.run_id == run_id, _awaits.c.taken.is_(None))
    rows = tx.execute(query.order_by(_awaits.c.path, _awaits.c.visit))
    return [Awaited(path=row.path, visit=row.visit, type=row.type, due=row.due) for row in rows]


def offer(tx: Connection, kept: KeptEvent, now: datetime) -> list[str]:
    """Offer the event to every step that may take it, and wake its run; return the runs."""
    found = _waiting(tx, kept)
    for step in found:
        tables.insert_or_skip(tx, _offers, step._asdict() | {"event_id": kept.id})
    run_ids = sorted({step.run_id for step in found})
    for run_id in run_ids:
        runs.wake(tx, run_id, now)
    return run_ids


def routed(tx: Connection, event_id: str, began: Sequence[str], problems: Sequence[str]) -> None:
    """Note that every run that the event concerns was told."""
    told = {"routed": True, "began": bodies.encode(list(began)), "problems": bodies.encode(list(problems))}
    tx.execute(update(_events).where(_events.c.id == event_id).values(told))


def beginning(tx: Connection, type_: str) -> list[Workflow]:
    """Return the workflows of which an event of a type may begin a run, in the version that it begins."""
    told = f'"event":{bodies.encode(type_)}'
    mentioned = select(_workflows.c.name).where(_workflows.c.body.contains(told, autoescape=True))
    found = []
    for name in tx.execute(mentioned.distinct().order_by(_workflows.c.name)).scalars().all():
        with contextlib.suppress(VersionClosed):
            found.append(versions.current(tx, name))
    return [each for each in found if any(start.event == type_ for start in each.on)]


def purge(tx: Connection, before: datetime) -> int:
    """Delete routed events that arrived before, and return how many."""
    old = (_events.c.received_at < before, _events.c.routed.is_(True))
    return tx.execute(delete(_events).where(*old)).rowcount


def _row(tx: Connection, event_id: str) -> Row[Any]:
    row = tx.execute(select(_events).where(_events.c.id == event_id)).one_or_none()
    if row is None:
        raise EventUnknown(event_id)
    return row


def _later(past: Place | None) -> ColumnElement[bool]:
    """Return the condition for events that arrived after the one that stands there."""
    if past is None:
        return true()
    here = tuple_(literal(past.received_at, _events.c.received_at.type), literal(past.id, _events.c.id.type))
    return tuple_(_events.c.received_at, _events.c.id) > here


def _waiting(tx: Connection, kept: KeptEvent) -> list[Waiting]:
    """Return the steps that wait for such an event, without those whose equation it does not solve."""
    open_ = (_awaits.c.type == kept.event.type, _awaits.c.taken.is_(None))
    sides = tx.execute(select(_awaits.c.side).where(*open_, _awaits.c.side.is_not(None)).distinct()).scalars()
    solved = [(side, key) for side in sides if (key := _solved(side, kept.event)) is not None]
    query = select(_awaits.c.run_id, _awaits.c.path, _awaits.c.visit).join(
        _runs, _runs.c.id == _awaits.c.run_id
    )
    fits: ColumnElement[bool] = _awaits.c.side.is_(None)
    if solved:
        fits = or_(fits, tuple_(_awaits.c.side, _awaits.c.key).in_(solved))
    whose = (_runs.c.tenant == kept.tenant, _runs.c.status.not_in(sorted(ENDED)))
    rows = tx.execute(query.where(*open_, *whose, fits).order_by(_awaits.c.run_id))
    return [Waiting(*row) for row in rows]


def _solved(side: str, event: Event) -> str | None:
    try:
        return equations.solve(expressions.expression(side), {"event": event.told()})
    except ExpressionError:
        return None


def _known(tx: Connection, kept: KeptEvent) -> KeptEvent | None:
    event = kept.event
    same = (
        _events.c.tenant == kept.tenant,
        _events.c.source == event.source,
        _events.c.event_id == event.id,
    )
    row = tx.execute(select(_events).where(*same)).one_or_none()
    return None if row is None else _kept(row, event)


def _masked(told: dict[str, Any], *policy: Any) -> dict[str, Any]:
    found: dict[str, Any] = sealing.masked_body({"event": told}, *policy)["event"]
    return found


def _shown(tx: Connection, row: Row[Any]) -> KeptEvent:
    policy = sealing.keeping_of(tx).masking
    told = sealing.shown(row.body, row.sealed, policy, _masked)
    return _kept(row, Event.model_validate(told))


def _true(tx: Connection, row: Row[Any]) -> KeptEvent:
    told = sealing.true(row.body, row.sealed, sealing.keeping_of(tx), _spot(row.id))
    return _kept(row, Event.model_validate(told))


def _kept(row: Row[Any], event: Event) -> KeptEvent:
    return KeptEvent(
        id=row.id,
        tenant=row.tenant,
        event=event,
        received_at=row.received_at,
        received_by=row.received_by,
        routed=bool(row.routed),
        began=tuple(bodies.decode(row.began)),
        problems=tuple(bodies.decode(row.problems)),
    )


def _spot(event_id: str) -> Spot:
    return Spot(event_id, "event")
