"""Planning: from a goal to a plan that is kept, weighed, approved and run."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from graphs import demoting, framing, intake, reusing
from graphs.dispatch import Dispatcher
from graphs.drafting import Drafter, Place
from graphs.embeddings import Embeddings
from graphs.framing import PlanRequest
from graphs.intake import Begun, RunRequest
from graphs.parts import Parts
from graphs.reusing import Served
from graphs.simulating import Simulate
from planner.decisions import digest
from planner.definition import Workflow
from planner.documents import Parsed
from planner.planning import comparison, constraints, drafts, manifest, plans, reuse
from planner.planning.comparison import Comparison
from planner.planning.constraints import Constraints
from planner.planning.drafts import Draft
from planner.planning.errors import PlanClosed, PlanUnknown, PlanVoid
from planner.planning.frame import Frame
from planner.planning.plans import Approval, Plan
from planner.planning.policy import Policy
from planner.store import keys, workflows
from planner.store import plans as stored
from planner.store.plans import Claim
from planner.tenants import DEFAULT
from tools import schemas
from tools.problems import Problem

PREFIX = "plan-"
"""What the names of plans' workflows begin with."""
_ID_CHARACTERS = 12


class Tools(NamedTuple):
    """What planning works with beside the parts of every process."""

    simulate: Simulate
    policy: Policy
    embeddings: Embeddings | None = None
    """The vectors of the catalogue's operations; None where operations are found by words alone."""


class Made(NamedTuple):
    """The plan that a request made, or had made before."""

    plan: Plan
    created: bool
    """False when the Idempotency-Key brought back an earlier plan."""


async def make_once(
    request: PlanRequest, parts: Parts, tools: Tools, *, by: str, key: str | None = None
) -> Made:
    """Return the plan for a goal that the same request made under this key, else a new one.

    Raises:
        GoalUnclear: nobody could say what is wanted; holds the questions to answer.
        KeyReused: the key came with another request.
    """
    claim = None if key is None else Claim(key, digest([by, request.model_dump(mode="json")]))
    if claim is not None:
        plan_id = await parts.database.read(keys.find, claim.key, request_sha256=claim.request_sha256)
        if plan_id is not None:
            return Made(await parts.database.read(stored.get, plan_id), created=False)
    new_id = parts.new_id()
    plan, workflow = await _made(request, parts, tools, plan_id=new_id, by=by)
    earlier = await parts.database.read(stored.approved_before, plan)
    plan = plan.model_copy(update={"compared_with": earlier})
    kept = await parts.database.write(stored.add, plan, workflow, claim=claim)
    return Made(kept, created=kept.id == new_id)


async def make(request: PlanRequest, parts: Parts, tools: Tools, *, by: str) -> Plan:
    """Return a plan for a goal, weighed and kept; it follows an approved one where one fits.

    Raises:
        GoalUnclear: nobody could say what is wanted; holds the questions to answer.
    """
    return (await make_once(request, parts, tools, by=by)).plan


async def _made(
    request: PlanRequest, parts: Parts, tools: Tools, *, plan_id: str, by: str
) -> tuple[Plan, Workflow | None]:
    """Return a plan that nobody keeps yet, and its workflow where that is new."""
    known = await parts.database.read(workflows.known)
    permit = parts.permits.get(request.tenant or DEFAULT)
    if permit is not None:
        own = request.constraints.tightened(Constraints(permits=(permit,)))
        request = request.model_copy(update={"constraints": own})
    maker = _Maker(request, parts, tools, known, plan_id, by)
    decider = parts.decider_of(maker.tenant)
    drafter = None
    if request.use_model and parts.has_model:
        told = request.goal, decider, parts.catalog, request.constraints
        drafter = Drafter(*told, embeddings=tools.embeddings)
    if not request.want and maker.may_reuse:
        served = await reusing.by_goal(request, parts, maker.tenant, asks=drafter is not None)
        found = await maker.again(served)
        if found is not None:
            return found, None
    frame = await framing.frame(request, drafter, parts)
    if maker.may_reuse:
        found = await maker.again(await reusing.by_frame(frame, request.way, parts, maker.tenant))
        if found is not None:
            return found, None
    return await maker.anew(frame, drafter)


