"""Replanning: other ways for runs of plans, composed, checked, explored and kept, and the change to one."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graphs.drafting import Place
from graphs.parts import Parts
from graphs.simulating import Simulate
from planner import documents, effects
from planner.decisions import Offered, WorkflowRef
from planner.definition import Workflow
from planner.errors import WorkflowUnknown
from planner.journal import Append, Numbered
from planner.planning import manifest, replanning
from planner.planning.drafts import Draft
from planner.planning.plans import Plan, Simulation
from planner.planning.replanning import MOST_REPLANS, Allowed, Rest, Stand
from planner.runs import Run
from planner.store import journal, promotions, runs, snapshots, streams, versions, workflows
from planner.store import plans as stored
from planner.versions import planned
from tools.catalog import Catalog

ACTOR = "planner"
MOST_OPTIONS = 3
"""Ways that are explored for one choice, the cheapest ones."""


class Replans:
    """Finds other ways for the runs of one process."""

    def __init__(self, parts: Parts, simulate: Simulate) -> None:
        self._parts, self._simulate = parts, simulate

    async def allowed(self, run: Run, entries: Sequence[Numbered]) -> Allowed | None:
        """Return what a run may still do; None where it is no run of an approved plan."""
        plan = await self._parts.database.read(_plan, run)
        return None if plan is None else Allowed(MOST_REPLANS - len(_failed(entries)), plan.frame.want)

    async def options(
        self, run: Run, workflow: Workflow, failed: str, *, entries: Sequence[Numbered], catalog: Catalog
    ) -> tuple[Offered, ...]:
        """Return the ways that were found, each kept as a definition, or excluded with the reason."""
        plan = await self._parts.database.read(_plan, run)
        if plan is None:
            return ()
        found = effects.effects(entries)
        banned = {each.operation for each in found if each.path in {failed, *_failed(entries)}}
        away = {
            name
            for name, item in catalog.operations.items()
            if self._parts.caller.unavailable(item.service) is not None
        }
        stand = Stand(plan, workflow, failed, dict(run.input or {}), found, frozenset(banned | away))
        rests = await asyncio.to_thread(replanning.rests, stand, catalog, self._parts.policy)
        known = await self._parts.database.read(workflows.known)
        place = Place(workflow.workflow, catalog, known, plan.frame.constraints)
        return tuple([await self._offered(rest, stand, place) for rest in rests[:MOST_OPTIONS]])

    async def adopt(self, run: Run, option: str, at: Numbered) -> Numbered:
        """Let a run go on with an option, written down as this entry, and return the entry.

        Raises:
            LeaseLost: another worker owns the run now.
            WorkflowUnknown: no definition is kept under the option.
        """
        return await self._parts.database.write(_adopt, run, option, at)

    async def _offered(self, rest: Rest, stand: Stand, place: Place) -> Offered:
        """Return a way as an option, kept where it is right and was explored."""
        why = rest.excluded_by
        workflow = None
        if why is None:
            parsed = place.check(Draft(rest.definition))
            workflow = parsed.workflow
            why = str(parsed.problems[0]) if parsed.problems else None
        if workflow is None:
            name = f"{replanning.PREFIX}{'_'.join(rest.calls).replace('.', '_').lower()}"[:60]
            return Offered(id=name, means=rest.means, available=False, excluded_by=why)
        why = why or self._widened(workflow, stand, place)
        why = why or _worse(await self._simulate(workflow), stand.plan)
        if why is None:
            await self._parts.database.write(_keep, workflow, self._parts.clock.now())
        return Offered(
            id=replanning.option(workflow), means=rest.means, available=why is None, excluded_by=why
        )

    def _widened(self, workflow: Workflow, stand: Stand, place: Place) -> str | None:
        """Return how a whole definition could do more than what was approved, or None."""
        approved = stand.plan.manifest
        made = manifest.manifest(workflow, place.catalog, place.workflows, asked=stand.plan.frame.want)
        most = {} if approved is None else {each.operation: each.at_most for each in approved.changes}
        for change in made.changes:
            if change.operation not in most:
                return f"{change.operation} changes something that was not approved"
            allowed = most[change.operation]
            if allowed is not None and (change.at_most is None or change.at_most > allowed):
                return f"{change.operation} could take effect more than {allowed} times"
        return None


def _worse(found: Simulation, plan: Plan) -> str | None:
    """Return what exploring a way found that exploring the plan did not, or None."""
    if found.status == "NOT_RUN":
        return f"it was not explored: {'; '.join(found.reasons)}"
    if found.status == "INCOMPLETE" and not found.findings and plan.simulation.status == "COMPLETE":
        return f"it was not explored to the end: {'; '.join(found.reasons)}"
    known = {each.invariant for each in plan.simulation.findings}
    new = [each for each in found.findings if each.invariant not in known]
    return f"simulation found: {new[0].message}" if new else None


def _failed(entries: Sequence[Numbered]) -> set[str]:
    """Return the paths of the steps after whose failure a run was replanned."""
    return {entry.path for _, entry in entries if entry.kind == "repinned" and entry.path}


def _plan(tx: Any, run: Run) -> Plan | None:
    """Return the approved plan that a run follows, by its workflow's own name or its promoted one."""
    named = [
        plan
        for plan in promotions.promoted(tx, run.workflow.name)
        if plan.promotion is not None and planned(run.workflow.version) == plan.promotion.version
    ]
    found = stored.of_workflow(tx, run.workflow.name) or (named[0] if named else None)
    return found if found is not None and found.status == "approved" and found.manifest is not None else None


def _keep(tx: Any, workflow: Workflow, now: Any) -> None:
    """Register a way as a version that takes no runs by its own name."""
    if workflows.register(tx, workflow, source=documents.dump(workflow), now=now):
        versions.change(tx, workflow.workflow, workflow.version, "draining", actor=ACTOR, now=now)


def _adopt(tx: Any, run: Run, option: str, at: Numbered) -> Numbered:
    kept = (workflows.get(tx, run.workflow.name, each) for each in workflows.versions(tx, run.workflow.name))
    workflow = next((each for each in kept if replanning.option(each) == option), None)
    if workflow is None:
        raise WorkflowUnknown(run.workflow.name, option)
    ref = WorkflowRef(name=workflow.workflow, version=workflow.version, sha256=workflow.sha256)
    told = {"from": run.workflow.model_dump(), "to": ref.model_dump(), **at.entry.body}
    entry = Numbered(at.seq, at.entry._replace(body=told))
    unit = Append(run.id, run.epoch, (entry,))
    (refused,) = journal.append(tx, [journal.prepare(unit, at.entry.at, streams.of(tx).keeping)])
    if refused is not None:
        raise refused
    snapshots.forget(tx, run.id)
    runs.repin(tx, run.id, ref, run.catalog_revision)
    return entry
