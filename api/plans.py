"""Plans: from a goal to a workflow that is looked at, approved and run."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api import beginning, bodies, ownership
from api.dependencies import (
    Caller,
    Cursor,
    EveryTenant,
    IdempotencyKey,
    Limit,
    Parts,
    PreferWait,
    Store,
    TenantFilter,
)
from api.requests import PlanInput, PlanPromotion, PlanVerdict
from api.schemas import Paged, RunDetail
from graphs import planning, promoting
from graphs.framing import PlanRequest
from graphs.intake import Begun
from graphs.planning import Made
from planner.planning.comparison import Comparison
from planner.planning.plans import Plan, PlanStatus
from planner.store import cursors, plans

router = APIRouter(prefix="/plans", tags=["plans"])

_WANTED = {
    "by what must come of it": {
        "goal": "Pay the customer back and say so.",
        "want": ["payments.refund", "notifications.send"],
        "have": {"order_id": "o-1001"},
    }
}


@router.post("", status_code=201, openapi_extra=bodies.documented(PlanRequest, _WANTED))
async def make_plan(
    wanted: Annotated[PlanRequest, Depends(bodies.json_of(PlanRequest))],
    parts: Parts,
    caller: Caller,
    key: IdempotencyKey,
    response: Response,
) -> Plan:
    """Turn a goal into a workflow, explore it, and tell what it may do and what can go wrong."""
    own = wanted.model_copy(update={"tenant": ownership.tenant(caller, wanted.tenant)})

    async def make(key_: str | None) -> Made:
        return await planning.make_once(own, parts.parts, parts.planning, by=caller.name, key=key_)

    made = await beginning.once(make, parts, caller, key=key, response=response)
    response.headers["Location"] = f"/v1/plans/{made.plan.id}"
    return made.plan


@router.get("")
async def list_plans(
    store: Store,
    tenant: TenantFilter,
    status: PlanStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = cursors.LIMIT,
) -> Paged[Plan]:
    """List plans, newest first."""
    page = await store.read(plans.page, tenant=tenant, status=status, cursor=cursor, limit=limit)
    return Paged(items=page.items, next_cursor=page.next_cursor)


@router.get("/{plan_id}")
async def get_plan(plan_id: str, store: Store) -> Plan:
    """Return a plan: its workflow, what it may do, what can go wrong, and how it stands."""
    return await store.read(plans.get, plan_id)


@router.get("/{plan_id}/comparison")
async def compare_plan(
    plan_id: str,
    store: Store,
    parts: Parts,
    earlier: Annotated[
        str | None, Query(alias="with", description="Id of another plan of the tenant")
    ] = None,
) -> Comparison:
    """Tell what is other than in the plan that was approved last for the same goal; all, where none was."""
    return await store.read(planning.compared, plan_id, parts.planning.policy, earlier_id=earlier)


@router.post("/{plan_id}/approval")
async def judge_plan(
    plan_id: str,
    verdict: Annotated[PlanVerdict, Depends(bodies.json_of(PlanVerdict))],
    parts: Parts,
    caller: Caller,
) -> Plan:
    """Approve a plan as it is, or reject it; once it, a contract or the policy changes, that is void."""
    return await planning.judge(
        plan_id,
        parts.parts,
        parts.planning,
        approved=verdict.approved,
        by=ownership.actor(caller, verdict.actor),
        comment=verdict.comment,
    )


@router.post("/{plan_id}/promotion", status_code=201, dependencies=[EveryTenant])
async def promote_plan(
    plan_id: str,
    wanted: Annotated[PlanPromotion, Depends(bodies.json_of(PlanPromotion))],
    parts: Parts,
    caller: Caller,
    response: Response,
) -> Plan:
    """Make a named workflow of a plan whose latest runs were clean; a person says so."""
    who = ownership.actor(caller, wanted.actor)
    promoted = await promoting.promote(plan_id, wanted, parts.parts, parts.planning.policy, by=who)
    response.headers["Location"] = f"/v1/workflows/{wanted.name}"
    return promoted


@router.post("/{plan_id}/runs", status_code=201)
async def run_plan(  # noqa: PLR0917 - what the framework hands over
    plan_id: str,
    wanted: Annotated[PlanInput, Depends(bodies.json_of(PlanInput))],
    parts: Parts,
    caller: Caller,
    key: IdempotencyKey,
    wait: PreferWait,
    response: Response,
) -> RunDetail:
    """Begin a run of an approved plan, if it is still what was approved."""

    async def begun(own: str | None) -> Begun:
        opened = parts.parts, parts.dispatcher, parts.planning
        return await planning.begin(plan_id, *opened, given=wanted.input, by=caller.name, key=own)

    return await beginning.begun(begun, parts, caller, key=key, wait=wait, response=response)
