"""The report: every check of a workflow, in the order of the file, each cause told once."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from planner.definition import Workflow
from planner.validation import (
    arguments,
    budgets,
    collisions,
    credentials,
    durations,
    events,
    flow,
    guards,
    inputs,
    invariants,
    leaks,
    missing,
    names,
    nesting,
    options,
    permits,
    pivots,
    references,
    repeats,
    undos,
    unused,
)
from planner.validation.runs import Certainty
from planner.validation.sequences import NOTHING_BROKEN, Sequence, sequences
from planner.validation.shape import Salvaged
from planner.validation.sites import Site, sites
from planner.validation.values import Scope
from tools.catalog import Catalog
from tools.problems import Problem

_NONE: Mapping[str, Workflow] = MappingProxyType({})


def validate(
    workflow: Workflow, *, catalog: Catalog | None, workflows: Mapping[str, Workflow] = _NONE
) -> list[Problem]:
    """Return every problem of the workflow.

    Args:
        workflow: the definition.
        catalog: operations that it may call; with None, calls are not checked against operations.
        workflows: workflows that it may run, by name.
    """
    return validate_salvaged(Salvaged(workflow, NOTHING_BROKEN), catalog=catalog, workflows=workflows)


def validate_salvaged(
    salvaged: Salvaged, *, catalog: Catalog | None, workflows: Mapping[str, Workflow] = _NONE
) -> list[Problem]:
    """Return every problem of what could be read of a workflow; broken steps are taken on trust."""
    workflow = salvaged.workflow
    everything = sequences(workflow, salvaged.broken)
    known = {**workflows, workflow.workflow: workflow}
    found = sites(workflow, everything)
    scope = Scope(workflow, catalog)
    read = references.check(found, scope, Certainty())
    lost = [*missing.targets(everything), *read.missing]
    problems = [
        *names.problems(everything),
        *inputs.problems(workflow),
        *durations.problems(workflow, everything),
        *events.problems(workflow, everything, catalog),
        *(problem for sequence in everything for problem in flow.problems(sequence)),
        *missing.problems(lost, everything),
        *read.problems,
        *options.problems(everything),
        *nesting.problems(workflow, everything, known),
        *_of_values(found, scope),
        *_of_arguments(everything, found, scope, catalog, known),
    ]
    if not salvaged.broken and not any(site.error for site in found):
        problems += options.pointless(everything, read.touched, missing.suspects(lost))
    if catalog is not None:
        problems += collisions.problems(everything, catalog, Certainty())
        problems += undos.problems(workflow, everything, catalog, workflows=known)
        problems += pivots.problems(workflow, everything, catalog, workflows=known)
        problems += repeats.problems(everything, found, catalog)
        problems += leaks.problems(workflow, everything, found, catalog=catalog, workflows=known)
    problems += permits.problems(
        workflow.permit, everything, catalog=catalog, workflows=known, certainty=Certainty()
    )
    problems += credentials.problems(workflow, everything, catalog)
    problems += invariants.problems(workflow)
    problems += budgets.problems(workflow, everything)
    if not salvaged.broken and not any(site.error for site in found):
        problems += unused.problems(workflow, everything, found, touched=read.touched)
    return _in_order(problems, everything)


def _of_values(found: list[Site], scope: Scope) -> Iterator[Problem]:
    for site in found:
        yield from guards.problems(site, scope)


def _of_arguments(
    everything: list[Sequence],
    found: list[Site],
    scope: Scope,
    catalog: Catalog | None,
    workflows: Mapping[str, Workflow],
) -> Iterator[Problem]:
    if catalog is not None:
        yield from arguments.operations(everything, catalog)
    by_step: dict[tuple[int, str], list[Site]] = {}
    for site in found:
        by_step.setdefault((id(site.sequence), site.step), []).append(site)
    for item in arguments.handed(everything, catalog, workflows):
        yield from arguments.problems(item, by_step.get((id(item.sequence), item.step), []), scope)


def _in_order(problems: list[Problem], everything: list[Sequence]) -> list[Problem]:
    """Return the problems in the order of the file: input, steps, output."""
    order = {sequence.at(name): place for place, (sequence, name) in enumerate(_steps(everything[0]))}

    def place(problem: Problem) -> tuple[int, str]:
        around = [order[step] for step in _prefixes(problem.path) if step in order]
        if around:
            return around[-1], problem.path
        is_after = problem.path.startswith(("/invariants", "/output"))
        return (len(order) if is_after else -1), problem.path

    return sorted(problems, key=place)


def _prefixes(pointer: str) -> Iterator[str]:
    parts = pointer.split("/")
    for count in range(2, len(parts) + 1):
        yield "/".join(parts[:count])


def _steps(sequence: Sequence) -> Iterator[tuple[Sequence, str]]:
    for name in sequence.steps:
        yield sequence, name
        for child in sequence.children.get(name, []):
            yield from _steps(child)
