"""Answers that come together: pairs of answers to two different points on one path. Pure."""

from evals.explore.graph import Edge, Graph
from tools.records import Record


class Together(Record):
    """How many sets of so many answers, each to another point, came on one path."""

    t: int = 2
    covered: int
    total: int
    """All that there are, those included that exclude each other."""


def together(graph: Graph, faults: int) -> Together:
    """Return which pairs of answers come on one path with at most so many faults."""
    names = sorted(graph.possible)
    place = {name: number for number, name in enumerate(names)}
    own = _points(names)
    met, after = [0] * len(names), dict[tuple[int, int], int]()
    for node, left in graph.deepest_first(faults):
        every = 0
        for edge in graph.out.get(node, ()):
            if edge.faults > left:
                continue
            happened = _happened(edge, place)
            follows = after.get((edge.target, left - edge.faults), 0) | sum(1 << each for each in happened)
            for each in happened:
                met[each] |= follows
            every |= follows
        after[node, left] = every
    return Together(
        covered=_covered(met, own), total=sum(_others(own, each) for each in range(len(own))) // 2
    )


def _happened(edge: Edge, place: dict[str, int]) -> set[int]:
    shown = (f"{move.kind} {move.label}: {move.option}" for move in edge.moves)
    return {place[each] for each in shown if each in place}


def _points(names: list[str]) -> list[int]:
    """Return for each answer the answers to its own point, as bits."""
    by_point: dict[str, int] = {}
    for number, name in enumerate(names):
        point = name.partition(": ")[0]
        by_point[point] = by_point.get(point, 0) | 1 << number
    return [by_point[name.partition(": ")[0]] for name in names]


def _others(own: list[int], each: int) -> int:
    return len(own) - own[each].bit_count()


def _covered(met: list[int], own: list[int]) -> int:
    """Return how many pairs came, whichever of the two came first."""
    both = list(met)
    for number, bits in enumerate(met):
        for other in range(len(met)):
            if bits >> other & 1:
                both[other] |= 1 << number
    return sum((bits & ~own[number]).bit_count() for number, bits in enumerate(both)) // 2
