"""Replanning: other ways to what a plan wants, from where a run stands, within what was approved. Pure."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple, Protocol

from planner import versions
from planner.decisions import Offered
from planner.definition import END, Call, Parallel, Step, Workflow, canonical
from planner.effects import Effect
from planner.journal import Numbered
from planner.planning import constraints, edges, frame, proposals
from planner.planning.edges import Known, input_name
from planner.planning.frame import Frame
from planner.planning.plans import Plan
from planner.planning.policy import Policy
from planner.planning.proposals import Proposal
from planner.planning.retrieval import index_of
from planner.planning.sketch import Sketch, SketchedCall
from planner.runs import Run
from planner.versions import REST
from tools.catalog import Catalog
from tools.expressions import Template, renamed
from tools.operations import Operation

MOST_REPLANS = 2
"""How often one run may be replanned."""
GIVE_UP = "give_up"
"""The option that lets the run end as it would without replanning."""
PREFIX = "rest_"
"""What the options that go on begin with; the hash of the definition follows."""
_HASH_CHARACTERS = 16
_ALWAYS = frozenset({"input", "run"})


class Stand(NamedTuple):
    """Where a run stands that cannot go on as planned."""

    plan: Plan
    """What was approved."""
    workflow: Workflow
    """What the run is pinned to now."""
    failed: str
    """The outermost step that failed for good."""
    input: Mapping[str, Any]
    """What the run was started with."""
    effects: Sequence[Effect]
    """What it did so far."""
    banned: frozenset[str]
    """Operations that failed for good in it, or cannot be called now."""


class Rest(NamedTuple):
    """Another way to what is left of what the plan wants."""

    calls: tuple[str, ...]
    """Operations that it calls, in order."""
    definition: dict[str, Any]
    """The whole workflow as plain data: what was run stays, and this follows; empty where excluded."""
    excluded_by: str | None = None
    """Why it must not be taken, in one sentence."""

    @property
    def means(self) -> str:
        """What taking it means."""
        return (
            f"Call {', then '.join(self.calls)}." if self.calls else "End here: all that is wanted is there."
        )


class Allowed(NamedTuple):
    """What a run of a plan may still do about failures."""

    replans: int
    """How often it may still be replanned."""
    want: tuple[str, ...]
    """What the plan wants."""


class Replanner(Protocol):
    """Finds other ways for runs of plans, and lets runs go on with one."""

    async def allowed(self, run: Run, entries: Sequence[Numbered]) -> Allowed | None:
        """Return what a run may still do; None where it is no run of an approved plan."""
        ...

    async def options(
        self, run: Run, workflow: Workflow, failed: str, *, entries: Sequence[Numbered], catalog: Catalog
    ) -> tuple[Offered, ...]:
        """Return the ways that were found, each kept as a definition, or excluded with the reason."""
        ...

    async def adopt(self, run: Run, option: str, at: Numbered) -> Numbered:
        """Let a run go on with an option, written down as this entry, and return the entry."""
        ...


def option(workflow: Workflow) -> str:
    """Return the id of the option that goes on with a definition."""
    return f"{PREFIX}{workflow.sha256[:_HASH_CHARACTERS]}"


def holds_choices(workflow: Workflow, failed: str) -> str | None:
    """Return why what follows a step cannot be composed anew, or None: choices are not code's to make."""
    for name, step in _left(workflow, failed).items():
        inner = (
            [step]
            if not isinstance(step, Parallel)
            else [each for branch in step.parallel.values() for each in branch.values()]
        )
        if any(not isinstance(each, Call) or each.if_ or each.then for each in inner):
            return f"{name} would have to be planned anew, and it is more than a call"
    return None


