"""Rows: what the log's records look like in their tables. Pure."""

from typing import Any

from planner import budgets
from planner.budgets import Spent
from planner.decisions import Decision
from planner.log.chain import Link
from planner.log.envelopes import Sealed

NANO = 9
"""Places of the decimal fraction of a US dollar that are kept."""


def of_log(stream: str, record: Sealed, link: Link) -> dict[str, Any]:
    """Return the row of a chained record."""
    return {
        "stream": stream,
        "seq": link.seq,
        "ts": record.ts,
        "kind": record.kind,
        "decision_id": record.decision_id,
        "body": record.body,
        "prev_hash": link.prev_hash,
        "hash": link.hash,
    }


def of_blobs(record: Sealed) -> list[dict[str, Any]]:
    """Return the rows of a record's erasable content."""
    return [
        {
            "decision_id": record.decision_id,
            "name": blob.name,
            "salt": blob.salt,
            "bytes": blob.content,
            "expires_at": record.expires_at,
        }
        for blob in record.blobs
    ]


def of_index(decision: Decision) -> dict[str, Any]:
    """Return the columns that a decision is found by."""
    model = decision.model
    return {
        "decision_id": decision.decision_id,
        "run_id": decision.run_id,
        "run_seq": decision.run_seq,
        "tenant": decision.tenant,
        "kind": decision.kind,
        "point": decision.point,
        "workflow": decision.workflow.name if decision.workflow else None,
        "choice": decision.choice,
        "decided_by": decision.decided_by,
        "outcome_class": decision.outcome_class,
        "ts": decision.ts,
        "model": (model.responded or model.requested) if model else None,
        **of_cost(budgets.of_decision(decision)),
    }


def of_cost(spent: Spent) -> dict[str, int]:
    """Return the columns that tell what asking cost."""
    return {
        "model_calls": spent.model_calls,
        "tokens": spent.tokens,
        "nano_usd": int(spent.cost_usd.scaleb(NANO)),
    }
