"""Nesting: workflows that run other workflows, which must exist and may not come back to themselves."""

from collections.abc import Mapping

from planner.definition import RunWorkflow, Workflow, walk
from planner.validation.candidates import meant
from planner.validation.sequences import Sequence
from tools.problems import Problem


def problems(
    workflow: Workflow, everything: list[Sequence], workflows: Mapping[str, Workflow]
) -> list[Problem]:
    """Return what is wrong with the workflows that this one runs; `workflows` holds it too."""
    found: dict[str, Problem] = {}
    for sequence in everything:
        for name, step in sequence.sound():
            if not isinstance(step, RunWorkflow) or step.run in found:
                continue
            pointer = sequence.at(name, "run")
            if step.run not in workflows:
                found[step.run] = _unknown(pointer, step.run, workflows)
            elif way := _way_back(step, workflow.workflow, workflows):
                found[step.run] = _endless(pointer, [workflow.workflow, *way])
    return list(found.values())


def _unknown(pointer: str, name: str, workflows: Mapping[str, Workflow]) -> Problem:
    return Problem(
        path=pointer,
        code="unknown-workflow",
        message=f"There is no workflow '{name}'.",
        remedy=meant(name, list(workflows), what="workflows"),
    )


def _endless(pointer: str, way: list[str]) -> Problem:
    return Problem(
        path=pointer,
        code="endless-nesting",
        message=f"Workflows run each other without end: {' → '.join(way)}.",
        remedy="Repeat steps with `then` and `max_visits`, or a list with `foreach`, instead.",
    )


def _way_back(step: RunWorkflow, home: str, workflows: Mapping[str, Workflow]) -> list[str]:
    """Return the names on a shortest way back to `home`, or to one of them a second time; or nothing."""
    waiting = [(step, [step.run])]
    seen: set[str] = set()
    for current, way in waiting:
        if not _same(current, workflows):
            continue
        if current.run == home:
            return way
        if current.run not in seen:
            seen.add(current.run)
            waiting += [(inner, [*way, inner.run]) for inner in _runs(workflows[current.run])]
    return []


def _same(step: RunWorkflow, workflows: Mapping[str, Workflow]) -> bool:
    """Tell whether the step runs the very version that is at hand."""
    known = workflows.get(step.run)
    return known is not None and step.version in {None, known.version}


def _runs(workflow: Workflow) -> list[RunWorkflow]:
    return [place.step for place in walk(workflow) if isinstance(place.step, RunWorkflow)]
