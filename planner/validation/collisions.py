"""Collisions: branches that run side by side and make the same change."""

import re
from collections.abc import Iterator

from planner.definition import END, Call, Parallel
from planner.validation.runs import Certainty
from planner.validation.sequences import Sequence
from tools.catalog import Catalog
from tools.problems import Problem


def problems(everything: list[Sequence], catalog: Catalog, certainty: Certainty) -> Iterator[Problem]:
    """Yield calls that change what a call of another branch surely changes, too.

    Told only where it is certain: the same operation, equal arguments that read nothing of the branch,
    and both calls made on every way through their branches.
    """
    for sequence in everything:
        for name, step in sequence.sound():
            if isinstance(step, Parallel):
                yield from _between(sequence.children.get(name, []), catalog, certainty)


def _between(branches: list[Sequence], catalog: Catalog, certainty: Certainty) -> Iterator[Problem]:
    seen: list[tuple[Call, Sequence, str]] = []
    for branch in branches:
        own = list(_changes(branch, catalog, certainty))
        for step, name in own:
            for other, elsewhere, its_name in seen:
                if (step.call, step.with_) == (other.call, other.with_):
                    first = elsewhere.full(its_name)
                    yield Problem(
                        path=branch.at(name, "call"),
                        code="same-change",
                        message=f"'{branch.full(name)}' and '{first}' run side by side, and both call"
                        f" '{step.call}' with the same arguments.",
                        remedy="Call it once, before or behind the branches.",
                    )
                    break
        seen += [(step, branch, name) for step, name in own]


def _changes(branch: Sequence, catalog: Catalog, certainty: Certainty) -> Iterator[tuple[Call, str]]:
    sure = certainty.within(branch)[END] or frozenset()
    for name, step in branch.sound():
        if not isinstance(step, Call) or branch.full(name) not in sure:
            continue
        operation = catalog.operations.get(step.call)
        if operation is None or operation.effect == "read":
            continue
        if branch.steps.keys().isdisjoint(re.findall(r"\w+", repr(step.with_))):
            yield step, name
