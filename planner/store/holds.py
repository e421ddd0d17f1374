"""Holds: legal holds on runs and decisions, which neither erasure nor purge may touch."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime
from sqlalchemy import Connection, delete, insert, select

from planner.errors import DecisionUnknown
from planner.store import log, tables
from tools.records import Record

_holds, _decisions = tables.holds, tables.decisions
_runs = select(tables.runs.c.id)


class Hold(Record):
    """One legal hold."""

    id: str
    """Of the run or decision."""
    scope: Literal["run", "decision"]
    reason: str
    actor: str
    """Id of who set it."""
    created_at: AwareDatetime


def put(tx: Connection, identity: str, *, reason: str, actor: str, now: datetime) -> Hold:
    """Hold a run or a decision; holding it again changes nothing.

    Raises:
        DecisionUnknown: no decision and no run has this id.
    """
    found = next((hold for hold in listed(tx) if hold.id == identity), None)
    if found is not None:
        return found
    hold = Hold(id=identity, scope=scope_of(tx, identity), reason=reason, actor=actor, created_at=now)
    tx.execute(insert(_holds).values(hold.model_dump()))
    _log(tx, hold, "set", actor=actor, now=now)
    return hold


def release(tx: Connection, identity: str, *, actor: str, now: datetime) -> bool:
    """Release a hold; return whether there was one."""
    found = next((hold for hold in listed(tx) if hold.id == identity), None)
    if found is None:
        return False
    tx.execute(delete(_holds).where(_holds.c.id == identity))
    _log(tx, found, "released", actor=actor, now=now)
    return True


def listed(tx: Connection) -> list[Hold]:
    """Return every hold, the oldest first."""
    query = select(_holds).order_by(_holds.c.created_at, _holds.c.id)
    return [Hold(**row._asdict()) for row in tx.execute(query)]


def scope_of(tx: Connection, identity: str) -> Literal["run", "decision"]:
    """Return what has this id.

    Raises:
        DecisionUnknown: no decision and no run has this id.
    """
    if tx.execute(select(_decisions.c.run_id).where(_decisions.c.decision_id == identity)).first():
        return "decision"
    decided = select(_decisions.c.run_id).where(_decisions.c.run_id == identity)
    of_run = (decided, _runs.where(tables.runs.c.id == identity))
    if any(tx.execute(query).first() for query in of_run):
        return "run"
    raise DecisionUnknown(identity)


def _log(tx: Connection, hold: Hold, what: str, *, actor: str, now: datetime) -> None:
    record = {"what": what, "id": hold.id, "scope": hold.scope, "reason": hold.reason, "actor": actor}
    log.append(tx, "hold", record, ts=now)
