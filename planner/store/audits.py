"""Audits: the rows of the log and of everything beside it, read for a verification."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from planner.log import envelopes, verification
from planner.log.chain import Tip
from planner.log.findings import Report
from planner.log.heads import Head, Keyring
from planner.log.verification import Kept, Row
from planner.store import tables

_log, _blobs, _decisions, _heads = tables.log, tables.blobs, tables.decisions, tables.heads
_AT_ONCE = 500
"""Records that are read at once."""


def verify(tx: Connection, exported: Sequence[Head] = (), keys: Keyring | None = None) -> Report:
    """Return what is wrong with the log, as one consistent state of the database shows it."""
    witnesses = select(*_columns()).where(_log.c.kind.in_(verification.WITNESSES))
    told = verification.told_by(
        Row(*row) for row in tx.execute(witnesses.order_by(_log.c.stream, _log.c.seq))
    )
    return verification.verify(
        _kept(tx),
        told,
        ends=ends(tx),
        exported=exported,
        keys=keys,
        indexed=tx.execute(select(func.count()).select_from(_decisions)).scalar_one(),
    )


def ends(tx: Connection) -> dict[str, Tip]:
    """Return where each stream ends."""
    return {
        row.stream: Tip(row.seq, row.hash) for row in tx.execute(select(_heads).order_by(_heads.c.stream))
    }


def heads(tx: Connection, now: datetime) -> list[Head]:
    """Return where each stream ends, unsigned."""
    return [
        Head(stream=stream, seq=tip.seq, hash=tip.hash.hex(), time=now) for stream, tip in ends(tx).items()
    ]


def unwitnessed(tx: Connection) -> set[str]:
    """Return the streams whose last record is more than a look at the others."""
    last = (_log.c.stream == _heads.c.stream) & (_log.c.seq == _heads.c.seq)
    query = select(_heads.c.stream).join(_log, last).where(_log.c.kind != "head")
    return set(tx.execute(query).scalars())


def records(tx: Connection) -> Iterator[Row]:
    """Yield every record, sorted by stream and number."""
    streams = tx.execute(select(_log.c.stream).distinct().order_by(_log.c.stream)).scalars().all()
    for stream in streams:
        after = -1
        while rows := _some(tx, stream, after):
            yield from rows
            after = rows[-1].seq


def contents(tx: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
    """Return the content of decisions that is still there: name, salt and bytes."""
    found: dict[str, list[Any]] = {}
    for row in tx.execute(select(_blobs).where(_blobs.c.decision_id.in_(ids))):
        found.setdefault(row.decision_id, []).append(row)
    return found


def _kept(tx: Connection) -> Iterator[Kept]:
    waiting: list[Row] = []
    for row in records(tx):
        waiting.append(row)
        if len(waiting) == _AT_ONCE:
            yield from _beside(tx, waiting)
            waiting = []
    yield from _beside(tx, waiting)


def _beside(tx: Connection, rows: Sequence[Row]) -> Iterator[Kept]:
    own = {"decision", "override"}
    ids = [row.decision_id for row in rows if row.kind in own and row.decision_id is not None]
    found = contents(tx, ids)
    query = select(_decisions).where(_decisions.c.decision_id.in_(ids))
    columns = {row.decision_id: row._asdict() for row in tx.execute(query)}
    for row in rows:
        yield Kept(row, _digests(row, found), columns.get(row.decision_id or ""))


def _digests(row: Row, found: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Return the digests of a record's own content; an override's lies beside that of its decision."""
    own = f"override@{envelopes.stamp(row.ts)}" if row.kind == "override" else None
    return {
        blob.name: envelopes.digest(blob.salt, blob.bytes)
        for blob in found.get(row.decision_id or "", ())
        if (blob.name == own if own else "@" not in blob.name)
    }


def _some(tx: Connection, stream: str, after: int) -> list[Row]:
    query = select(*_columns()).where(_log.c.stream == stream, _log.c.seq > after).order_by(_log.c.seq)
    return [Row(*row) for row in tx.execute(query.limit(_AT_ONCE))]


def _columns() -> list[Any]:
    return [_log.c[name] for name in Row._fields]
