"""Intake: from a request for a workflow, or only a goal, to a run that moves."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from graphs.dispatch import Dispatcher
from graphs.parts import Parts
from planner import routing, tenants
from planner.choosing import Where
from planner.decisions import Decision, WorkflowRef, digest
from planner.definition import Workflow
from planner.errors import InputInvalid, NotPermitted, QueueFull, RouteUnclear
from planner.routing import Routed
from planner.runs import Run
from planner.store import decisions, keys, runs, sharing, versions, workflows
from planner.tenants import TenantName
from planner.validation import permits
from tools import schemas
from tools.problems import Problem
from tools.records import Record


class RunRequest(Record):
    """What a caller wants to be run."""

    workflow: str | None = None
    """Name of a registered workflow; without it the goal is routed."""
    version: str | None = None
    """Its version; the newest unless told."""
    goal: str | None = None
    """What is wanted, in words."""
    input: dict[str, Any] | None = None
    """The run's input; with only a goal, the model reads the rest out of the goal."""
    tenant: TenantName | None = None
    """Whose run it will be; the caller's own, or `default`, unless told."""


class _Prepared(NamedTuple):
    run: Run
    workflow: Workflow
    decision: Decision | None


class _Moved(Exception):
    """New runs get another definition than the last one did."""


class Begun(NamedTuple):
    """The run that a request began, or had begun before."""

    run: Run
    created: bool
    """False when the Idempotency-Key brought back an earlier run."""
    decision_ids: tuple[str, ...] = ()
    """Decisions that beginning it caused."""


async def begin(
    request: RunRequest,
    parts: Parts,
    dispatcher: Dispatcher | None,
    *,
    started_by: str,
    key: str | None = None,
    also: Callable[[Any, Run], None] | None = None,
    definition: Workflow | None = None,
) -> Begun:
    """Write the run down and begin to move it; without a dispatcher it waits for whoever takes it up.

    Args:
        request: what is wanted.
        parts: what it works with.
        dispatcher: what moves the run.
        started_by: who wants it.
        key: what tells a repeated request.
        also: what is done with the run in the transaction that begins it; what it raises lets none begin.
        definition: the workflow, where it was found already and may be run whatever state its version is in.

    Raises:
        WorkflowUnknown: no such workflow is registered.
        VersionClosed: the version wanted, or every one of the workflow, takes no new runs.
        NotPermitted: it calls what its tenant may not.
        InputInvalid: the input does not fit; each problem names its field.
        RouteUnclear: the goal leads to no workflow; holds the candidates.
        KeyReused: the key came with another request.
        QueueFull: too many runs wait to be taken up.
    """
    earlier = await replayed(request, parts, started_by=started_by, key=key)
    if earlier is not None:
        return earlier
    await _check_room(parts, request.tenant or tenants.DEFAULT)
    told = {"key": key, "request_sha256": None if key is None else _hash(request, started_by)}
    last = None if definition is not None else _last(request, parts)
    if last is not None:
        with contextlib.suppress(_Moved, InputInvalid, NotPermitted):
            prepared = await _prepare(request, parts, started_by, last)
            still = _if_current(request, parts, last, also)
            return await _write(prepared, parts, dispatcher, also=still, **told)
    prepared = await _prepare(request, parts, started_by, definition)
    if definition is None and request.workflow is not None:
        parts.newest[request.workflow, request.version] = prepared.workflow
    return await _write(prepared, parts, dispatcher, also=also, **told)


async def _write(prepared: _Prepared, parts: Parts, dispatcher: Dispatcher | None, **more: Any) -> Begun:
    run, workflow, decision = prepared
    await check_permit(workflow, run.tenant, parts)
    if dispatcher is None:
        kept = await parts.database.write(runs.create, run, **more)
    else:
        kept = await dispatcher.begin(run, workflow, **more)
    ids = () if decision is None else (decision.decision_id,)
    return Begun(kept, created=kept.id == run.id, decision_ids=ids)


def _last(request: RunRequest, parts: Parts) -> Workflow | None:
    """Return what the same name and version led to last, so that it need not be looked up beforehand."""
    return None if request.workflow is None else parts.newest.get((request.workflow, request.version))


def _if_current(
    request: RunRequest, parts: Parts, last: Workflow, also: Callable[[Any, Run], None] | None
) -> Callable[[Any, Run], None]:
    """Return what makes sure, in the transaction that begins a run, that it has the current definition.

    It raises _Moved where they get another one, and what `versions.current` raises.
    """

    def check(tx: Any, run: Run) -> None:
        now = versions.current(tx, request.workflow or "", request.version, known=parts.definitions)
        if now.sha256 != last.sha256:
            raise _Moved
        if also is not None:
            also(tx, run)

    return check


async def check_permit(workflow: Workflow, tenant: str, parts: Parts) -> None:
    """Return where a workflow calls nothing that its tenant may not, by itself or in those that it runs.

    Raises:
        NotPermitted: it does.
    """
    beyond = (await _beyond([workflow], tenant, parts)).get(workflow.workflow)
    if beyond:
        raise NotPermitted(workflow.workflow, tenant, beyond)


