"""Schedules: when runs begin by themselves, by a cron expression in a time zone, or at an interval. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from planner import tenants
from planner.definition import Version, WorkflowName
from planner.tenants import TenantName
from tools.records import Record

Overlap = Literal["skip", "allow", "cancel"]
"""What happens when the run before has not ended: `skip` begins none, `allow` begins another, `cancel` asks
the one before to stop and begins another."""
ScheduleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
ScheduleState = Literal["active", "paused"]

_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
SHORTEST = timedelta(seconds=1)
"""Shortest interval."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone; write one of the IANA names, such as Europe/Berlin or UTC"
        ) from None
    return name


def _cron(expression: str) -> str:
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"a cron expression has five fields ({', '.join(_FIELDS)}), such as `0 8 * * 1-5`, "
            f"and {expression!r} has {len(fields)}"
        )
    anything = ["*"] * len(_FIELDS)
    for place, field in enumerate(fields):
        alone = " ".join((*anything[:place], field, *anything[place + 1 :]))
        try:
            CronSim(alone, _ANY_DAY)
        except CronSimError:
            raise ValueError(f"{field!r} is no {_FIELDS[place]} of a cron expression") from None
    try:
        next(CronSim(expression, _ANY_DAY))
    except (CronSimError, StopIteration):
        raise ValueError(f"there is no day on which {expression!r} holds") from None
    return " ".join(fields)


class Timing(Record):
    """What is begun, and when."""

    workflow: WorkflowName
    """Name of the workflow."""
    version: Version | None = None
    """Its version; the newest that takes new runs, each time, unless told."""
    input: dict[str, Any] = Field(default_factory=dict)
    """The input of every run."""
    cron: Annotated[str, AfterValidator(_cron)] | None = None
    """Five fields: minute, hour, day of month, month, day of week; or give `every`."""
    every: Annotated[timedelta, Field(ge=SHORTEST)] | None = None
    """Interval as an ISO 8601 duration, counted from `starts_at`; or give `cron`."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """IANA name of the zone whose clocks `cron` speaks of."""
    starts_at: AwareDatetime | None = None
    """Nothing begins before."""
    ends_at: AwareDatetime | None = None
    """Nothing begins at this moment or later."""
    overlap: Overlap = "skip"
    catch_up: Annotated[timedelta, Field(ge=timedelta())] = timedelta(minutes=10)
    """How late a run may begin for a moment that was missed; what is older is left out, once it is later than
    processes are that look at the clock."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "Timing":
        if (self.cron is None) == (self.every is None):
            raise ValueError("give either `cron` or `every`, and not both")
        if self.starts_at is not None and self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("`ends_at` must lie after `starts_at`")
        return self


class NewSchedule(Timing):
    """A plan that is to become a schedule."""

    name: ScheduleName
    """What people call it; unique for its tenant."""
    tenant: TenantName | None = None
    """Whose runs begin; the caller's own, or `default`, unless told."""

    def plan(self) -> Timing:
        """Return the plan alone."""
        return Timing(
            **{name: getattr(self, name) for name in self.model_fields_set & Timing.model_fields.keys()}
        )


class Schedule(Record):
    """A plan as the store keeps it."""

    id: str
    """UUID of version 7."""
    name: ScheduleName
    """What people call it; unique for its tenant."""
    tenant: TenantName = tenants.DEFAULT
    """Whose runs begin."""
    plan: Timing
    state: ScheduleState = "active"
    created_at: AwareDatetime
    created_by: str
    next_at: AwareDatetime | None
    """When the next run begins; null when none does."""
    last_at: AwareDatetime | None = None
    """The last moment that had come."""
    last_run_id: str | None = None
    """The last run that was begun."""
    skipped: int = 0
    """How often none was begun since the run before had not ended, or since the moment was too old."""
    problem: str | None = None
    """Why none was begun at the last moment, in one sentence."""


def after(plan: Timing, moment: datetime, *, anchor: datetime) -> datetime | None:
    """Return the first moment of a plan after `moment`, or None when there is none any more.

    Where clocks are put forward, a cron moment that does not exist comes right after the gap; where they are
    put back, one that exists twice comes once, the first time. Expressions with `*` for minute or hour follow
    the hours that pass instead (so does Debian's cron, whose rules the library `cronsim` has).

    Args:
        plan: the plan.
        moment: after which.
        anchor: from which intervals are counted where the plan tells no `starts_at`.
    """
    start = plan.starts_at or anchor
    try:
        found = _every(plan.every, start, moment) if plan.every is not None else _by_cron(plan, start, moment)
    except OverflowError:  # the calendar ends with the year 9999
        return None
    if found is None or (plan.ends_at is not None and found >= plan.ends_at):
        return None
    return found


def upcoming(plan: Timing, moment: datetime, *, anchor: datetime) -> Iterator[datetime]:
    """Yield the moments of a plan after `moment`, in order."""
    found = after(plan, moment, anchor=anchor)
    while found is not None:
        yield found
        found = after(plan, found, anchor=anchor)


def _every(every: timedelta, start: datetime, moment: datetime) -> datetime:
    if moment < start:
        return start
    return start + ((moment - start) // every + 1) * every


def _by_cron(plan: Timing, start: datetime, moment: datetime) -> datetime | None:
    # A start that is a moment of the plan itself counts.
    since = moment if moment >= start else start - timedelta(microseconds=1)
    zone = ZoneInfo(plan.timezone)
    ticks = CronSim(plan.cron or "", since.astimezone(zone))
    for tick in ticks:
        found = tick.astimezone(UTC)
        if found > since:
            return found
    return None