class _Maker(NamedTuple):
    """What one plan is made from."""

    request: PlanRequest
    parts: Parts
    tools: Tools
    known: Mapping[str, Workflow]
    plan_id: str
    by: str

    @property
    def tenant(self) -> str:
        return self.request.tenant or DEFAULT

    @property
    def may_reuse(self) -> bool:
        return self.request.reuse and self.tools.policy.reuse

    async def again(self, served: Served | None) -> Plan | None:
        """Return a plan that follows an earlier one, if that is still right by the catalogue of today."""
        if served is None or served.plan.unused or plans.drift(served.plan, self.parts.catalog):
            return None
        earlier = served.plan
        workflow = await self.parts.database.read(workflows.by_sha256, earlier.sha256)
        if any(each.code != "missing-field" for each in _unfit(served.frame, workflow)):
            return None
        place = Place(earlier.workflow, self.parts.catalog, self.known, served.frame.constraints)
        checked = place.check(Draft(earlier.definition))
        if checked.problems:
            return None
        now = self.parts.clock.now()
        fresh = earlier.model_copy(
            update={
                "id": self.plan_id,
                "frame": served.frame,
                "reused": served.told,
                "remarks": checked.remarks,
                "notes": (),
                "promotion": None,
                "created_at": now,
                "created_by": self.by,
            }
        )
        made = manifest.manifest(workflow, self.parts.catalog, self.known, asked=served.frame.want)
        return plans.again(fresh, earlier, workflow, made, self.tools.policy, now=now)

    async def anew(self, frame: Frame, drafter: Drafter | None) -> tuple[Plan, Workflow | None]:
        """Return a new plan for a frame, and its workflow where it has one."""
        request, parts = self.request, self.parts
        name = f"{PREFIX}{self.plan_id.replace('-', '')[-_ID_CHARACTERS:]}"
        shown = await parts.database.read(stored.shown, frame)
        bare = frame.model_copy(update={"goal": shown.goal})
        place = Place(name, parts.catalog, self.known, frame.constraints)
        checked = await _checked(request, bare, drafter, place)
        draft, parsed = checked.draft, checked.parsed
        plan = Plan(
            id=self.plan_id,
            tenant=self.tenant,
            frame=frame,
            frame_sha256=reuse.key(frame, request.way),
            origin=checked.origin,
            definition=draft.definition,
            ways=draft.ways,
            way=draft.way,
            problems=parsed.problems,
            remarks=parsed.remarks,
            missing=draft.missing,
            rounds=() if drafter is None else tuple(drafter.rounds),
            notes=() if drafter is None else tuple(drafter.notes),
            asks=draft.asks,
            doubts=draft.doubts,
            unused=draft.unused,
            status="unusable",
            created_at=parts.clock.now(),
            created_by=self.by,
        )
        if parsed.workflow is None or parsed.problems:
            return plan, None
        made = manifest.manifest(parsed.workflow, parts.catalog, self.known, asked=frame.want)
        simulation = await self.tools.simulate(parsed.workflow)
        now = parts.clock.now()
        weighed = plans.weighed(plan, parsed.workflow, made, simulation, self.tools.policy, now=now)
        return weighed, parsed.workflow


def compared(tx: Any, plan_id: str, rules: Policy, *, earlier_id: str | None = None) -> Comparison:
    """Return what is other in a plan than in the one approved last for its goal, or than in the one named.

    Raises:
        PlanUnknown: none has this id, or the other is another tenant's.
    """
    plan = stored.get(tx, plan_id)
    wanted = earlier_id or plan.compared_with
    earlier = None if wanted is None else stored.get(tx, wanted)
    if earlier is not None and earlier.tenant != plan.tenant:
        raise PlanUnknown(earlier.id)
    return comparison.compare(plan, earlier, rules)


async def judge(
    plan_id: str, parts: Parts, tools: Tools, *, approved: bool, by: str, comment: str = ""
) -> Plan:
    """Let a person approve or reject a plan, and return how it stands then.

    Raises:
        PlanUnknown: none has this id.
        PlanClosed: it does not wait for a person.
        PlanVoid: something has changed since it was weighed.
    """
    plan = await parts.database.read(stored.get, plan_id)
    wanted = "approved" if approved else "rejected"
    if plan.status != "waiting" and not (plan.status == "approved" and not approved):
        raise PlanClosed(plan_id, plan.status, wanted)
    if approved:
        workflow = await parts.database.read(workflows.by_sha256, plan.sha256)
        await check_same(plan, workflow, parts, tools.policy)
    told = Approval(digest=plan.digest, by=by, at=parts.clock.now(), approved=approved, comment=comment)
    judged = plan.model_copy(update={"status": wanted, "approval": told})
    if not await parts.database.write(stored.replace, judged, was=[plan.status]):
        held = await parts.database.read(stored.get, plan_id)
        raise PlanClosed(plan_id, held.status, wanted)
    if not approved:
        await parts.database.write(_reject_alike, judged, told)
    return judged


