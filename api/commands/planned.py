"""Planned: a plan as people read it."""

from collections.abc import Iterator

from planner.definition import Call, Decide, Parallel, Workflow, walk
from planner.planning.comparison import Comparison, Differing
from planner.planning.frame import Frame
from planner.planning.plans import Plan, Round, Simulation
from planner.planning.promotion import Promotion
from planner.planning.reuse import Reused


def lines(plan: Plan, beside: Comparison) -> Iterator[str]:
    """Yield what a plan does, what is other in it, what can go wrong, and what comes next."""
    title = f' for "{plan.frame.goal}"' if plan.frame.goal else ""
    yield f"Plan {plan.id}{title}: {plan.status}"
    yield from (f"  {note}" for note in plan.notes)
    yield from map(_round, plan.rounds)
    if plan.reused is not None:
        yield _reused(plan.reused)
    yield from _limits(plan.frame)
    for problem in plan.problems:
        yield f"  {problem}"
    yield from (f"  {remark.severity}: {remark}" for remark in plan.remarks if remark.severity == "warning")
    if undecided := sum(remark.severity == "undecided" for remark in plan.remarks):
        yield f"  undecided, since schemas are open: {_counted(undecided, 'point')} (--json tells which)"
    for lost in plan.missing:
        if plan.status == "unusable" and lost.want not in lost.lacking:
            yield f"  {lost.want} needs {', '.join(lost.lacking)}, and nothing gives that"
    if plan.manifest is not None:
        yield from _steps(plan)
        yield from _open(plan)
        yield from _simulated(plan.simulation)
        if beside.earlier is not None:
            yield from compared(beside)
    yield from _ways(plan)
    yield from _next(plan)


def served(plan: Plan) -> str:
    """Return the named workflow that a plan became, and whether it still serves."""
    made = plan.promotion
    if made is None:
        return ""
    return f"{made.workflow} {made.version}{'' if made.stands else ', demoted'}"


def compared(beside: Comparison) -> Iterator[str]:
    """Yield what is other in a plan than in the one that was approved before."""
    if beside.earlier is None:
        yield "No plan for this goal was approved before, so all is new"
    elif beside.is_same:
        yield f"Nothing is other than in plan {beside.earlier}, which was approved before"
    else:
        yield f"Other than in plan {beside.earlier}, which was approved before:"
    yield from (f"  {_differing(each)}" for each in beside.differing)
    if beside.lines and not beside.differing:
        yield f"  values or order: planner plan diff {beside.plan}"


def _differing(found: Differing) -> str:
    name = f"{found.part} {found.name}"
    if found.part == "contract":
        return (
            f"{name} {'is new' if found.before is None else 'is gone' if found.after is None else 'changed'}"
        )
    if found.part == "policy":
        return "the policy changed"
    if found.before is None:
        return f"{name} is new: {found.after}"
    if found.after is None:
        return f"{name} is gone; it was {found.before}"
    return f"{name}: {found.before} -> {found.after}"


def _promoted(made: Promotion) -> Iterator[str]:
    comment = f": {made.comment}" if made.comment else ""
    runs = f"{len(made.runs)} clean run{'s' if len(made.runs) > 1 else ''}"
    yield f"Promoted to {made.workflow} {made.version} by {made.by} after {runs}{comment}"
    if made.demoted is not None:
        yield f"Demoted, so it takes no more runs: {'; '.join(made.demoted.reasons)}"


def _limits(frame: Frame) -> Iterator[str]:
    if frame.constraints.forbid:
        yield f"  must not call: {', '.join(frame.constraints.forbid)}"
    if frame.constraints.steps is not None:
        yield f"  at most {frame.constraints.steps} steps"
    for permit in frame.constraints.permits:
        told = permit.model_dump_json(exclude_defaults=True)
        yield f"  keeps within the permit {told}"
    budget = frame.budget.model_dump(mode="json", exclude_none=True)
    if budget:
        yield f"  budget of a run: {', '.join(f'{name} {value}' for name, value in budget.items())}"


