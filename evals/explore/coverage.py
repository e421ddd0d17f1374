"""Coverage: what of a workflow a search has come past, and what never happened. Pure."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from evals.explore.graph import Graph
from evals.explore.subject import Subject
from evals.scripts import declared
from graphs import pinning
from graphs.blocks import Node, Sequence
from planner.definition import Decide, Fail, RunWorkflow
from tools.records import Record

MOST_DEPTH = 20


class Share(Record):
    """How much of something was covered."""

    covered: int
    total: int
    missing: tuple[str, ...] = ()
    """What was not."""


class Coverage(Record):
    """What a search has come past."""

    steps: Share
    edges: Share
    """Ways from one stretch of steps to the next."""
    options: Share
    """Options of decisions that were chosen."""
    unreachable: tuple[str, ...]
    """Options that were never even offered."""
    outcomes: Share
    """Ways in which calls, models and persons answered."""
    pairs: int
    """Different ways of two answers in a row."""
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


def coverage(subject: Subject, graph: Graph, seen: Seen) -> Coverage:
    """Return what was covered of all that the workflow declares."""
    places = list(_places(subject, subject.program.body, ""))
    steps = {path for path, _ in places}
    edges = set(_edges(subject, subject.program.body, ""))
    options = {
        f"{path}: {name}"
        for path, node in places
        if isinstance(node.step, Decide)
        for name in node.step.options
    }
    found = {f"{declared(prefix)}{source} -> {target}" for prefix, source, target in seen.edges}
    activated = set(seen.activated)
    return Coverage(
        steps=_share(steps, {declared(path) for path in seen.steps}),
        edges=_share(edges, found),
        options=_share(options, _named(seen.chosen)),
        unreachable=tuple(sorted(options - _named(seen.offered))),
        outcomes=_share(graph.possible, set(_happened(graph))),
        pairs=len(set(_pairs(graph))),
        vacuous=tuple(name for name in seen.invariants if name not in activated),
    )


def _share(all_: set[str], found: set[str]) -> Share:
    missing = tuple(sorted(all_ - found))
    return Share(covered=len(all_) - len(missing), total=len(all_), missing=missing)


def _named(points: dict[str, set[str]]) -> set[str]:
    return {f"{declared(path)}: {name}" for path, names in points.items() for name in names}


def _places(subject: Subject, sequence: Sequence, prefix: str, depth: int = 0) -> Iterator[tuple[str, Node]]:
    for name, node in sequence.nodes.items():
        path = f"{prefix}{name}"
        yield path, node
        for below, nested in _nested(subject, node, path, depth):
            yield from _places(subject, nested, below, depth + 1)


def _nested(subject: Subject, node: Node, path: str, depth: int) -> Iterator[tuple[str, Sequence]]:
    """Yield the sequences inside a step, with the prefix of their steps."""
    if depth == MOST_DEPTH:
        return
    if isinstance(node.step, RunWorkflow):
        yield f"{path}.", subject.programs[pinning.reference(node.step)].body
    for branch, nested in node.children.items():
        yield (f"{path}." if branch == "steps" and len(node.children) == 1 else f"{path}.{branch}."), nested


def _edges(subject: Subject, sequence: Sequence, prefix: str, depth: int = 0) -> Iterator[str]:
    for block in sequence.blocks.values():
        last = block.nodes[-1]
        if not isinstance(last.step, Fail):
            yield from (f"{prefix}{block.name} -> {target}" for target in block.targets)
        for node in block.nodes:
            for below, nested in _nested(subject, node, f"{prefix}{node.name}", depth):
                yield from _edges(subject, nested, below, depth + 1)


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
