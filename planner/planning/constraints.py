"""Constraints: what a plan may not do, and whether its budget is enough. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, get_args

from pydantic import Field

from planner.definition import Budget, Call, Decide, Workflow, walk
from planner.permits import Permit
from planner.planning.manifest import Manifest
from planner.validation import permits
from tools.catalog import Catalog
from tools.operations import EffectClass, Operation
from tools.problems import Problem
from tools.records import Record
from tools.wording import hint

CHANGES = "changes"
"""Stands for every effect class but `read`."""
EFFECTS: tuple[str, ...] = get_args(EffectClass)
MOST_FORBIDDEN = 100
MOST_PERMITS = 10
PERMIT = "the permit of the plan or its tenant"
"""How a permit is called that a plan must keep within."""


class Constraints(Record):
    """What a plan may not do."""

    forbid: Annotated[tuple[str, ...], Field(max_length=MOST_FORBIDDEN)] = ()
    """Operations, services or effect classes of which nothing is called, be it to take something back.

    `changes` stands for every effect class but `read`.
    """
    steps: Annotated[int, Field(ge=1)] | None = None
    """Calls and decisions at the most."""
    permits: Annotated[tuple[Permit, ...], Field(max_length=MOST_PERMITS)] = ()
    """What may be done at the most, by each of them; the tenant's own is always among them."""

    def tightened(self, other: "Constraints") -> "Constraints":
        """Return what both forbid."""
        return Constraints(
            forbid=tuple(dict.fromkeys((*self.forbid, *other.forbid))),
            steps=_least(self.steps, other.steps),
            permits=(*self.permits, *(each for each in other.permits if each not in self.permits)),
        )


def lower(one: Budget, other: Budget) -> Budget:
    """Return the budget that stays within both."""
    fields = Budget.model_fields
    return Budget(**{name: _least(getattr(one, name), getattr(other, name)) for name in fields})


def unknown(constraints: Constraints, catalog: Catalog) -> tuple[Problem, ...]:
    """Return which forbidden names are none that the catalogue has, since they would forbid nothing."""
    services = {item.service for item in catalog.operations.values()}
    known = [CHANGES, *EFFECTS, *sorted(services), *catalog.operations]
    return tuple(
        Problem(
            path=f"/constraints/forbid/{place}",
            code="unknown-constraint",
            message=f"{name!r} is forbidden, and is no operation, service or effect class.",
            remedy=hint(name, known),
        )
        for place, name in enumerate(constraints.forbid)
        if name not in known
    )


def allowed(constraints: Constraints, operations: Mapping[str, Operation]) -> Mapping[str, Operation]:
    """Return the operations that may be called."""
    if not constraints.forbid and not constraints.permits:
        return operations
    return {name: item for name, item in operations.items() if not _why(name, constraints, operations)}


def broken(
    constraints: Constraints, workflow: Workflow, catalog: Catalog, workflows: Mapping[str, Workflow]
) -> tuple[Problem, ...]:
    """Return what a workflow does although it may not.

    Args:
        constraints: what it may not do.
        workflow: the definition.
        catalog: operations that it calls.
        workflows: workflows that it runs, by name.
    """
    return (
        *_forbidden(constraints, workflow, catalog.operations),
        *_too_many(constraints, workflow),
        *(
            problem
            for permit in constraints.permits
            for problem in permits.beyond(workflow, permit, of=PERMIT, catalog=catalog, workflows=workflows)
        ),
    )


def too_many_steps(found: int, most: int) -> Problem:
    """Return the problem of more steps than are allowed."""
    return Problem(
        path="/steps",
        code="too-many-steps",
        message=f"It takes {found} steps, and {most} are allowed.",
        remedy="Allow more steps, or want less.",
    )


def contradictions(
    constraints: Constraints, want: Sequence[str], operations: Mapping[str, Operation]
) -> tuple[Problem, ...]:
    """Return which operations are wanted and forbidden at once."""
    return tuple(
        Problem(
            path=f"/want/{place}",
            code="forbidden-operation",
            message=f"{name} is wanted, and forbidden: {why}.",
            remedy="Want something else, or do not forbid it.",
        )
        for place, name in enumerate(want)
        if (why := _why(name, constraints, operations))
    )


def overruns(budget: Budget, made: Manifest, worst: Mapping[str, Any]) -> Iterator[str]:
    """Yield in which respects the worst case takes more than the budget allows, one sentence each.

    Args:
        budget: what a run may use.
        made: the manifest, which bounds the decisions of the model.
        worst: the most that an explored path used, as the explorer tells it.
    """
    if budget.model_calls is not None and made.model_decisions != 0:
        asked = made.model_decisions
        if asked is None or asked > budget.model_calls:
            often = "without a bound" if asked is None else "once" if asked == 1 else f"{asked} times"
            yield f"the model may be asked {often}, and the budget allows {budget.model_calls} requests"
    tokens, seconds = worst.get("tokens") or 0, float(worst.get("seconds") or 0)
    if budget.tokens is not None and tokens > budget.tokens:
        yield f"at worst it takes about {tokens} tokens, and the budget allows {budget.tokens}"
    if budget.duration is not None and seconds > budget.duration.total_seconds():
        most = budget.duration.total_seconds()
        yield f"at worst it takes {seconds:g} s, and the budget allows {most:g} s"


def _forbidden(
    constraints: Constraints, workflow: Workflow, operations: Mapping[str, Operation]
) -> Iterator[Problem]:
    named = Constraints(forbid=constraints.forbid)
    for place in walk(workflow):
        step = place.step
        names = (step.call, *(other.call for other in step.substitutes)) if isinstance(step, Call) else ()
        for name in names:
            if why := _why(name, named, operations):
                yield Problem(
                    path=place.pointer,
                    code="forbidden-operation",
                    message=f"It calls {name}, which is forbidden: {why}.",
                    remedy="Call something else, or leave the step out.",
                )


def _too_many(constraints: Constraints, workflow: Workflow) -> Iterator[Problem]:
    found = sum(isinstance(place.step, Call | Decide) for place in walk(workflow))
    if constraints.steps is not None and found > constraints.steps:
        yield too_many_steps(found, constraints.steps)


def _why(name: str, constraints: Constraints, operations: Mapping[str, Operation]) -> str:
    """Return why an operation may not be called; empty where it may."""
    if name in operations:
        effect = operations[name].effect
        refusals = (permit.refusal(name, effect) for permit in constraints.permits)
        if refused := next(filter(None, refusals), None):
            return f"it {refused} {PERMIT} names"
    forbidden = frozenset(constraints.forbid)
    seen: set[str] = set()
    open_ = [name]
    while open_:
        operation = operations.get(here := open_.pop())
        if operation is None or here in seen:
            continue
        seen.add(here)
        effect = operation.effect
        words = {here, operation.service, effect, *(() if effect == "read" else (CHANGES,))}
        if hit := sorted(words & forbidden):
            inner = "" if here == name else f", of which {here} would be called for it"
            return f"{', '.join(map(repr, hit))}{inner}"
        open_ += [each.call for each in (operation.undo, operation.reconcile) if each is not None]
    return ""


def _least(one: Any, other: Any) -> Any:
    told = [value for value in (one, other) if value is not None]
    return min(told) if told else None
