"""Permits: calls beyond what a workflow says that it may do at the most."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import combinations
from typing import NamedTuple

from planner.definition import Call, RunWorkflow, Workflow
from planner.permits import Permit
from planner.validation.runs import Certainty
from planner.validation.sequels import sequels, spots_of
from planner.validation.sequences import NOTHING_BROKEN, Sequence, sequences
from tools.catalog import Catalog
from tools.problems import Problem


class Made(NamedTuple):
    """An operation that a step calls, itself or in the workflow that it runs."""

    sequence: Sequence
    name: str
    pointer: str
    operation: str


OWN = "`permit`"
"""How the permit that a workflow itself declares is called."""


def beyond(
    workflow: Workflow, permit: Permit, *, of: str, catalog: Catalog, workflows: Mapping[str, Workflow]
) -> list[Problem]:
    """Return every call of a valid workflow that somebody's permit rules out. Exact for what is declared.

    Args:
        workflow: the definition.
        permit: what may be done at the most.
        of: whose permit it is, in words that begin a sentence's end.
        catalog: operations that are called.
        workflows: workflows that it runs, by name.
    """
    known, everything = {**workflows, workflow.workflow: workflow}, sequences(workflow, NOTHING_BROKEN)
    return list(problems(permit, everything, catalog=catalog, workflows=known, certainty=Certainty(), of=of))


def problems(
    permit: Permit,
    everything: list[Sequence],
    *,
    catalog: Catalog | None,
    workflows: Mapping[str, Workflow],
    certainty: Certainty,
    of: str = OWN,
) -> Iterator[Problem]:
    """Yield every call that a permit rules out. Exact for what is declared."""
    if permit == Permit():
        return
    made = [each for sequence in everything for each in _made(sequence, workflows)]
    for each in made:
        operation = None if catalog is None else catalog.operations.get(each.operation)
        why = permit.refusal(each.operation, None if operation is None else operation.effect)
        if why is not None:
            yield _not_permitted(each, f"{why} {of} names", of)
    yield from _together(made, permit, of)
    yield from _unprepared(made, permit, certainty, of)


def _made(sequence: Sequence, workflows: Mapping[str, Workflow]) -> Iterator[Made]:
    for name, step in sequence.sound():
        if isinstance(step, Call):
            yield Made(sequence, name, sequence.at(name, "call"), step.call)
            for place, other in enumerate(step.substitutes):
                yield Made(sequence, name, sequence.at(name, "substitutes", str(place), "call"), other.call)
        elif isinstance(step, RunWorkflow):
            for call in _calls_of(step, workflows):
                yield Made(sequence, name, sequence.at(name, "run"), call)


def _calls_of(step: RunWorkflow, workflows: Mapping[str, Workflow]) -> list[str]:
    found: dict[str, None] = {}
    for sequence, name in spots_of(step, workflows):
        inner = sequence.steps[name]
        if isinstance(inner, Call):
            found |= dict.fromkeys((inner.call, *(other.call for other in inner.substitutes)))
    return list(found)


def _not_permitted(made: Made, why: str, of: str) -> Problem:
    return Problem(
        path=made.pointer,
        code="not-permitted",
        message=f"'{made.operation}' {why}.",
        remedy=f"Take the call out, or let whoever answers for it widen {of}.",
    )


def _together(made: list[Made], permit: Permit, of: str) -> Iterator[Problem]:
    """Yield calls that may follow another one in the same run although they are to stay apart."""
    for group in permit.apart:
        of_group = [each for each in made if any(fnmatchcase(each.operation, name) for name in group)]
        for one, other in combinations(of_group, 2):
            if one.operation != other.operation and (_leads(one, other) or _leads(other, one)):
                yield Problem(
                    path=other.pointer,
                    code="forbidden-pair",
                    message=f"'{one.operation}' and '{other.operation}' may both be called in one run,"
                    f" and {of} keeps them apart.",
                    remedy="Let only one way come to each of them.",
                )


def _leads(one: Made, other: Made) -> bool:
    is_same = one.sequence is other.sequence and one.name == other.name
    return is_same or any(
        sequence is other.sequence and name == other.name
        for sequence, name in sequels(one.sequence, one.name)
    )


def _unprepared(made: list[Made], permit: Permit, certainty: Certainty, of: str) -> Iterator[Problem]:
    """Yield calls before which the one that must come first has not surely been made."""
    for each in made:
        wanted = [first for name, first in permit.first.items() if fnmatchcase(each.operation, name)]
        before = certainty.before(each.sequence, each.name)
        for first in wanted if before is not None else ():
            of_first = [one for one in made if fnmatchcase(one.operation, first)]
            inside = any(one.pointer == each.pointer for one in of_first)
            if not inside and not {one.sequence.full(one.name) for one in of_first} & (before or frozenset()):
                yield Problem(
                    path=each.pointer,
                    code="not-prepared",
                    message=f"'{each.operation}' may be called before '{first}' was, which {of} wants first.",
                    remedy=f"Call '{first}' on every way to it.",
                )
