"""Exports: every record of the log with its decision put together again, for other systems."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from planner.decisions import Decision
from planner.log.verification import Row
from planner.store import audits, decisions

_AT_ONCE = 500


class Exported(NamedTuple):
    """One record."""

    row: Row
    decision: Decision | None
    """None where it is a record of another kind."""


def records(tx: Connection, since: datetime | None = None) -> Iterator[Exported]:
    """Yield the records of that time or later, stream by stream in their order.

    Raises:
        StoreUnavailable: a record was changed so that it cannot be read.
    """
    waiting: list[Row] = []
    for row in audits.records(tx):
        if since is None or row.ts >= since:
            waiting.append(row)
        if len(waiting) == _AT_ONCE:
            yield from _whole(tx, waiting)
            waiting = []
    yield from _whole(tx, waiting)


def _whole(tx: Connection, rows: Sequence[Row]) -> Iterator[Exported]:
    ids = [row.decision_id for row in rows if row.kind == "decision" and row.decision_id]
    found = {decision.decision_id: decision for decision in decisions.of_ids(tx, ids)}
    for row in rows:
        yield Exported(row, found.get(row.decision_id or "") if row.kind == "decision" else None)
