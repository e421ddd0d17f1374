"""Bounds: how often each step of a workflow can be come to in one run, at the most. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from planner.definition import Foreach, RunWorkflow, Workflow
from planner.validation import flow
from planner.validation.sequences import Sequence, edges, sequences
from planner.validation.values import Scope
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import condition

Most = int | None
"""A number that is not exceeded; None where there is none."""


class Bounded(NamedTuple):
    """A step and how often it can be come to."""

    workflow: Workflow
    sequence: Sequence
    name: str
    most: Most


def bounds(workflow: Workflow, catalog: Catalog, workflows: Mapping[str, Workflow]) -> Iterator[Bounded]:
    """Yield every step, those of workflows that it runs included; they may not run each other in a circle.

    In a cycle a step is come to at most once more than the steps that bound it are together. A foreach counts
    its longest list, as far as a schema tells one.
    """
    yield from _of_workflow(workflow, catalog, workflows, 1)


def times(one: Most, other: Most) -> Most:
    """Return the product of two bounds; nothing times anything is nothing."""
    if 0 in (one, other):
        return 0
    return None if one is None or other is None else one * other


def plus(one: Most, other: Most) -> Most:
    """Return the sum of two bounds."""
    return None if one is None or other is None else one + other


def _of_workflow(
    workflow: Workflow, catalog: Catalog, workflows: Mapping[str, Workflow], often: Most
) -> Iterator[Bounded]:
    scope = Scope(workflow, catalog)
    often_by_sequence: dict[int, Most] = {}
    for sequence in sequences(workflow):
        outer = often_by_sequence.get(id(sequence), often)
        often_here = visits(sequence)
        for name, step in sequence.steps.items():
            most = times(outer, often_here[name])
            yield Bounded(workflow, sequence, name, most)
            inner = times(most, _items(step, sequence, scope)) if isinstance(step, Foreach) else most
            for child in sequence.children.get(name, ()):
                often_by_sequence[id(child)] = inner
            if isinstance(step, RunWorkflow) and step.run in workflows:
                yield from _of_workflow(workflows[step.run], catalog, workflows, most)


def visits(sequence: Sequence) -> dict[str, Most]:
    """Return how often each step can be come to in one pass of its sequence."""
    found: dict[str, Most] = dict.fromkeys(sequence.steps, 1)
    for loop in flow.loops(sequence, edges(sequence)):
        bounded = [step.max_visits for name in loop if (step := sequence.steps[name]).max_visits is not None]
        for name in loop:
            own = sequence.steps[name].max_visits
            found[name] = own if own is not None else (sum(bounded) + 1 if bounded else None)
    return found


def _items(step: Foreach, sequence: Sequence, scope: Scope) -> Most:
    try:
        schema = scope.schema(sequence, condition(step.foreach))
    except ExpressionError:
        return None
    most = (schema or {}).get("maxItems")
    return most if isinstance(most, int) else None