def rests(stand: Stand, catalog: Catalog, policy: Policy) -> list[Rest]:
    """Return other ways to what is left, the cheapest first.

    None repeats what was done, calls what failed or what the plan's constraints forbid, or changes more than
    the manifest allows beside what was done. Where every way would, those come with the reason instead.
    """
    done = _done(stand.effects)
    wanted = Frame(goal=stand.plan.frame.goal, want=_open(stand, done, catalog), have=_have(stand))
    if not wanted.want:
        return [_rest(stand, None, wanted, catalog, done=done)]
    may = constraints.allowed(stand.plan.frame.constraints, catalog.operations)
    usable = {name: item for name, item in may.items() if name not in stand.banned}
    allowed = {name: item for name, item in usable.items() if barred(stand, [item], policy) is None}
    found = _proposed(wanted, catalog, allowed, done=done)
    within = [_rest(stand, each, wanted, catalog, done=done) for each in found]
    if any(each.excluded_by is None for each in within):
        return within
    beyond = _proposed(wanted, catalog, usable, done=done)
    return [*within, *(_beyond(stand, each, catalog, policy) for each in beyond if each not in found)]


def barred(stand: Stand, calls: Sequence[Operation], policy: Policy) -> str | None:
    """Return why these calls are more than was approved beside what was done, or None.

    Each operation may change something as often as the manifest says, less what it did; one that the manifest
    does not name may only read, and somebody must have declared that it does.
    """
    manifest = stand.plan.manifest
    if manifest is None:
        return "the plan was never weighed"
    approved = {change.operation: change.at_most for change in manifest.changes}
    used = Counter(each.operation for each in stand.effects if _counts(each))
    for name, times in Counter(item.name for item in calls).items():
        item = next(each for each in calls if each.name == name)
        if item.effect == "read":
            known = name in manifest.reads or item.effect_source == "declared" or not policy.unconfirmed
            if not known:
                return f"nobody declared that {name} only reads, and the plan does not name it"
            continue
        if name not in approved:
            return f"{name} changes something that was not approved"
        most = approved[name]
        if most is not None and used[name] + times > most:
            return f"{name} may take effect {most} times, and did {used[name]} times"
    return None


def _counts(effect: Effect) -> bool:
    """Tell whether an effect uses up what was approved: it took effect, or nobody knows."""
    return effect.undoes is None and effect.state not in {"rejected", "not_sent"}


def _done(effects: Sequence[Effect]) -> dict[str, str]:
    """Return the operations whose answers are there, by the paths under which expressions read them."""
    return {
        each.path: each.operation
        for each in effects
        if each.state == "applied" and each.undoes is None and ":" not in each.path and "[" not in each.path
    }


def _open(stand: Stand, done: Mapping[str, str], catalog: Catalog) -> tuple[str, ...]:
    """Return what is wanted and not there yet."""
    signed = index_of(catalog).signatures
    there = {kind for name in done.values() for kind in signed[name].producer.gives}
    return tuple(
        want for want in stand.plan.frame.want if want not in set(done.values()) and want not in there
    )


def _have(stand: Stand) -> dict[str, Any]:
    """Return what the run was started with, by the names of the frame where it has them."""
    names = {input_name(name): name for name in stand.plan.frame.have}
    return {names.get(name, name): value for name, value in stand.input.items()}


def _proposed(
    wanted: Frame, catalog: Catalog, allowed: Mapping[str, Operation], *, done: Mapping[str, str]
) -> tuple[Proposal, ...]:
    signed = index_of(catalog).signatures
    facts = [
        Known((f"answer of {path}",), tuple(signed[name].producer.gives), {}, None)
        for path, name in done.items()
    ]
    return proposals.propose(wanted, [*frame.known(wanted), *facts], signed, allowed).proposals


def _beyond(stand: Stand, proposal: Proposal, catalog: Catalog, policy: Policy) -> Rest:
    calls = tuple(step.call for step in proposal.sketch.calls)
    why = barred(stand, [catalog.operations[name] for name in calls], policy)
    return Rest(calls, {}, why or "nothing more is known of it")