async def _beyond(found: Iterable[Workflow], tenant: str, parts: Parts) -> dict[str, list[Problem]]:
    """Return by name what workflows call although the tenant may not; nothing of those that keep within."""
    permit = parts.permits.get(tenant)
    if permit is None:
        return {}
    known = await parts.database.read(workflows.known)
    of, catalog = f"the permit of tenant {tenant}", parts.catalog
    beyond = {
        each.workflow: permits.beyond(each, permit, of=of, catalog=catalog, workflows=known) for each in found
    }
    return {name: problems for name, problems in beyond.items() if problems}


async def replayed(request: RunRequest, parts: Parts, *, started_by: str, key: str | None) -> Begun | None:
    """Return the run that the same request began under this key; None where it began none.

    Raises:
        KeyReused: the key came with another request.
    """
    if key is None:
        return None
    sha256 = _hash(request, started_by)
    run_id = await parts.database.read(keys.find, key, request_sha256=sha256)
    return None if run_id is None else Begun(await parts.database.read(runs.get, run_id), created=False)


def _hash(request: RunRequest, started_by: str) -> str:
    return digest([started_by, _said(request)])


def _said(request: RunRequest) -> dict[str, Any]:
    """Return what was asked for; who names no tenant asks for the same as before there were any."""
    return request.model_dump(exclude=None if request.tenant is not None else {"tenant"})


async def _check_room(parts: Parts, tenant: str) -> None:
    """Refuse a run while too many wait.

    Raises:
        QueueFull: too many do.
    """
    most, own = parts.most_queued, parts.tenants.get(tenant)
    most_of_tenant = None if own is None else own.most_queued
    if most is None and most_of_tenant is None:
        return
    why = await parts.database.read(sharing.overfull, tenant, most, most_of_tenant)
    if why is not None:
        raise QueueFull(why)


async def _prepare(
    request: RunRequest, parts: Parts, started_by: str, definition: Workflow | None
) -> _Prepared:
    run_id = parts.new_id()
    if request.workflow is not None:
        wanted = request.workflow, request.version
        workflow = definition
        if workflow is None:
            workflow = await parts.database.read(versions.current, *wanted, known=parts.definitions)
        given = request.input or {}
        _check(workflow, schemas.problems(workflow.input, given, path="/input"))
        return _Prepared(_run(request, parts, run_id, workflow, given, started_by), workflow, None)
    if not request.goal:
        what = Problem(path="/", code="missing", message="neither a workflow nor a goal is given")
        raise InputInvalid("run", [what.model_copy(update={"remedy": "name a `workflow`, or say a `goal`"})])
    return await _by_goal(request, request.goal, parts, run_id, started_by)


async def _by_goal(request: RunRequest, goal: str, parts: Parts, run_id: str, started_by: str) -> _Prepared:
    offered = await parts.database.read(versions.offered)
    tenant = request.tenant or tenants.DEFAULT
    decider = parts.decider_of(tenant)
    beyond = await _beyond((offer.workflow for offer in offered), tenant, parts)
    closed = {offer.workflow.workflow: offer.closed for offer in offered if offer.closed}
    routed = await routing.route(
        goal,
        [offer.workflow for offer in offered],
        decider,
        Where(parts.new_id(), run_id, tenant),
        closed=closed | {name: str(problems[0]) for name, problems in beyond.items()},
        now=parts.clock.now(),
    )
    if routed.workflow is None:
        await parts.database.write(decisions.insert, _runless(routed.decision))
        raise RouteUnclear(_unclear(routed, parts), routed.candidates, routed.decision.decision_id)
    filled = await routing.fill_input(goal, routed.workflow, request.input, decider)
    decision = routed.decision.model_copy(update={"filled": filled.filled})
    await parts.database.write(decisions.insert, _runless(decision) if filled.problems else decision)
    placed = [problem.model_copy(update={"path": f"/input{problem.path}"}) for problem in filled.problems]
    _check(routed.workflow, placed, decision.decision_id)
    run = _run(request, parts, run_id, routed.workflow, filled.input, started_by)
    return _Prepared(run, routed.workflow, decision)


def _runless(decision: Decision) -> Decision:
    """Return the decision without the run that it was made for, since that run never begins."""
    return decision.model_copy(update={"run_id": ""})


def _run(  # noqa: PLR0917 - each argument is one fact of the new run
    request: RunRequest, parts: Parts, run_id: str, workflow: Workflow, given: Any, started_by: str
) -> Run:
    now = parts.clock.now()
    return Run(
        id=run_id,
        tenant=request.tenant or tenants.DEFAULT,
        workflow=WorkflowRef(name=workflow.workflow, version=workflow.version, sha256=workflow.sha256),
        catalog_revision=parts.catalog.revision,
        goal=request.goal or workflow.goal,
        input=given,
        started_by=started_by,
        created_at=now,
        updated_at=now,
    )


def _check(workflow: Workflow, problems: list[Problem], decision_id: str | None = None) -> None:
    if problems:
        raise InputInvalid(workflow.workflow, problems, decision_id)


def _unclear(routed: Routed, parts: Parts) -> str:
    if not routed.candidates:
        return "no workflow is registered, so the goal leads nowhere; register one first"
    how = "name one as `workflow` and give its `input`"
    if not parts.has_model:
        return f"no model is configured, so nobody could choose a workflow for this goal; {how}"
    outcome = routed.decision.outcome_class
    if outcome != "ok":
        return f"the model gave no usable answer ({outcome}), so no workflow was chosen; {how}"
    return f"no registered workflow does what the goal asks for; {how}, or register one that does"
