"""Snapshots: where runs stood when they parked; each run has the latest one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from planner import bodies
from planner.log.envelopes import Keeping
from planner.snapshots import Snapshot
from planner.store import sealing, tables
from planner.store.sealing import Spot
from planner.store.statements import Insert

_snapshots = tables.snapshots
_TO_SNAPSHOTS = Insert(_snapshots, replaces=("seq", "body", "sealed"))
_PLACE = "snapshot"


def load(tx: Connection, run_id: str) -> Snapshot | None:
    """Return where a run stood when it parked last; for the engine alone.

    Raises:
        SealBroken: it is sealed, and cannot be opened.
    """
    row = tx.execute(select(_snapshots).where(_snapshots.c.run_id == run_id)).one_or_none()
    if row is None:
        return None
    sealed = row.sealed is not None
    text = sealing.opened(row.sealed, sealing.keeping_of(tx), Spot(run_id, _PLACE)) if sealed else row.body
    return Snapshot(row.seq, bodies.decode(text))


def row_of(run_id: str, snapshot: Snapshot | None, keeping: Keeping) -> dict[str, Any] | None:
    """Return the row of a snapshot that is worth keeping.

    Raises:
        TypeError: something in it is no JSON.
    """
    if snapshot is None:
        return None
    text = bodies.encode(snapshot.body)
    if not snapshot.is_worth(len(text)):
        return None
    seals = keeping.seals
    sealed = None if seals is None else seals.seal(text, run_id, _PLACE)
    return {
        "run_id": run_id,
        "seq": snapshot.seq,
        "body": text if sealed is None else None,
        "sealed": sealed,
    }


def keep(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep snapshots in the place of those before."""
    _TO_SNAPSHOTS(tx, rows)


def forget(tx: Connection, run_id: str) -> None:
    """Forget where a run stood, since its journal says something else now."""
    tx.execute(delete(_snapshots).where(_snapshots.c.run_id == run_id))
