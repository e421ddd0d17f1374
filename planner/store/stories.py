"""Stories: everything that is needed to tell how a run went."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from planner.decisions import Decision
from planner.errors import DecisionUnknown
from planner.journal import Numbered
from planner.runs import Run
from planner.store import decisions, journal, runs


class Known(NamedTuple):
    """A run, its journal, and the decisions that its journal names."""

    run: Run
    entries: Sequence[Numbered]
    decisions: Sequence[Decision]
    """Those of the run itself, and those that a fork took over from the run that it was forked from."""


def load(tx: Connection, run_id: str) -> Known:
    """Return everything that is known of how a run went.

    Raises:
        RunUnknown: no run has this id.
    """
    run, entries, own = runs.get(tx, run_id), journal.entries(tx, run_id), decisions.of_run(tx, run_id)
    held = {decision.decision_id for decision in own}
    named = [each.body["decision_id"] for _, each in entries if each.kind == "decision"]
    inherited = [_found(tx, each) for each in named if each not in held]
    return Known(run, entries, [*(each for each in inherited if each is not None), *own])


def _found(tx: Connection, decision_id: str) -> Decision | None:
    """Return a decision, or None where the log does not hold it any more."""
    try:
        return decisions.get(tx, decision_id)
    except DecisionUnknown:
        return None
