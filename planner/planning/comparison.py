"""Comparison: what is other in a plan than in one that was approved before. Pure."""

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import orjson

from planner import documents
from planner.definition import Call, Decide, Workflow, walk
from planner.planning import plans
from planner.planning.plans import Plan
from planner.planning.policy import Policy
from tools.records import Record

Part = Literal["call", "decision", "change", "contract", "input", "limit", "worst", "finding", "policy"]
"""Where two plans differ."""

_OWN = {"workflow": "plan", "version": "1.0.0", "goal": ""}
"""What differs from plan to plan whatever they do, and what stands for it."""
_CONTEXT_LINES = 3


class Differing(Record):
    """One thing that two plans have not in common."""

    part: Part
    name: str
    before: str | None
    """None where it is new."""
    after: str | None
    """None where it is gone."""


class Comparison(Record):
    """A plan beside an earlier one, as whoever approves it looks at it."""

    plan: str
    """Id of the plan that is looked at."""
    earlier: str | None
    """Id of the plan that it is compared with; None where none was approved, so that all is new."""
    differing: tuple[Differing, ...]
    lines: tuple[str, ...]
    """The unified diff of the definitions as YAML, names and goals left out; nothing where they are equal."""

    @property
    def is_same(self) -> bool:
        """Tell whether both do the same under the same contracts and policy."""
        return not self.differing and not self.lines


def compare(plan: Plan, earlier: Plan | None, rules: Policy) -> Comparison:
    """Return what is other in a plan than in an earlier one.

    Args:
        plan: the one that is looked at.
        earlier: the one that was approved; None where there is none, so that all is new.
        rules: the policy of today, by which the plan is weighed.
    """
    differing = [*_facts(earlier, plan), *_policy(earlier, rules)]
    before, name = ([], "nothing") if earlier is None else (_text(earlier), earlier.id)
    lines = difflib.unified_diff(before, _text(plan), name, plan.id, lineterm="", n=_CONTEXT_LINES)
    return Comparison(
        plan=plan.id,
        earlier=None if earlier is None else earlier.id,
        differing=tuple(differing),
        lines=tuple(lines),
    )


def _facts(earlier: Plan | None, plan: Plan) -> Iterator[Differing]:
    for part, told in _FACTS.items():
        before, after = {} if earlier is None else told(earlier), told(plan)
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name), after.get(name)
            if old != new:
                yield Differing(part=part, name=name, before=old, after=new)


def _policy(earlier: Plan | None, rules: Policy) -> Iterator[Differing]:
    """Yield that the policy is another; of the earlier one nothing is kept but its part in the digest."""
    if earlier is None or earlier.manifest is None:
        return
    if plans.digest(earlier.sha256, earlier.manifest, rules) != earlier.digest:
        yield Differing(part="policy", name="policy", before="another", after="that of today")


def _calls(plan: Plan) -> dict[str, str]:
    called = Counter(step.call for step in _steps(plan) if isinstance(step, Call))
    return {name: "once" if count == 1 else f"{count} times" for name, count in called.items()}


def _decisions(plan: Plan) -> dict[str, str]:
    return {
        step.decide: f"by {step.by}: {', '.join(step.options)}"
        for step in _steps(plan)
        if isinstance(step, Decide)
    }


def _changes(plan: Plan) -> dict[str, str]:
    return {} if plan.manifest is None else {each.operation: each.told for each in plan.manifest.changes}


def _contracts(plan: Plan) -> dict[str, str]:
    return {} if plan.manifest is None else plan.manifest.contracts


def _inputs(plan: Plan) -> dict[str, str]:
    return {each.name: f"for {each.step}" for each in plan.asks}


def _limits(plan: Plan) -> dict[str, str]:
    frame = plan.frame
    told = frame.constraints.model_dump(mode="json") | frame.budget.model_dump(mode="json")
    return _worded(told)


def _worst(plan: Plan) -> dict[str, str]:
    told = plan.simulation.worst.items()
    return {name: f"{value:g}" for name, value in told if isinstance(value, int | float)}


def _findings(plan: Plan) -> dict[str, str]:
    return {
        f"{each.invariant}: {each.message}": f"found with faults: {each.faults}"
        for each in plan.simulation.findings
    }


_FACTS: Mapping[Part, Callable[[Plan], dict[str, str]]] = {
    "call": _calls,
    "decision": _decisions,
    "change": _changes,
    "contract": _contracts,
    "input": _inputs,
    "limit": _limits,
    "worst": _worst,
    "finding": _findings,
}


def _worded(told: Mapping[str, Any]) -> dict[str, str]:
    return {name: orjson.dumps(value).decode() for name, value in told.items() if value not in (None, [], {})}


def _steps(plan: Plan) -> Iterator[Any]:
    if plan.sha256:
        yield from (place.step for place in walk(Workflow.model_validate(plan.definition)))


def _text(plan: Plan) -> list[str]:
    if not plan.sha256:
        return []
    return documents.dump(Workflow.model_validate(plan.definition).model_copy(update=_OWN)).splitlines()
