"""Promotions: plans that serve as named workflows, and the runs that speak for or against them."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from planner import effects
from planner.decisions import Decision
from planner.effects import Effect
from planner.planning.plans import Plan
from planner.runs import ENDED, Run, RunStatus
from planner.store import decisions, journal, plans, runs, tables
from planner.versions import REST

_plans, _runs = tables.plans, tables.runs


class Ended(NamedTuple):
    """A run that ended, and what was written down of it."""

    run: Run
    decisions: list[Decision]
    effects: list[Effect]


def promoted(tx: Connection, workflow: str | None = None) -> list[Plan]:
    """Return the plans that were promoted, or those to the workflow of this name; demoted ones, too."""
    is_wanted = _plans.c.promoted_as.is_not(None) if workflow is None else _plans.c.promoted_as == workflow
    ids = tx.execute(select(_plans.c.id).where(is_wanted).order_by(_plans.c.id)).scalars()
    return [plans.get(tx, plan_id) for plan_id in ids]


def ended(tx: Connection, workflow: str, version: str, *, limit: int) -> list[Ended]:
    """Return the latest live runs that began with a version and ended, the newest first."""
    ids = tx.execute(_latest(workflow, version, limit, _runs.c.id)).scalars()
    return [
        Ended(
            runs.get(tx, run_id),
            decisions.of_run(tx, run_id),
            effects.effects(journal.entries(tx, run_id)),
        )
        for run_id in ids
    ]


def statuses(tx: Connection, workflow: str, version: str, *, limit: int) -> list[RunStatus]:
    """Return how the latest live runs that began with a version ended, the newest first."""
    return list(tx.execute(_latest(workflow, version, limit, _runs.c.status)).scalars())


def _latest(workflow: str, version: str, limit: int, column: Any) -> Any:
    replanned = _runs.c.version.startswith(f"{version}{REST}", autoescape=True)
    same = (_runs.c.workflow == workflow, or_(_runs.c.version == version, replanned), _runs.c.mode == "live")
    query = select(column).where(*same, _runs.c.status.in_(sorted(ENDED)))
    return query.order_by(_runs.c.created_at.desc(), _runs.c.id.desc()).limit(limit)