def _reused(told: Reused) -> str:
    how = {
        "frame": "the same is wanted of the same kinds of values",
        "words": "the same goal was planned before",
        "route": "the model chose it for this goal",
    }[told.by]
    approval = "its approval holds" if told.approval_kept else "its approval does not hold any more"
    return f"Plan {told.plan} serves again: {how}; {approval}"


def _round(done: Round) -> str:
    left = f"left {', '.join(done.defects)}" if done.defects else "left nothing wrong"
    if done.by == "code":
        return f"  code mended: {'; '.join(done.mended)}; {left}"
    answer = "" if done.outcome_class == "ok" else f" gave no usable answer ({done.outcome_class})"
    return f"  the model's {done.task}{answer or ('' if done.task == 'frame' else f' {left}')}"


def _steps(plan: Plan) -> Iterator[str]:
    changes = {} if plan.manifest is None else {each.operation: each for each in plan.manifest.changes}
    workflow = Workflow.model_validate(plan.definition)
    number = 0
    for place in walk(workflow):
        step = place.step
        if isinstance(step, Call):
            number += 1
            change = changes.get(step.call)
            yield f"  {number}. {step.call:<28} {'reads' if change is None else change.told}"
        elif isinstance(step, Decide):
            number += 1
            yield f"  {number}. decide by {step.by}: {step.decide} ({', '.join(step.options)})"
        elif isinstance(step, Parallel):
            yield f"     {place.path}: side by side"


def _open(plan: Plan) -> Iterator[str]:
    if plan.asks:
        asked = ", ".join(f"{each.name} (for {each.step})" for each in plan.asks)
        yield f"A run must be told: {asked}"
    yield from (f"Not used: {each.name}; {each.why}" for each in plan.unused)
    for doubt in plan.doubts:
        others = " or ".join(doubt.others)
        yield f"Look at {doubt.step}.{doubt.argument}: {doubt.taken} was taken, {others} would fit, too"
    word = "Needs a person" if plan.status == "waiting" else "Needed a person"
    yield from (f"{word}: {reason}" for reason in plan.needs)


def _simulated(told: Simulation) -> Iterator[str]:
    if told.status == "NOT_RUN":
        yield from (f"Not simulated: {reason}" for reason in told.reasons)
        return
    worst = told.worst
    seconds = float(worst.get("seconds") or 0)
    yield (
        f"Simulated: {told.status} at {told.faults} faults, {told.paths} paths, "
        f"{_counted(len(told.findings), 'finding')}; "
        f"at worst {_counted(worst.get('calls') or 0, 'call')}, "
        f"{_counted(worst.get('model_calls') or 0, 'request')} to the model, {seconds:.0f} s"
    )
    for found in told.findings:
        yield f"  {found.invariant}: {found.message}"
        yield from (f"    {line}" for line in found.story)
    yield from (f"  not complete: {reason}" for reason in told.reasons)


def _ways(plan: Plan) -> Iterator[str]:
    for number, way in enumerate(plan.ways):
        calls = " -> ".join(way.calls)
        if way.problems:
            yield f"Way {number} cannot be taken: {calls}"
            yield from (f"  {problem}" for problem in way.problems)
        elif number != plan.way:
            yield f"Another way, --way {number}: {calls} (cost {way.cost:g})"


def _next(plan: Plan) -> Iterator[str]:
    if plan.approval is not None:
        word = "Approved" if plan.approval.approved else "Rejected"
        comment = plan.approval.comment
        yield f"{word} by {plan.approval.by}{f': {comment}' if comment else ''}"
    if plan.promotion is not None:
        yield from _promoted(plan.promotion)
    if plan.status == "waiting":
        yield f"Approve it: planner plan approve {plan.id}"
    elif plan.status == "approved":
        yield f"Run it: planner plan run {plan.id}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
