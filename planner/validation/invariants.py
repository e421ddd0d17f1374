"""Invariants: conditions that the explorer holds every path against, and the names that they may use."""

from collections.abc import Iterator

from planner.definition import Workflow
from planner.validation.candidates import either, listed, near
from planner.validation.guards import FUNCTIONS
from tools import expressions
from tools.errors import ExpressionError
from tools.expressions import Expression
from tools.problems import Problem

NAMES = frozenset({"effects", "decisions", "state", "input", "run"})
"""What an invariant can speak of."""


def problems(workflow: Workflow) -> Iterator[Problem]:
    """Yield what is wrong with the invariants of a workflow."""
    told = workflow.invariants
    for kind, conditions in (("never", told.never), ("always", told.always), ("finally", told.finally_)):
        for place, text in enumerate(conditions):
            yield from _of_condition(f"/invariants/{kind}/{place}", text, workflow)


def _of_condition(path: str, text: str, workflow: Workflow) -> Iterator[Problem]:
    try:
        condition = expressions.condition(text)
    except ExpressionError as exc:
        yield Problem(path=path, code="bad-expression", message=f"{exc}.")
        return
    yield from _unknown_functions(path, condition)
    yield from _unknown_names(path, condition)
    yield from _unknown_steps(path, condition, workflow)


def _unknown_functions(path: str, condition: Expression) -> Iterator[Problem]:
    for name in condition.functions:
        if name not in FUNCTIONS:
            likely = near(name, FUNCTIONS)
            remedy = f"Did you mean {either(likely)}?" if likely else ""
            message = f"`{condition.source}` calls '{name}', which does not exist."
            yield Problem(path=path, code="unknown-function", message=message, remedy=remedy)


def _unknown_names(path: str, condition: Expression) -> Iterator[Problem]:
    for name in condition.names:
        if name not in NAMES:
            message = f"`{condition.source}` reads '{name}', which no invariant can see."
            remedy = f"Invariants see {listed(sorted(NAMES))}; the value of a step is `state.{name}`."
            yield Problem(path=path, code="unknown-name", message=message, remedy=remedy)


def _unknown_steps(path: str, condition: Expression, workflow: Workflow) -> Iterator[Problem]:
    for reference in condition.references:
        if reference.root == "state" and reference.fields and reference.fields[0] not in workflow.steps:
            name = reference.fields[0]
            likely = near(name, workflow.steps)
            message = f"`{condition.source}` reads the state of '{name}', and there is no such step."
            remedy = f"Did you mean {either(likely)}?" if likely else ""
            yield Problem(path=path, code="unknown-step", message=message, remedy=remedy)
