"""Sequels: the steps that may still begin once another one has run, or run beside it."""

from collections.abc import Iterator, Mapping

from planner.definition import Call, Fail, Receive, RunWorkflow, Workflow
from planner.validation.sequences import Sequence, edges, reached, sequences

Spot = tuple[Sequence, str]
"""A step and the sequence that it stands in."""


def sequels(sequence: Sequence, name: str) -> Iterator[Spot]:
    """Yield every step that may begin after the step has run, those of branches beside it included.

    Another item of a `foreach` may begin as well, so all steps of its body are among them.
    """
    ways = [edge for edge in edges(sequence) if not edge.guessed]
    first = [edge.target for edge in ways if edge.source == name and edge.ran]
    behind = {found for target in first for found in reached(target, ways)}
    for found in sequence.steps:
        if found in behind:
            yield from _with_inner(sequence, found)
    if sequence.parent is None:
        return
    beside = sequence.parent.children[sequence.owner]
    for other in beside:
        if other is not sequence or sequence.looped:
            yield from inner(other)
    yield from sequels(sequence.parent, sequence.owner)


def inner(sequence: Sequence) -> Iterator[Spot]:
    """Yield every step of a sequence, nested ones included."""
    for name in sequence.steps:
        yield from _with_inner(sequence, name)


def _with_inner(sequence: Sequence, name: str) -> Iterator[Spot]:
    yield sequence, name
    for child in sequence.children.get(name, ()):
        yield from inner(child)


def may_fail(sequence: Sequence, name: str, workflows: Mapping[str, Workflow]) -> bool:
    """Tell whether a step can by itself end the run as failed, nested steps left out.

    A call can be refused; one that may be skipped instead cannot fail. An event can stay out. Of a workflow
    that is not at hand everything is to be feared.
    """
    if name in sequence.broken:
        return False
    step = sequence.steps[name]
    if isinstance(step, Call):
        return not skippable(step)
    if isinstance(step, Receive):
        return step.within is not None and step.otherwise is None
    if isinstance(step, RunWorkflow):
        inside = spots_of(step, workflows)
        return step.run not in workflows or any(may_fail(*spot, workflows) for spot in inside)
    return isinstance(step, Fail)


def spots_of(step: RunWorkflow, workflows: Mapping[str, Workflow]) -> Iterator[Spot]:
    """Yield every step of the workflow that a step runs, those of workflows that it runs itself included."""
    seen: set[str] = set()
    waiting = [step.run]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in workflows:
            continue
        seen.add(name)
        for spot in inner(sequences(workflows[name])[0]):
            found = spot[0].steps[spot[1]]
            if isinstance(found, RunWorkflow):
                waiting.append(found.run)
            else:
                yield spot


def skippable(step: Call) -> bool:
    """Tell whether recovery may go on without the call."""
    allowed = None if step.recover is None else step.recover.allow
    return step.optional and (allowed is None or "skip" in allowed)
