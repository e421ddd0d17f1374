"""Covers: few paths that come past everything that a search has come past."""

from collections.abc import Iterator

from evals.explore import graph
from evals.explore.graph import Edge
from evals.explore.points import Move
from evals.explore.search import Search
from evals.explore.walk import Walk, walk

Item = tuple[str, ...]
"""An answer at a point, or a way from one stretch of steps to the next."""


def cover(search: Search) -> list[Walk]:
    """Return paths that together give every answer and take every way; the longest are tried first."""
    wanted = {_item(move) for edge in search.graph.edges for move in edge.moves if move.kind != "turn"}
    wanted |= {("edge", *edge) for edge in search.edges}
    chosen: list[Walk] = []
    for edge in _longest_first(search):
        if not any(_item(move) in wanted for move in edge.moves):
            continue
        path = _walk(search, edge)
        found = set(_items(path))
        if found & wanted:
            wanted -= found
            chosen.append(path)
    return chosen


def _longest_first(search: Search) -> list[Edge]:
    """Return one edge for each answer, those first to which the way is longest."""
    depths = search.graph.depths()
    first: dict[Item, Edge] = {}
    for edge in search.graph.edges:
        for move in edge.moves:
            best = first.get(_item(move))
            if best is None or depths[edge.source] < depths[best.source]:
                first[_item(move)] = edge
    return sorted(first.values(), key=lambda edge: depths[edge.source], reverse=True)


def _walk(search: Search, edge: Edge) -> Walk:
    way = (*search.graph.shortest(edge.source), edge)
    root = way[0].source
    scenario = search.subject.scenarios[search.graph.roots.index(root)]
    return walk(search.subject, scenario, graph.moves(way))


def _items(path: Walk) -> Iterator[Item]:
    yield from (_item(move) for move in path.moves)
    yield from (_item(crash.move) for crash in path.crashes)
    yield from (("edge", *edge) for edge in path.edges)


def _item(move: Move) -> Item:
    return (move.kind, move.label, move.option)
