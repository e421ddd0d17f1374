"""Collisions: branches that run side by side and make the same change."""

import re
from collections.abc import Iterator

from planner.definition import END, Call, Parallel
from planner.validation.runs import Certainty
from planner.validation.sequences import Sequence
from tools.catalog import Catalog
from tools.problems import Problem


def problems(everything: list[Sequence], catalog: Catalog, certainty: Certainty) -> Iterator[Problem]:
    """Yield calls that change what a call of another branch changes, too.

    It is an error where it is certain: the same operation, equal arguments that read nothing of the branch,
    and both calls made on every way through their branches. Where no argument surely tells the two calls
    apart it is a warning.
    """
    for sequence in everything:
        for name, step in sequence.sound():
            if isinstance(step, Parallel):
                branches = sequence.children.get(name, [])
                sure = list(_between(branches, catalog, certainty))
                yield from sure
                yield from _perhaps(branches, catalog, {problem.path for problem in sure})


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


def _perhaps(branches: list[Sequence], catalog: Catalog, told: set[str]) -> Iterator[Problem]:
    seen: dict[str, list[tuple[Call, str]]] = {}
    for branch in branches:
        own: list[tuple[Call, str]] = []
        for name, step in branch.sound():
            operation = catalog.operations.get(step.call) if isinstance(step, Call) else None
            if operation is None or operation.effect == "read" or not isinstance(step, Call):
                continue
            own.append((step, branch.full(name)))
            pointer = branch.at(name, "call")
            alike = [path for other, path in seen.get(step.call, ()) if not _apart(step, other)]
            if alike and pointer not in told:
                yield Problem(
                    path=pointer,
                    code="perhaps-same-change",
                    severity="warning" if operation.effect_source == "declared" else "undecided",
                    message=f"'{branch.full(name)}' and '{alike[0]}' run side by side, call '{step.call}',"
                    " and nothing says that they change different things.",
                    remedy="Let a written argument tell them apart, or call one after the other.",
                )
        for step, path in own:
            seen.setdefault(step.call, []).append((step, path))


def _apart(one: Call, other: Call) -> bool:
    """Tell whether an argument that is written out differs between two calls."""
    return any(
        name in other.with_ and value != other.with_[name] and not _computed(value, other.with_[name])
        for name, value in one.with_.items()
    )


def _computed(*values: object) -> bool:
    return any("${" in repr(value) for value in values)


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
