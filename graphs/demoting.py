"""Demoting: taking a promoted workflow out of service once its plan does not hold, or it fails too often."""

import contextlib
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graphs.parts import Parts
from planner.errors import PlannerError
from planner.planning import plans, promotion
from planner.planning.plans import Plan
from planner.planning.policy import Policy
from planner.planning.promotion import Demotion
from planner.runs import Run
from planner.store import plans as stored
from planner.store import promotions, versions, workflows
from planner.versions import planned

log = logging.getLogger(__name__)

ACTOR = "planner"
"""Who drains the version of a workflow that is demoted."""


async def review(parts: Parts) -> None:
    """Demote every promoted workflow whose plan no longer is what was approved."""
    for plan in await parts.database.read(promotions.promoted):
        if plan.promotion is not None and plan.promotion.stands:
            workflow = await parts.database.read(workflows.by_sha256, plan.sha256)
            reasons = plans.changed(plan, workflow, parts.catalog, parts.policy)
            if reasons:
                await parts.database.write(void, plan, reasons, parts.clock.now())


async def after(run: Run, parts: Parts) -> None:
    """Demote the promoted workflow of a run that ended badly, if too many of its latest runs did."""
    with contextlib.suppress(PlannerError):
        await parts.database.write(_weigh, run, parts.policy, parts.clock.now())


def void(tx: Any, plan: Plan, reasons: Sequence[str], at: datetime) -> None:
    """Write down that a plan is no longer what was weighed; its workflow takes no runs by any name."""
    changed = plan.model_copy(update={"status": "void"})
    if stored.replace(tx, changed, was=[plan.status]):
        demote(tx, changed, reasons, at)


def demote(tx: Any, plan: Plan, reasons: Sequence[str], at: datetime) -> None:
    """Let the named workflow that a plan became take no more runs, and write down why."""
    made = plan.promotion
    if made is None or not made.stands:
        return
    told = made.model_copy(update={"demoted": Demotion(at=at, reasons=tuple(reasons))})
    stored.replace(tx, plan.model_copy(update={"promotion": told}), was=[plan.status])
    versions.change(tx, made.workflow, made.version, "draining", actor=ACTOR, now=at)
    log.warning("workflow demoted", extra={"workflow": made.workflow, "plan_id": plan.id, "why": reasons})


def _weigh(tx: Any, run: Run, rules: Policy, at: datetime) -> None:
    for plan in promotions.promoted(tx, run.workflow.name):
        made = plan.promotion
        if made is not None and made.stands and made.version == planned(run.workflow.version):
            found = promotions.statuses(tx, made.workflow, made.version, limit=rules.of_runs)
            why = promotion.failing(found, rules)
            if why is not None:
                demote(tx, plan, (why,), at)
