"""Purges: deleting what has been kept long enough, with an anchor where a stream now begins."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, text

from planner.log import envelopes, retention
from planner.log.retention import Aged, Retention
from planner.store import holds, log, tables
from tools.records import Record

_log, _blobs, _decisions, _heads = tables.log, tables.blobs, tables.decisions, tables.heads
_AT_ONCE = 500


class Purged(Record):
    """What a purge deleted."""

    contents: int
    """Pieces of content."""
    records: int
    """Records of the log."""
    anchors: tuple[dict[str, Any], ...] = ()
    """Where the streams that lost their beginning now begin: stream, and number and hash of the last
    record that is gone."""


def purge(tx: Connection, kept: Retention, now: datetime) -> Purged:
    """Delete content and records that were kept long enough and are not held; log it if there were any."""
    held = {hold.id for hold in holds.listed(tx)}
    contents = _purge_contents(tx, held, now)
    before = kept.envelope_cutoff(now)
    ends = {stream: end for stream, end in _ends(tx, held, before) if end is not None}
    anchors = _carried(tx, ends) if ends else {}
    records = 0
    if ends:
        with _lifted(tx):
            for stream, end in ends.items():
                anchors[stream] = _anchor(tx, stream, end.seq)
                records += _cut(tx, stream, end.seq)
    found = Purged(contents=contents, records=records, anchors=tuple(anchors.values()))
    if contents or records:
        told = {"content_until": envelopes.stamp(now), "records_before": envelopes.stamp(before)}
        log.append(tx, "purge", found.model_dump(mode="json") | told, ts=now)
    return found


def _purge_contents(tx: Connection, held: set[str], now: datetime) -> int:
    query = select(_blobs.c.decision_id, _decisions.c.run_id).distinct()
    query = query.join(_decisions, _decisions.c.decision_id == _blobs.c.decision_id, isouter=True)
    due = tx.execute(query.where(_blobs.c.expires_at <= now)).all()
    ids = [row.decision_id for row in due if not {row.decision_id, row.run_id} & held]
    expired = _blobs.c.expires_at <= now
    return sum(
        tx.execute(delete(_blobs).where(expired, _blobs.c.decision_id.in_(some))).rowcount
        for some in _some(ids)
    )


def _ends(tx: Connection, held: set[str], before: datetime) -> Iterator[tuple[str, Aged | None]]:
    """Yield how far each stream that has old records may be cut."""
    streams = tx.execute(select(_log.c.stream).where(_log.c.ts < before).distinct()).scalars().all()
    for stream in streams:
        query = select(_log.c.seq, _log.c.ts, _log.c.decision_id, _decisions.c.run_id)
        query = query.join(_decisions, _decisions.c.decision_id == _log.c.decision_id, isouter=True)
        rows = tx.execute(query.where(_log.c.stream == stream).order_by(_log.c.seq))
        yield stream, retention.prunable((Aged(*row) for row in rows), before, held)
        rows.close()


def _carried(tx: Connection, ends: dict[str, Aged]) -> dict[str, dict[str, Any]]:
    """Return the anchors of purge records that are themselves about to go, the latest of each stream."""
    carried: dict[str, dict[str, Any]] = {}
    query = select(_log.c.stream, _log.c.seq, _log.c.body).where(_log.c.kind == "purge").order_by(_log.c.ts)
    for stream, seq, body in tx.execute(query):
        if stream in ends and seq <= ends[stream].seq:
            anchors = envelopes.decode(body)["record"]["anchors"]
            carried |= {anchor["stream"]: anchor for anchor in anchors}
    return carried


def _anchor(tx: Connection, stream: str, seq: int) -> dict[str, Any]:
    found = tx.execute(select(_log.c.hash).where(_log.c.stream == stream, _log.c.seq == seq)).scalar_one()
    return {"stream": stream, "seq": seq, "hash": found.hex()}


def _cut(tx: Connection, stream: str, seq: int) -> int:
    """Delete a stream's beginning with everything that is kept beside it."""
    gone = (_log.c.stream == stream, _log.c.seq <= seq)
    query = select(_log.c.decision_id).where(*gone, _log.c.kind == "decision")
    for some in _some(tx.execute(query).scalars().all()):
        tx.execute(delete(_blobs).where(_blobs.c.decision_id.in_(some)))
        tx.execute(delete(_decisions).where(_decisions.c.decision_id.in_(some)))
    return tx.execute(delete(_log).where(*gone)).rowcount


def _some(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


@contextmanager
def _lifted(tx: Connection) -> Iterator[None]:
    """Let this transaction delete records of the log; no other one notices."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SET LOCAL planner.purging = 'on'"))
        yield
        tx.execute(text("SET LOCAL planner.purging = 'off'"))
        return
    guard: Row[Any] = tx.execute(text("SELECT sql FROM sqlite_master WHERE name = 'log_no_delete'")).one()
    tx.exec_driver_sql("DROP TRIGGER log_no_delete")
    yield
    tx.exec_driver_sql(guard.sql)
