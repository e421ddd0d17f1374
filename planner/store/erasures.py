"""Erasures: deleting the content of decisions for good, which leaves the chain whole and says so."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from planner.errors import LegalHold
from planner.store import holds, log, questions, tables

_blobs, _decisions = tables.blobs, tables.decisions
_AT_ONCE = 500


class Erased(NamedTuple):
    """What was erased."""

    decisions: tuple[str, ...]
    contents: int
    """How many pieces of content there were."""


def erase(tx: Connection, identity: str, *, reason: str, actor: str, now: datetime) -> Erased:
    """Delete the content of a decision, or of every decision of a run, and log that it was done.

    Erasing again logs again, and finds nothing.

    Raises:
        DecisionUnknown: no decision, and no run that decided anything, has this id.
        LegalHold: it is held; nothing was erased.
    """
    scope = holds.scope_of(tx, identity)
    column = _decisions.c.decision_id if scope == "decision" else _decisions.c.run_id
    query = select(_decisions.c.decision_id, _decisions.c.run_id).where(column == identity)
    found = tx.execute(query.order_by(_decisions.c.decision_id)).all()
    ids = [row.decision_id for row in found]
    concerned = {*ids, *(row.run_id for row in found)}
    held = [hold.id for hold in holds.listed(tx) if hold.id in concerned]
    if held:
        raise LegalHold(held)
    contents = 0
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        contents += tx.execute(delete(_blobs).where(_blobs.c.decision_id.in_(some))).rowcount
        questions.forget(tx, some)
    record = {"scope": scope, "id": identity, "decisions": ids, "reason": reason, "actor": actor}
    log.append(tx, "erasure", record, ts=now)
    return Erased(tuple(ids), contents)
