"""Reusing: finding the approved plan that serves a goal again."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphs.framing import PlanRequest
from graphs.parts import Parts
from planner import routing, search
from planner.choosing import Where
from planner.definition import Workflow
from planner.planning import reuse
from planner.planning.edges import input_name
from planner.planning.frame import Frame
from planner.planning.plans import Plan
from planner.planning.reuse import Reused
from planner.store import decisions, workflows
from planner.store import plans as stored
from planner.store.plans import Framed

POINT = "goal/reuse"
"""Where in the log it stands that a goal was routed to a plan."""


class Served(NamedTuple):
    """An earlier plan, and the frame of the goal that it serves again."""

    plan: Plan
    frame: Frame
    told: Reused


async def by_frame(wanted: Frame, way: int | None, parts: Parts, tenant: str) -> Served | None:
    """Return the newest approved plan of the same frame.

    What a model sketched for a goal's words serves only the same words again.
    """
    found = await parts.database.read(stored.reusable, tenant, frame_sha256=reuse.key(wanted, way))
    for plan, frame in found:
        if plan.origin == "composed" or reuse.same_words(frame.goal, wanted.goal):
            return Served(plan, wanted, Reused(plan=plan.id, by="frame"))
    return None


async def by_goal(request: PlanRequest, parts: Parts, tenant: str, *, asks: bool) -> Served | None:
    """Return the approved plan that was made for the same words, or else that a model chooses, if it may.

    Only one within the very limits of the request: which ones the goal's words set nobody has told yet.
    """
    goal, have = request.goal, request.have
    limits = request.constraints, request.budget
    kept = await parts.database.read(stored.reusable, tenant)
    found = [each for each in kept if (each.frame.constraints, each.frame.budget) == limits]
    for plan, earlier in found:
        if goal and reuse.same_words(earlier.goal, goal):
            frame = reuse.with_values(earlier, goal, {**earlier.have, **have})
            if frame is not None:
                return Served(plan, frame, Reused(plan=plan.id, by="words"))
    if not asks or not _shares_words(goal, found):
        return None
    return await _routed(goal, have, parts, tenant, found)


def _shares_words(goal: str, found: Sequence[Framed]) -> bool:
    ranked = search.rank(goal, {each.plan.id: each.frame.goal for each in found})
    return any(each.score > 0 for each in ranked)


async def _routed(
    goal: str, have: Mapping[str, Any], parts: Parts, tenant: str, found: Sequence[Framed]
) -> Served | None:
    decider, now = parts.decider_of(tenant), parts.clock.now()
    by_name = {each.plan.workflow: each for each in found}
    offered: list[Workflow] = await parts.database.read(_workflows, [each.plan.sha256 for each in found])
    where = Where(parts.new_id(), "", tenant)
    routed = await routing.route(goal, offered, decider, where, now=now, point=POINT)
    decision = routed.decision
    if routed.workflow is None:
        await parts.database.write(decisions.insert, decision)
        return None
    plan, earlier = by_name[routed.workflow.workflow]
    given = {input_name(name): value for name, value in have.items()}
    filled = await routing.fill_input(goal, routed.workflow, given, decider)
    await parts.database.write(decisions.insert, decision.model_copy(update={"filled": filled.filled}))
    wanted = {input_name(name) for name in earlier.have}
    told = {name: value for name, value in filled.input.items() if name in wanted or name in given}
    frame = reuse.with_values(earlier, goal, told)
    if frame is None:
        return None
    return Served(plan, frame, Reused(plan=plan.id, by="route", decision_id=decision.decision_id))


def _workflows(tx: Any, sha256s: Sequence[str]) -> list[Workflow]:
    return [workflows.by_sha256(tx, sha256) for sha256 in sha256s]
