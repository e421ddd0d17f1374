"""Erasures: deleting the content of decisions for good, which leaves the chain whole and says so."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from planner.errors import LegalHold
from planner.runs import ENDED
from planner.store import holds, log, questions, sealing, snapshots, tables

_blobs, _decisions = tables.blobs, tables.decisions
_AT_ONCE = 500


class Erased(NamedTuple):
    """What was erased."""

    decisions: tuple[str, ...]
    contents: int
    """How many pieces of content there were."""
    seals: int = 0
    """How many sealed values of the run nobody can open any more; none while it has not ended."""


def erase(tx: Connection, identity: str, *, reason: str, actor: str, now: datetime) -> Erased:
    """Delete the content of a decision, or of every decision of a run, and log that it was done.

    With a run that has ended, what is sealed in it is deleted, too.

    Erasing again logs again, and finds nothing.

    Raises:
        DecisionUnknown: no decision and no run has this id.
        LegalHold: it is held; nothing was erased.
    """
    scope = holds.scope_of(tx, identity)
    column = _decisions.c.decision_id if scope == "decision" else _decisions.c.run_id
    query = select(_decisions.c.decision_id, _decisions.c.run_id).where(column == identity)
    found = tx.execute(query.order_by(_decisions.c.decision_id)).all()
    ids = [row.decision_id for row in found]
    concerned = {identity, *ids, *(row.run_id for row in found)}
    held = [hold.id for hold in holds.listed(tx) if hold.id in concerned]
    if held:
        raise LegalHold(held)
    contents = 0
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        contents += tx.execute(delete(_blobs).where(_blobs.c.decision_id.in_(some))).rowcount
        questions.forget(tx, some)
    seals = _unseal(tx, identity) if scope == "run" else 0
    record = {"scope": scope, "id": identity, "decisions": ids, "reason": reason, "actor": actor}
    log.append(tx, "erasure", record, ts=now)
    return Erased(tuple(ids), contents, seals)


def _unseal(tx: Connection, run_id: str) -> int:
    """Delete what is sealed in a run that has ended, and return how many values it was."""
    status = tx.execute(select(tables.runs.c.status).where(tables.runs.c.id == run_id)).scalar()
    if status not in ENDED:
        return 0
    by_run = (
        (tables.runs.c.sealed, tables.runs.c.id),
        (tables.runs.c.sealed_output, tables.runs.c.id),
        (tables.entries.c.sealed, tables.entries.c.run_id),
        (tables.questions.c.sealed, tables.questions.c.run_id),
    )
    found = 0
    for seal, run in by_run:
        held = update(seal.table).where(run == run_id, seal.is_not(None), seal != sealing.ERASED)
        found += tx.execute(held.values({seal: sealing.ERASED})).rowcount
    snapshots.forget(tx, run_id)
    return found
