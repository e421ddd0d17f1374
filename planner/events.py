"""Events: what happened outside, told as a CloudEvent (CloudEvents 1.0, specification of the CNCF). Pure."""

from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import AwareDatetime, Field

from planner import tenants
from planner.definition import EventType
from planner.tenants import TenantName
from tools.records import Record

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Attribute = Annotated[str, Field(pattern=r"^[a-z0-9]{1,60}$")]


class Event(Record):
    """One event; source and id together name it."""

    id: Text
    """Id that its source gave it."""
    source: Text
    """Where it happened, as a URI reference."""
    type: EventType
    """What happened."""
    subject: Text | None = None
    """What it is about, within the source."""
    time: AwareDatetime | None = None
    """When it happened."""
    datacontenttype: Text | None = None
    """Media type of the data."""
    dataschema: Text | None = None
    """Where the data's schema can be found."""
    extensions: dict[Attribute, str | int | bool] = Field(default_factory=dict)
    """Further attributes of its sender."""
    data: Any = None
    """What its sender tells: any JSON; bytes as base64."""

    def told(self) -> dict[str, Any]:
        """Return the event as expressions read it: its attributes and `data`."""
        found = self.model_dump(mode="json", exclude_none=True, exclude={"extensions"})
        return {**self.extensions, **found, "data": self.data}


class KeptEvent(Record):
    """An event as the store keeps it."""

    id: str
    """UUID of version 7."""
    tenant: TenantName = tenants.DEFAULT
    """Whose runs may receive it."""
    event: Event
    received_at: AwareDatetime
    """When it arrived here."""
    received_by: str = "api"
    """Who brought it."""
    routed: bool = False
    """Whether every run that it concerns was told."""
    began: tuple[str, ...] = ()
    """Runs that it began."""
    problems: tuple[str, ...] = ()
    """How its data is not as announced, and why it began no run where it should have, in sentences."""


class Awaited(Record):
    """A step that waits for an event."""

    path: str
    visit: int
    type: EventType
    due: AwareDatetime | None
    """Until when; for ever where it is null."""


class Wanted(NamedTuple):
    """What a step waits for."""

    run_id: str
    path: str
    visit: int
    tenant: str
    type: str
    since: datetime
    """Events that arrived before are too old."""
    opened: datetime
    """Since when the step waits."""
    until: datetime | None
    """Events that arrive later are too late."""


SLACK = timedelta(minutes=1)
"""How far the clocks of processes may differ, and how long an event may be under way between them."""
