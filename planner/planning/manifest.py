"""The manifest: what a plan may change, how often at the most, and how each change is taken back. Pure."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import timedelta

from planner.definition import Call, Decide, Workflow, canonical
from planner.validation import bounds
from planner.validation.bounds import Most
from tools.catalog import Catalog
from tools.operations import EffectClass, Operation
from tools.records import Record


class Change(Record):
    """One operation that changes something."""

    operation: str
    effect: EffectClass
    at_most: int | None
    """How often it takes effect in one run; None where a list has no bound."""
    taken_back_by: str | None
    """The operation that takes it back; None where nothing does."""
    asked: bool
    """Whether the goal names it."""
    confirmed: bool
    """Whether a person declared its effect class; otherwise it is a guess or the cautious default."""

    @property
    def told(self) -> str:
        """Return in words how often it takes effect, and what takes it back."""
        often = "as often as a list is long" if self.at_most is None else f"at most {self.at_most} times"
        back = f"taken back by {self.taken_back_by}" if self.taken_back_by else "not taken back"
        asked = "" if self.asked else "; not asked for"
        sure = "" if self.confirmed else "; effect class not declared"
        return f"{self.effect}, {'at most once' if self.at_most == 1 else often}; {back}{asked}{sure}"


class Manifest(Record):
    """What may happen when a plan is run, as its definition and the contracts tell."""

    changes: tuple[Change, ...]
    """Everything that is called and does more than read, in the order of the definition."""
    reads: tuple[str, ...]
    """Operations that are called and change nothing."""
    calls: int | None
    """Calls at the most, repeated ones left out; None where there is no bound."""
    model_decisions: int | None
    """Decisions of the model at the most, recovery left out; None where there is no bound."""
    person_decisions: int | None
    """Decisions of persons at the most, recovery left out."""
    model_calls: int | None
    """Requests to the model that the budget allows; None where it names no bound."""
    tokens: int | None
    cost_usd: float | None
    duration: timedelta | None
    contracts: dict[str, str]
    """SHA-256 of each operation's contract and schemas by name, those that take back or look up included."""


def manifest(
    workflow: Workflow, catalog: Catalog, workflows: Mapping[str, Workflow], *, asked: Collection[str]
) -> Manifest:
    """Return the manifest of a valid workflow.

    Args:
        workflow: the definition.
        catalog: what it calls.
        workflows: what it runs, by name.
        asked: operations that the goal names.
    """
    calls: dict[str, Most] = {}
    decisions: dict[str, Most] = {"model": 0, "person": 0, "rule": 0}
    for found in bounds.bounds(workflow, catalog, workflows):
        step = found.sequence.steps[found.name]
        if isinstance(step, Call):
            for name in (step.call, *(other.call for other in step.substitutes)):
                calls[name] = bounds.plus(calls.get(name, 0), found.most)
        elif isinstance(step, Decide):
            decisions[step.by] = bounds.plus(decisions[step.by], found.most)
    total: Most = 0
    for most in calls.values():
        total = bounds.plus(total, most)
    operations = {name: catalog.operations[name] for name in calls}
    budget = workflow.budget
    return Manifest(
        changes=tuple(
            _change(item, calls[name], asked) for name, item in operations.items() if item.effect != "read"
        ),
        reads=tuple(name for name, item in operations.items() if item.effect == "read"),
        calls=total,
        model_decisions=decisions["model"],
        person_decisions=decisions["person"],
        model_calls=budget.model_calls,
        tokens=budget.tokens,
        cost_usd=budget.cost_usd,
        duration=budget.duration,
        contracts=contracts(operations, catalog),
    )


def contracts(names: Collection[str], catalog: Catalog) -> dict[str, str]:
    """Return the hash of each operation's contract, with those that take it back or look it up.

    An operation that the catalogue does not hold any more has none.
    """
    found: dict[str, str] = {}
    open_ = list(names)
    while open_:
        operation = catalog.operations.get(name := open_.pop())
        if operation is not None and name not in found:
            found[name] = _hash(operation)
            open_ += [other.call for other in (operation.undo, operation.reconcile) if other is not None]
    return dict(sorted(found.items()))


def _hash(operation: Operation) -> str:
    told = operation.model_dump(mode="json", exclude={"kinds", "lasting", "summary"})
    return hashlib.sha256(canonical(told)).hexdigest()


def _change(operation: Operation, most: Most, asked: Collection[str]) -> Change:
    return Change(
        operation=operation.name,
        effect=operation.effect,
        at_most=most,
        taken_back_by=None if operation.undo is None else operation.undo.call,
        asked=operation.name in asked,
        confirmed=operation.effect_source == "declared",
    )
