"""Coverage of a search: what of a workflow it has come past, and what never happened. Pure."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from evals.coverage import Coverage, Declared, share
from evals.explore.graph import Graph
from evals.explore.subject import Subject
from evals.scripts import declared


class SearchCoverage(Coverage):
    """What a search has come past."""

    vacuous: tuple[str, ...]
    """Invariants that hold because nothing happened that they speak of."""


class Seen(NamedTuple):
    """What a search has come past, as it notes it."""

    steps: Iterable[str]
    edges: Iterable[tuple[str, str, str]]
    offered: dict[str, set[str]]
    chosen: dict[str, set[str]]
    activated: Iterable[str]
    invariants: Iterable[str]


def coverage(subject: Subject, graph: Graph, seen: Seen) -> SearchCoverage:
    """Return what was covered of all that the workflow declares."""
    told = Declared(subject.program.body, subject.programs)
    options, activated = told.options(), set(seen.activated)
    found = {f"{declared(prefix)}{source} -> {target}" for prefix, source, target in seen.edges}
    return SearchCoverage(
        steps=share({path for path, _ in told.places()}, {declared(path) for path in seen.steps}),
        edges=share(told.edges(), found),
        options=share(options, _named(seen.chosen)),
        unreachable=tuple(sorted(options - _named(seen.offered))),
        outcomes=share(graph.possible, set(_happened(graph))),
        pairs=len(set(_pairs(graph))),
        vacuous=tuple(name for name in seen.invariants if name not in activated),
    )


def _named(points: dict[str, set[str]]) -> set[str]:
    return {f"{declared(path)}: {name}" for path, names in points.items() for name in names}


def _happened(graph: Graph) -> Iterator[str]:
    for edge in graph.edges:
        yield from (f"{move.kind} {move.label}: {move.option}" for move in edge.moves if move.kind != "crash")


def _pairs(graph: Graph) -> Iterator[tuple[str, str]]:
    for edge in graph.edges:
        shown = [f"{move.label}: {move.option}" for move in edge.moves]
        yield from pairwise(shown)
        for following in graph.out.get(edge.target, ()):
            if shown and following.moves:
                yield shown[-1], f"{following.moves[0].label}: {following.moves[0].option}"
