"""Coverage of a search: what of a workflow it has come past, and what never happened. Pure."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from evals.coverage import Coverage, Declared, Share, share
from evals.explore import together
from evals.explore.graph import Graph
from evals.explore.subject import Subject
from evals.explore.together import Together
from evals.scripts import declared

_BESIDE = frozenset({"crash", "cancel"})
"""Kinds of moves that happen beside an entry of the journal."""


class SearchCoverage(Coverage):
    """What a search has come past."""

    positions: Share
    """Places in the run, each with each fault that could strike there."""
    together: Together
    """Answers to two different points that came on one path."""
    vacuous: tuple[str, ...]
    """Invariants that hold because nothing happened that they speak of."""

    @property
    def shares(self) -> dict[str, Share]:
        """What is counted, by its name in the plural."""
        return {**super().shares, "fault positions": self.positions}


class Seen(NamedTuple):
    """What a search has come past, as it notes it."""

    steps: Iterable[str]
    edges: Iterable[tuple[str, str, str]]
    offered: dict[str, set[str]]
    chosen: dict[str, set[str]]
    activated: Iterable[str]
    invariants: Iterable[str]
    sites: Iterable[tuple[str, str, str]] = ()
    crashes: Iterable[str] = ()


def coverage(subject: Subject, graph: Graph, seen: Seen, faults: int) -> SearchCoverage:
    """Return what was covered of all that the workflow declares, with so many faults on one path."""
    told = Declared(subject.program.body, subject.programs)
    options, activated = told.options(), set(seen.activated)
    found = {f"{declared(prefix)}{source} -> {target}" for prefix, source, target in seen.edges}
    return SearchCoverage(
        steps=share({path for path, _ in told.places()}, {declared(path) for path in seen.steps}),
        edges=share(told.edges(), found),
        options=share(options, _named(seen.chosen)),
        unreachable=tuple(sorted(options - _named(seen.offered))),
        outcomes=share(graph.possible, set(_happened(graph))),
        pairs=len(set(_pairs(graph, faults))),
        positions=_positions(graph, seen),
        together=together.together(graph, faults),
        vacuous=tuple(name for name in seen.invariants if name not in activated),
    )


def _named(points: dict[str, set[str]]) -> set[str]:
    return {f"{declared(path)}: {name}" for path, names in points.items() for name in names}


def _happened(graph: Graph) -> Iterator[str]:
    for edge in graph.edges:
        yield from (
            f"{move.kind} {move.label}: {move.option}" for move in edge.moves if move.kind not in _BESIDE
        )


def _positions(graph: Graph, seen: Seen) -> Share:
    """Return faults by the place that they struck: a step's call, a decision, a wait, or beside an entry."""
    sites = {(declared(path), operation, told) for path, operation, told in seen.sites}
    found = {f"{path}, {operation}: {told}" for path, operation, told in sites}
    found |= set(_happened(graph)) | set(_beside(graph))
    total = {_place(each) for each in seen.crashes}
    total |= {name for name in graph.faulty if not name.startswith("call ")}
    for path, operation, _ in sites:
        before = f"call {operation}: "
        faults = (name.removeprefix(before) for name in graph.faulty if name.startswith(before))
        total |= {f"{path}, {operation}: {fault}" for fault in faults}
    return share(total, found)


def _place(label: str) -> str:
    """Return the place of a crash or cancelling, whichever visit and attempt it was."""
    return re.split(" visit | attempt ", label, maxsplit=1)[0]


def _beside(graph: Graph) -> Iterator[str]:
    for edge in graph.edges:
        for move in edge.moves:
            if move.kind in _BESIDE:
                yield _place(f"{move.kind} {move.label}")


def _pairs(graph: Graph, faults: int) -> Iterator[tuple[str, str]]:
    """Yield what followed what, on paths with at most so many faults."""
    fewest = graph.depths()
    for edge in graph.edges:
        shown = [f"{move.label}: {move.option}" for move in edge.moves if move.kind != "turn"]
        left = faults - fewest[edge.source][0] - edge.faults
        if left >= 0:
            yield from pairwise(shown)
        for following in graph.out.get(edge.target, ()):
            if shown and following.moves and following.moves[0].kind != "turn" and following.faults <= left:
                yield shown[-1], f"{following.moves[0].label}: {following.moves[0].option}"