async def begin(
    plan_id: str,
    parts: Parts,
    dispatcher: Dispatcher | None,
    tools: Tools,
    *,
    given: Mapping[str, Any],
    by: str,
    key: str | None = None,
) -> Begun:
    """Begin a run of an approved plan, with what its frame knows and what is given beside it.

    A request that is repeated under its key brings its run back, however the plan stands by then.

    Raises:
        PlanUnknown: none has this id.
        PlanClosed: it is not approved.
        PlanVoid: what it was approved for has changed.
        InputInvalid: a value that the run must be told is missing or wrong.
        KeyReused: the key came with another request.
        QueueFull: too many runs wait to be taken up.
    """
    plan = await parts.database.read(stored.get, plan_id)
    if not plan.sha256:
        raise PlanClosed(plan_id, plan.status, "run")
    workflow = await parts.database.read(workflows.by_sha256, plan.sha256)
    frame = await parts.database.read(stored.true_frame, plan_id)
    request = RunRequest(
        workflow=workflow.workflow,
        version=workflow.version,
        goal=frame.goal or None,
        input={**_taken(frame, workflow), **given},
        tenant=plan.tenant,
    )
    earlier = await intake.replayed(request, parts, started_by=by, key=key)
    if earlier is not None:
        return earlier
    if plan.status != "approved":
        raise PlanClosed(plan_id, plan.status, "run")
    await check_same(plan, workflow, parts, tools.policy)
    return await intake.begin(request, parts, dispatcher, started_by=by, key=key, definition=workflow)


def _unfit(frame: Frame, workflow: Workflow) -> list[Problem]:
    return schemas.problems(workflow.input, _taken(frame, workflow))


def _taken(frame: Frame, workflow: Workflow) -> dict[str, Any]:
    """Return what is known and taken as input."""
    declared = workflow.input.get("properties", {})
    return {name: value for name, value in frame.inputs.items() if name in declared}


class _Checked(NamedTuple):
    draft: Draft
    parsed: Parsed
    origin: Literal["composed", "drafted"]

    @property
    def is_right(self) -> bool:
        return self.parsed.workflow is not None and not self.parsed.problems


async def _checked(request: PlanRequest, frame: Frame, drafter: Drafter | None, place: Place) -> _Checked:
    """Return the model's sketch where the goal is in words and nothing is wrong with it, else code's own.

    A sketch with defects is kept only where code finds no way, either.
    """
    wrong = constraints.unknown(frame.constraints, place.catalog)
    wrong += constraints.contradictions(frame.constraints, frame.want, place.catalog.operations)
    if wrong:
        return _Checked(Draft({}), Parsed(None, wrong, None), "composed")
    sketched = None
    if drafter is not None and not request.want:
        drafted = await drafter.sketch(frame, place)
        sketched = None if drafted is None else _Checked(drafted.draft, drafted.parsed, "drafted")
    if sketched is not None and sketched.is_right:
        return sketched
    composed = _composed(request, frame, place)
    return sketched if sketched is not None and not composed.is_right else composed


def _composed(request: PlanRequest, frame: Frame, place: Place) -> _Checked:
    """Return the cheapest way with nothing wrong, else the cheapest; others tell why they were not taken."""
    found: list[_Checked] = []
    for draft in drafts.composed(frame, place.catalog, name=place.name, way=request.way):
        parsed = place.check(draft) if draft.definition else Parsed(None, draft.problems, None)
        found.append(_Checked(draft, parsed, "composed"))
        if found[-1].is_right:
            break
    taken = found[-1] if found[-1].is_right else found[0]
    wrong = {each.draft.way: each.parsed.problems for each in found if each is not taken}
    ways = tuple(
        way.model_copy(update={"problems": wrong[number]}) if number in wrong else way
        for number, way in enumerate(taken.draft.ways)
    )
    return taken._replace(draft=taken.draft._replace(ways=ways))


def _reject_alike(tx: Any, rejected: Plan, told: Approval) -> None:
    """Let the plans that follow the same definition be rejected with it, and none serve under a name."""
    why = (f"plan {rejected.id} was rejected by {told.by}",)
    for plan in stored.alike(tx, rejected):
        alike = plan.model_copy(update={"status": "rejected", "approval": told})
        if stored.replace(tx, alike, was=["waiting", "approved"]):
            demoting.demote(tx, alike, why, told.at)
    demoting.demote(tx, rejected, why, told.at)


async def check_same(plan: Plan, workflow: Workflow, parts: Parts, policy: Policy) -> None:
    """Return where a plan and its workflow are still what was weighed; void one that is not.

    Raises:
        PlanVoid: something has changed.
    """
    reasons = plans.changed(plan, workflow, parts.catalog, policy)
    if reasons:
        await parts.database.write(demoting.void, plan, reasons, parts.clock.now())
        raise PlanVoid(plan.id, reasons)
