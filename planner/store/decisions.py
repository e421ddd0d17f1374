"""Decisions: the log of every choice, kept whole and found by what people ask for."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from planner.decisions import DecidedBy, Decision, DecisionKind, OutcomeClass
from planner.errors import DecisionUnknown
from planner.store import bodies, cursors, tables
from planner.store.cursors import Page

_decisions = tables.decisions
_ORDER = cursors.Order("decisions", _decisions.c.ts, _decisions.c.decision_id)


def insert(tx: Connection, decision: Decision) -> None:
    """Log a decision that no run's lease covers, such as the routing of a goal."""
    tx.execute(sa.insert(_decisions).values(row_of(decision)))


def get(tx: Connection, decision_id: str) -> Decision:
    """Return one decision.

    Raises:
        DecisionUnknown: none has this id.
    """
    query = select(_decisions.c.body).where(_decisions.c.decision_id == decision_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise DecisionUnknown(decision_id)
    return _decision(row)


def of_run(tx: Connection, run_id: str) -> list[Decision]:
    """Return the decisions of a run in the order of its journal."""
    order = (_decisions.c.run_seq, _decisions.c.ts, _decisions.c.decision_id)
    query = select(_decisions.c.body).where(_decisions.c.run_id == run_id).order_by(*order)
    return [_decision(row) for row in tx.execute(query)]


def ids_of_run(tx: Connection, run_id: str) -> list[str]:
    """Return the ids of a run's decisions in the order of its journal."""
    order = (_decisions.c.run_seq, _decisions.c.ts, _decisions.c.decision_id)
    query = select(_decisions.c.decision_id).where(_decisions.c.run_id == run_id).order_by(*order)
    return list(tx.execute(query).scalars())


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
    }
    query = select(_decisions.c.body, _decisions.c.ts, _decisions.c.decision_id)
    query = query.where(*(_decisions.c[name] == value for name, value in wanted.items() if value is not None))
    if since is not None:
        query = query.where(_decisions.c.ts >= since)
    if until is not None:
        query = query.where(_decisions.c.ts < until)
    return cursors.newest_first(tx, query, _ORDER, make=_decision, cursor=cursor, limit=limit)


def row_of(decision: Decision) -> dict[str, Any]:
    """Return the row of a decision: the record itself, and the columns it is found by."""
    # The schema says which defaults were left out, so it is always kept.
    body = {"schema": decision.schema_} | decision.model_dump(mode="json", exclude_defaults=True)
    model = decision.model
    return {
        "decision_id": decision.decision_id,
        "run_id": decision.run_id,
        "run_seq": decision.run_seq,
        "kind": decision.kind,
        "point": decision.point,
        "workflow": decision.workflow.name if decision.workflow else None,
        "choice": decision.choice,
        "decided_by": decision.decided_by,
        "outcome_class": decision.outcome_class,
        "ts": decision.ts,
        "model": (model.responded or model.requested) if model else None,
        "body": bodies.encode(body),
    }


def _decision(row: Row[Any]) -> Decision:
    return Decision.model_validate(bodies.decode(row.body))
