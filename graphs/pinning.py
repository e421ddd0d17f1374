"""Pinning: a run stays on the definitions it began with, sub-workflows included."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from planner.definition import AnyStep, Foreach, Parallel, RunWorkflow, Workflow, walk
from planner.runs import Run

Find = Callable[[str, str | None], Workflow]
"""Finds a workflow by name and version; the newest when the version is None."""

_PASS = re.compile(r"\[\d+\]|~\d+")
"""What a path says beside the names: which item, and which visit."""


def closure(workflow: Workflow, find: Find) -> dict[str, Workflow]:
    """Return every workflow that this one may run, by reference, also through others.

    Raises:
        WorkflowUnknown: one of them is not registered.
    """
    found: dict[str, Workflow] = {}
    waiting = [workflow]
    while waiting:
        for place in walk(waiting.pop()):
            step = place.step
            if isinstance(step, RunWorkflow) and reference(step) not in found:
                nested = find(step.run, step.version)
                found[reference(step)] = nested
                waiting.append(nested)
    return found


def runs_others(workflow: Workflow) -> bool:
    """Tell whether the workflow runs another one."""
    return any(isinstance(place.step, RunWorkflow) for place in walk(workflow))


def reference(step: RunWorkflow) -> str:
    """Return how a step names its workflow, such as `notify-customer` or `notify-customer@1.2.0`."""
    return step.run if step.version is None else f"{step.run}@{step.version}"


def step_at(workflow: Workflow, pinned: Mapping[str, Workflow], path: str) -> AnyStep | None:
    """Return the step that a path of a run leads to, through sub-workflows too; None where there is none."""
    steps, found = workflow.steps, None
    names = iter(_PASS.sub("", path).split("."))
    for name in names:
        found = steps.get(name)
        if isinstance(found, Parallel):
            steps = found.parallel.get(next(names, ""), {})
        elif isinstance(found, Foreach):
            steps = found.steps
        elif isinstance(found, RunWorkflow) and reference(found) in pinned:
            steps = pinned[reference(found)].steps
        else:
            steps = {}
    return found


def restore(pinned: Mapping[str, str], by_sha256: Callable[[str], Workflow]) -> dict[str, Workflow]:
    """Return the workflows that a run was pinned to when it began."""
    return {name: by_sha256(sha256) for name, sha256 in pinned.items()}


def facts(run: Run, revision: str, pinned: Mapping[str, Workflow]) -> dict[str, Any]:
    """Return what the journal says of the definitions and the catalogue that a run is pinned to."""
    sha256s = {name: workflow.sha256 for name, workflow in pinned.items()}
    return {"workflow": run.workflow.model_dump(), "catalog": revision, "pinned": sha256s}
