"""Events: what happens outside in a case, and when; a step of the run may receive it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, Field

from planner.definition import EventType
from planner.events import Event, KeptEvent, Text, Wanted
from tools.records import Record


class ScriptedEvent(Record):
    """One event that arrives in a case."""

    type: EventType
    """What happens."""
    after: timedelta = timedelta()
    """How long after the beginning of the run it arrives; before it where negative."""
    source: Text = "/eval"
    """Where it happens."""
    id: Text | None = None
    """Id that its source gives it; its place in the case unless told. One that was told before is dropped."""
    subject: Text | None = None
    time: AwareDatetime | None = None
    """When it happened, as its source says."""
    datacontenttype: Text | None = None
    dataschema: Text | None = None
    data: Any = None
    extensions: dict[str, str | int | bool] = Field(default_factory=dict)
    taken: bool = True
    """Whether a step takes it; false where the case shows that none does."""


class ScriptedEvents:
    """Knows which events arrive, and which were taken."""

    def __init__(self, script: Sequence[ScriptedEvent], start: datetime) -> None:
        """Take in the events of a case that begins at `start`."""
        first: dict[tuple[str, str], KeptEvent] = {}
        self._wanted: dict[str, bool] = {}
        for place, told in enumerate(script):
            kept = _kept(place, told, start)
            if first.setdefault((kept.event.source, kept.event.id), kept) is kept:
                self._wanted[kept.id] = told.taken
        self._events = sorted(first.values(), key=lambda kept: kept.received_at)
        self._taken: set[str | None] = set()

    def arrived(self, wanted: Wanted, now: datetime) -> list[KeptEvent]:
        """Return the events that a step may take now, in the order of arrival."""
        return fitting(self._events, wanted, now)

    def next(self, now: datetime) -> datetime | None:
        """Return when the next event arrives, or None after the last one."""
        return next((kept.received_at for kept in self._events if kept.received_at > now), None)

    def take(self, event_id: str | None) -> None:
        """Note that a step took an event, or none in time."""
        self._taken.add(event_id)

    def unused(self) -> list[str]:
        """Return a sentence for every event that no step took, or one that should not have been."""
        return [
            f"event {kept.id} of type {kept.event.type!r} {_missed(kept) if wanted else _TAKEN}"
            for kept in self._events
            if (wanted := self._wanted[kept.id]) is (kept.id not in self._taken)
        ]


def fitting(events: Sequence[KeptEvent], wanted: Wanted, now: datetime) -> list[KeptEvent]:
    """Return those of the events that a step may take now, in their order."""
    until = now if wanted.until is None else min(now, wanted.until)
    return [
        kept
        for kept in events
        if kept.event.type == wanted.type and wanted.since <= kept.received_at <= until
    ]


_TAKEN = "was taken by a step, and the case says `taken: false`"


def _missed(kept: KeptEvent) -> str:
    arrives = kept.received_at.isoformat()
    return f"arrives at {arrives} and was taken by no step; say `taken: false` where that is meant"


def _kept(place: int, told: ScriptedEvent, start: datetime) -> KeptEvent:
    name = f"event-{place}"
    fields = told.model_dump(exclude={"after", "id", "taken"})
    event = Event(**fields, id=told.id or name)
    return KeptEvent(id=name, event=event, received_at=start + told.after, received_by="eval")