def _rest(
    stand: Stand, proposal: Proposal | None, wanted: Frame, catalog: Catalog, *, done: Mapping[str, str]
) -> Rest:
    """Return the whole definition of a way, or why there is none."""
    sketched = () if proposal is None else tuple(proposal.sketch.calls)
    calls = tuple(step.call for step in sketched)
    ids = dict(zip((step.id for step in sketched), _fresh(stand.workflow, sketched), strict=True))
    kept = _kept(stand.workflow, stand.failed)
    steps: dict[str, Any] = {}
    if sketched:
        facts = {f"done_{number}": path for number, path in enumerate(done)}
        earlier = [_fact(name, done[path], catalog) for name, path in facts.items()]
        given = _given(stand, kept)
        own = [
            SketchedCall(id=ids[step.id], call=step.call, **{"with": given.get(step.call, {})})
            for step in sketched
        ]
        signed = index_of(catalog).signatures
        wired = edges.wire(Sketch(steps=(*earlier, *own)), signed, catalog.operations, frame.known(wanted))
        if wired.asks:
            names = ", ".join(f"{ask.name} (for {ask.step})" for ask in wired.asks)
            return Rest(calls, {}, f"the run would have to be told {names}")
        for step in wired.sketch.calls:
            if step.id not in facts:
                steps[step.id] = {
                    "call": step.call,
                    "with": _each(step.with_, lambda text: renamed(text, facts)),
                }
    outputs = (
        {}
        if proposal is None
        else {name: renamed(text, ids) for name, text in proposal.sketch.output.items()}
    )
    return Rest(calls, _whole(stand.workflow, kept, steps, outputs=outputs))


def _fact(name: str, operation: str, catalog: Catalog) -> SketchedCall:
    """Return a call that was made already, under a name of its own; nothing of it is looked for."""
    arguments = index_of(catalog).signatures[operation].arguments
    return SketchedCall(id=name, call=operation, **{"with": {each.name: "" for each in arguments}})


def _kept(workflow: Workflow, failed: str) -> list[str]:
    names = list(workflow.steps)
    return names[: names.index(failed) + 1]


def _left(workflow: Workflow, failed: str) -> dict[str, Step]:
    kept = set(_kept(workflow, failed))
    return {name: step for name, step in workflow.steps.items() if name not in kept}


def _fresh(workflow: Workflow, sketched: Sequence[SketchedCall]) -> Iterator[str]:
    """Yield a name for each call that no step of the workflow bears or bore."""
    taken = set(workflow.steps)
    for step in sketched:
        names = (step.id if number == 1 else f"{step.id}_{number}" for number in count(1))
        name = next(each for each in names if each not in taken)
        taken.add(name)
        yield name


def _given(stand: Stand, kept: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the arguments that the calls left were to have, as far as what they read is still there."""
    readable = {*kept, *_ALWAYS} - {stand.failed}
    found: dict[str, dict[str, Any]] = {}
    for step in _left(stand.workflow, stand.failed).values():
        branches = step.parallel.values() if isinstance(step, Parallel) else [{"": step}]
        for each in (inner for branch in branches for inner in branch.values()):
            if isinstance(each, Call):
                found[each.call] = {
                    name: value for name, value in each.with_.items() if Template(value).names <= readable
                }
    return found


def _whole(
    workflow: Workflow, kept: Sequence[str], steps: Mapping[str, Any], *, outputs: Mapping[str, str]
) -> dict[str, Any]:
    """Return a workflow in which other steps follow those that are kept."""
    whole = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    before = {name: _led(whole["steps"][name], kept) for name in kept}
    before[kept[-1]]["then"] = next(iter(steps), END)
    whole["steps"] = before | dict(steps)
    readable = {*kept[:-1], *_ALWAYS}
    whole["output"] = _output(whole.get("output"), readable, outputs)
    content = hashlib.sha256(canonical([whole["steps"], list(whole["steps"]), whole["output"]])).hexdigest()
    whole["version"] = f"{versions.planned(workflow.version)}{REST}{content[:_HASH_CHARACTERS]}"
    return whole


def _led(step: dict[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return a step that leads to the end where it led to one that is no longer there."""
    gone = {name: END for name in ("then", "otherwise") if step.get(name, END) not in {*kept, END}}
    if "decide" in step:
        gone.pop("otherwise", None)
        step = step | {"options": {name: _led(each, kept) for name, each in step["options"].items()}}
    return step | gone


def _output(told: Any, readable: set[str], instead: Mapping[str, str]) -> Any:
    if not isinstance(told, dict):
        return told if Template(told).names <= readable else dict(instead)
    kept = {name: value for name, value in told.items() if Template(value).names <= readable}
    return {**instead, **kept}


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Return a template in which every text was changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each(item, change) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(item, change) for item in value]
    return value
