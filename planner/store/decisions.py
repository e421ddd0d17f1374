"""Decisions: every choice in the log, put together again and found by what people ask for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection, select

from planner import clock
from planner.decisions import DecidedBy, Decision, DecisionKind, OutcomeClass
from planner.errors import DecisionUnknown, StoreUnavailable
from planner.log import envelopes
from planner.log.envelopes import Keeping, Sealed
from planner.store import cursors, rows, streams, tables
from planner.store.cursors import Page
from planner.store.statements import ByKeys, Insert

_decisions, _log, _blobs = tables.decisions, tables.log, tables.blobs
_TO_INDEX = Insert(_decisions)
_IDS = ByKeys(
    select(_decisions.c.decision_id).order_by(
        _decisions.c.run_seq, _decisions.c.ts, _decisions.c.decision_id
    ),
    _decisions.c.run_id,
)
_AT_ONCE = 500
"""Decisions put together with one query."""
_ORDER = cursors.Order("decisions", _decisions.c.ts, _decisions.c.decision_id)


class Logged(NamedTuple):
    """A decision ready to be written."""

    row: dict[str, Any]
    """What it is found by."""
    sealed: Sealed


def prepare(decision: Decision, keeping: Keeping) -> Logged:
    """Return a decision masked, sealed and ready to be written."""
    return Logged(rows.of_index(decision), envelopes.of_decision(decision, keeping, clock.new_salt))


def insert(tx: Connection, decision: Decision) -> None:
    """Log a decision that no run's lease covers, such as the routing of a goal."""
    insert_all(tx, [prepare(decision, streams.of(tx).keeping)])


def insert_all(tx: Connection, logged: Sequence[Logged]) -> None:
    """Log decisions; they are chained at the end of the transaction."""
    if logged:
        _TO_INDEX(tx, [each.row for each in logged])
        streams.of(tx).add([each.sealed for each in logged])


def get(tx: Connection, decision_id: str) -> Decision:
    """Return one decision.

    Raises:
        DecisionUnknown: none has this id.
    """
    found = of_ids(tx, [decision_id])
    if not found:
        raise DecisionUnknown(decision_id)
    return found[0]


def of_run(tx: Connection, run_id: str) -> list[Decision]:
    """Return the decisions of a run in the order of its journal."""
    return of_ids(tx, ids_of_run(tx, run_id))


def ids_of_run(tx: Connection, run_id: str) -> list[str]:
    """Return the ids of a run's decisions in the order of its journal."""
    return [decision_id for (decision_id,) in _IDS(tx, [run_id])]


def page(  # noqa: PLR0913 - every filter that the log can be asked with
    tx: Connection,
    *,
    workflow: str | None = None,
    point: str | None = None,
    kind: DecisionKind | None = None,
    decided_by: DecidedBy | None = None,
    outcome_class: OutcomeClass | None = None,
    choice: str | None = None,
    run_id: str | None = None,
    tenant: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[Decision]:
    """Return decisions, newest first, taken up at `since` or later and before `until`.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    wanted = {
        "workflow": workflow,
        "point": point,
        "kind": kind,
        "decided_by": decided_by,
        "outcome_class": outcome_class,
        "choice": choice,
        "run_id": run_id,
        "tenant": tenant,
    }
    query = select(_decisions.c.ts, _decisions.c.decision_id)
    query = query.where(*(_decisions.c[name] == value for name, value in wanted.items() if value is not None))
    if since is not None:
        query = query.where(_decisions.c.ts >= since)
    if until is not None:
        query = query.where(_decisions.c.ts < until)
    found = cursors.newest_first(
        tx, query, _ORDER, make=lambda row: str(row.decision_id), cursor=cursor, limit=limit
    )
    return Page(tuple(of_ids(tx, found.items)), found.next_cursor)


def of_ids(tx: Connection, ids: Sequence[str]) -> list[Decision]:
    """Return the decisions with these ids, in this order; ids of none are left out.

    Raises:
        StoreUnavailable: a record was changed so that it cannot be read.
    """
    found: dict[str, Decision] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found |= _some(tx, ids[start : start + _AT_ONCE])
    return [found[each] for each in ids if each in found]


def _some(tx: Connection, ids: Sequence[str]) -> dict[str, Decision]:
    contents: dict[str, dict[str, bytes]] = {}
    kept = select(_blobs.c.decision_id, _blobs.c.name, _blobs.c.bytes).where(_blobs.c.decision_id.in_(ids))
    for decision_id, name, content in tx.execute(kept):
        contents.setdefault(decision_id, {})[name] = content
    query = select(_log.c.decision_id, _log.c.body)
    query = query.where(_log.c.decision_id.in_(ids), _log.c.kind == "decision")
    return {each: _decision(each, body, contents.get(each, {})) for each, body in tx.execute(query)}


def _decision(decision_id: str, body: bytes, contents: dict[str, bytes]) -> Decision:
    try:
        return envelopes.to_decision(envelopes.decode(body), contents)
    except (ValidationError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise StoreUnavailable(
            f"the log's record of decision {decision_id} cannot be read, so it was changed after it was "
            "written; `planner decisions verify` tells where"
        ) from error
