"""Promoting: making a named workflow of a plan whose runs were clean, on a person's word."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from graphs import planning
from graphs.parts import Parts
from planner import documents
from planner.definition import Workflow, WorkflowName
from planner.errors import NameTaken
from planner.planning import promotion
from planner.planning.errors import PlanClosed, PlanUntried
from planner.planning.plans import Plan
from planner.planning.policy import Policy
from planner.planning.promotion import Promotion
from planner.store import plans as stored
from planner.store import promotions, workflows
from tools.records import Record


class PromotionRequest(Record):
    """What a plan is to be called from now on."""

    name: WorkflowName
    """The workflow's name; one that another plan was promoted to before gets its next major version."""
    comment: str = Field(default="", max_length=10_000)
    """Why."""


async def promote(plan_id: str, wanted: PromotionRequest, parts: Parts, policy: Policy, *, by: str) -> Plan:
    """Let an approved plan be found and run by a name, and return it; this is the person's approval of that.

    Raises:
        PlanUnknown: none has this id.
        PlanClosed: it is not approved, or serves as a named workflow already.
        PlanVoid: something has changed since it was weighed.
        PlanUntried: its latest runs were too few, or not all clean.
        NameTaken: a workflow that was no plan bears the name.
    """
    plan = await parts.database.read(stored.get, plan_id)
    _check_open(plan)
    workflow = await parts.database.read(workflows.by_sha256, plan.sha256)
    await planning.check_same(plan, workflow, parts, policy)
    told = _Told(wanted, by, parts.clock.now(), policy.clean_runs)
    return await parts.database.write(_promote, plan_id, told)


class _Told(NamedTuple):
    wanted: PromotionRequest
    by: str
    at: datetime
    clean_runs: int


def _check_open(plan: Plan) -> None:
    made = plan.promotion
    if plan.status != "approved":
        raise PlanClosed(plan.id, plan.status, "promoted")
    if made is not None and made.stands:
        raise PlanClosed(plan.id, f"promoted to {made.workflow} {made.version}", "promoted again")


def _promote(tx: Any, plan_id: str, told: _Told) -> Plan:
    plan = stored.get(tx, plan_id)
    _check_open(plan)
    clean = _clean_runs(tx, plan, told.clean_runs)
    workflow = _named(tx, plan, told.wanted.name)
    made = Promotion(
        workflow=workflow.workflow,
        version=workflow.version,
        sha256=workflow.sha256,
        digest=plan.digest,
        by=told.by,
        at=told.at,
        comment=told.wanted.comment,
        runs=clean,
    )
    origin = f"# Promoted from plan {plan.id} by {told.by} at {told.at.isoformat()},\n"
    source = f"{origin}# after the clean runs {', '.join(clean)}.\n{documents.dump(workflow)}"
    workflows.register(tx, workflow, source=source, now=told.at)
    promoted = plan.model_copy(update={"promotion": made})
    stored.replace(tx, promoted, was=["approved"])
    return promoted


def _clean_runs(tx: Any, plan: Plan, wanted: int) -> tuple[str, ...]:
    """Return the ids of a plan's latest runs, all of them clean.

    Raises:
        PlanUntried: they are too few, or one of them was not.
    """
    own = workflows.by_sha256(tx, plan.sha256)
    found = promotions.ended(tx, own.workflow, own.version, limit=wanted)
    soiled = [why for each in found if (why := promotion.soiled(*each)) is not None]
    if len(found) < wanted or soiled:
        raise PlanUntried(plan.id, clean=len(found) - len(soiled), wanted=wanted, reasons=soiled)
    return tuple(each.run.id for each in found)


def _named(tx: Any, plan: Plan, name: str) -> Workflow:
    """Return the plan's workflow under its new name.

    Raises:
        NameTaken: a workflow that was no plan bears it.
    """
    before = [each.promotion for each in promotions.promoted(tx, name)]
    earlier = {made.version for made in before if made is not None}
    if not earlier.issuperset(workflows.versions(tx, name)):
        raise NameTaken("workflow", name)
    goals = [each.frame.goal for each in (plan, *stored.alike(tx, plan))]
    return promotion.named(plan.definition, name, earlier, goals)
