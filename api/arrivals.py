"""Arrivals: taking events in, and telling what they led to."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api import cloudevents, ownership
from api.cloudevents import Events
from api.dependencies import Caller, Cursor, Limit, Parts, Store, TenantFilter
from api.schemas import Listed, Paged
from graphs import arrivals
from graphs.arrivals import Arrived
from planner import tenants
from planner.events import KeptEvent
from planner.store import cursors, events
from planner.store.events import Caused
from tools.records import Record

router = APIRouter(prefix="/events", tags=["events"])

_EXAMPLE = {
    "specversion": "1.0",
    "id": "p-77",
    "source": "/payments",
    "type": "shop.payment.settled",
    "subject": "o-1001",
    "data": {"order_id": "o-1001", "amount": 120.0},
}


class EventSummary(Record):
    """An event in a list."""

    id: str
    """Id under which it is kept here."""
    tenant: str
    source: str
    event_id: str
    """Id that its source gave it."""
    type: str
    subject: str | None
    received_at: AwareDatetime
    received_by: str
    routed: bool
    """Whether every run that it concerns was told."""
    began: tuple[str, ...]
    """Runs that it began."""
    problems: tuple[str, ...]
    """Why it began none of a workflow that it should have."""

    @classmethod
    def of(cls, kept: KeptEvent) -> "EventSummary":
        """Return the summary of an event."""
        event = kept.event
        own = {name: getattr(kept, name) for name in cls.model_fields.keys() & KeptEvent.model_fields.keys()}
        return cls(**own, source=event.source, event_id=event.id, type=event.type, subject=event.subject)


class EventReceipt(EventSummary):
    """What came of an event that was taken in."""

    duplicate: bool
    """Whether its source had told it before."""
    offered_to: tuple[str, ...]
    """Runs that wait and may take it."""

    @classmethod
    def arrived(cls, arrived: Arrived) -> "EventReceipt":
        """Return the receipt of an event."""
        summary = dict(EventSummary.of(arrived.kept))
        return cls(**summary, duplicate=arrived.duplicate, offered_to=arrived.offered_to)


class Taker(Record):
    """A step that took an event."""

    run_id: str
    path: str
    visit: int


class EventDetail(EventSummary):
    """An event, and what it led to."""

    event: dict[str, Any]
    """As its source told it."""
    taken_by: tuple[Taker, ...]

    @classmethod
    def caused(cls, caused: Caused) -> "EventDetail":
        """Return all that there is to say of an event."""
        takers = tuple(Taker(**step._asdict()) for step in caused.taken_by)
        told = {"specversion": cloudevents.VERSION, **caused.event.event.told()}
        return cls(**dict(EventSummary.of(caused.event)), event=told, taken_by=takers)


@router.post("", status_code=202, openapi_extra=cloudevents.documented(_EXAMPLE))
async def receive_events(
    told: Events, parts: Parts, caller: Caller, tenant: TenantFilter
) -> Listed[EventReceipt]:
    """Take in events (CloudEvents 1.0; structured, batched or binary): runs that wait go on, others begin.

    What its source told before is answered as a duplicate and changes nothing.
    """
    whose = ownership.tenant(caller, tenant) or tenants.DEFAULT
    arrived = [
        await arrivals.arrive(event, parts.parts, parts.dispatcher, tenant=whose, received_by=caller.name)
        for event in told
    ]
    return Listed(items=tuple(map(EventReceipt.arrived, arrived)))


@router.get("")
async def list_events(
    store: Store,
    tenant: TenantFilter,
    kind: Annotated[str | None, Query(alias="type", description="Only those of this type.")] = None,
    cursor: Cursor = None,
    limit: Limit = cursors.LIMIT,
) -> Paged[EventSummary]:
    """List events, newest first."""
    page = await store.read(events.page, type_=kind, tenant=tenant, cursor=cursor, limit=limit)
    return Paged(items=tuple(map(EventSummary.of, page.items)), next_cursor=page.next_cursor)


@router.get("/{event_id}")
async def get_event(event_id: str, store: Store) -> EventDetail:
    """Return an event, the runs that it began, and the steps that took it."""
    return EventDetail.caused(await store.read(events.get, event_id))
