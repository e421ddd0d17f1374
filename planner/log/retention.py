"""Retention: how long what is logged is kept, and what of a stream may go. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field, model_validator

from tools.records import Record

FLOOR_DAYS = 183
"""Six months, the shortest that the European AI Act lets logs of high-risk systems be kept."""


class Retention(Record):
    """How long the decision log is kept."""

    content_days: int = Field(default=30, ge=0)
    """How long content is kept: reasons, given data, raw answers, comments, error texts."""

    envelope_days: int = Field(default=400, ge=1)
    """How long the rest of a record is kept: what was offered, excluded and chosen, by whom, at what cost."""

    events_days: int = Field(default=30, ge=1)
    """How long events are kept for runs that may still receive them, and to be looked at."""

    floor_days: int = Field(default=FLOOR_DAYS, ge=0)
    """The shortest that `envelope_days` may be; 0 switches this guard off."""

    every_seconds: float = Field(default=86_400.0, ge=0)
    """How often a server deletes what was kept long enough; 0 leaves it to `planner decisions purge`."""

    @model_validator(mode="after")
    def _above_the_floor(self) -> "Retention":
        if self.envelope_days < self.floor_days:
            raise ValueError(
                f"envelope_days is {self.envelope_days}, below the floor of {self.floor_days} days; "
                "raise it, or lower floor_days knowingly"
            )
        if self.content_days > self.envelope_days:
            raise ValueError("content_days is more than envelope_days, and content goes with its record")
        return self

    def content_expires(self, ts: datetime) -> datetime:
        """Return when the content of a decision of that time is to be deleted."""
        return ts + timedelta(days=self.content_days)

    def envelope_cutoff(self, now: datetime) -> datetime:
        """Return the time before which records are to be deleted."""
        return now - timedelta(days=self.envelope_days)


class Aged(NamedTuple):
    """A record of one stream, as far as its age is concerned."""

    seq: int
    ts: datetime
    decision_id: str | None
    run_id: str | None


def prunable(records: Iterable[Aged], before: datetime, held: Collection[str]) -> Aged | None:
    """Return the last record of a stream's beginning that may be deleted, or None.

    A chain can only lose its beginning, so the first record that is younger, or that a legal hold on its
    decision or run protects, keeps everything after it.
    """
    last = None
    for record in records:
        if record.ts >= before or record.decision_id in held or record.run_id in held:
            break
        last = record
    return last
