"""The graph: the states that a search has met and the moves between them. Pure."""

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evals.explore.points import Move, Point
from evals.explore.state import Used


class Edge(NamedTuple):
    """What leads from one state to the next."""

    source: int
    target: int
    moves: tuple[Move, ...]
    """The option that was taken, and the crash that came after it, if one did; none at the beginning."""
    used: Used = Used()

    @property
    def faults(self) -> int:
        """What went wrong on it."""
        return sum(move.faults for move in self.moves)


class Graph:
    """States as numbers, and edges."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.possible: set[str] = set()
        """What could be chosen at the points of its states, in words."""
        self.faulty: set[str] = set()
        """What of it takes a fault."""
        self.ends: dict[int, str] = {}
        """States in which a run has ended, with its status."""
        self.out: dict[int, list[Edge]] = {}
        self.count = 0
        self._ended: dict[bytes, int] = {}

    def root(self) -> int:
        """Return a new state in which nothing has happened yet."""
        node = self._next()
        self.roots.append(node)
        return node

    def add(self, point: Point) -> int:
        """Return a new state at a point."""
        node = self._next()
        named = [(f"{point.kind} {point.label}: {option.name}", option.faults) for option in point.options]
        if point.kind == "turn":
            return node
        self.possible.update(name for name, _ in named)
        self.faulty.update(name for name, faults in named if faults)
        return node

    def end(self, mark: bytes, status: str) -> int:
        """Return the state of an end; equal ends are one."""
        if mark not in self._ended:
            node = self._ended[mark] = self._next()
            self.ends[node] = status
        return self._ended[mark]

    def knows(self, mark: bytes) -> bool:
        """Tell whether an end was met before."""
        return mark in self._ended

    def connect(self, edge: Edge) -> None:
        """Add an edge."""
        self.out.setdefault(edge.source, []).append(edge)

    def join(self, other: "Graph") -> int:
        """Take in another graph that shares no state, and return what its states are counted on by."""
        shift = self.count
        self.count += other.count
        self.possible |= other.possible
        self.faulty |= other.faulty
        self.roots += [node + shift for node in other.roots]
        self.ends |= {node + shift: status for node, status in other.ends.items()}
        for node, edges in other.out.items():
            moved = (each._replace(source=each.source + shift, target=each.target + shift) for each in edges)
            self.out[node + shift] = list(moved)
        return shift

    @property
    def edges(self) -> Iterator[Edge]:
        """Every edge."""
        return (edge for edges in self.out.values() for edge in edges)

    def depths(self) -> dict[int, tuple[int, int]]:
        """Return the fewest faults, and with these the fewest moves, that lead to each state."""
        return self._search(None)[0]

    def shortest(self, target: int) -> tuple[Edge, ...]:
        """Return the way from a beginning to a state with the fewest faults, and of these the shortest."""
        return _way(self._search(target)[1], target)

    def _search(self, target: int | None) -> tuple[dict[int, tuple[int, int]], dict[int, Edge]]:
        best: dict[int, tuple[int, int]] = dict.fromkeys(self.roots, (0, 0))
        came: dict[int, Edge] = {}
        heap = [(0, 0, root) for root in self.roots]
        while heap:
            faults, length, node = heapq.heappop(heap)
            if node == target:
                break
            if (faults, length) > best[node]:
                continue
            for edge in self.out.get(node, ()):
                cost = (faults + edge.faults, length + len(edge.moves))
                if cost < best.get(edge.target, (cost[0] + 1, 0)):
                    best[edge.target], came[edge.target] = cost, edge
                    heapq.heappush(heap, (*cost, edge.target))
        return best, came

    def paths(self, faults: int) -> int:
        """Return how many paths lead from a beginning to an end with at most so many faults."""
        counted: dict[tuple[int, int], int] = {}
        for node, left in self.deepest_first(faults):
            counted[node, left] = (node in self.ends) + sum(
                counted.get((edge.target, left - edge.faults), 0)
                for edge in self.out.get(node, ())
                if edge.faults <= left
            )
        return sum(counted[root, faults] for root in self.roots)

    def worst(self, faults: int) -> Used:
        """Return the most that a path with at most so many faults can use, each kind for itself."""
        most: dict[tuple[int, int], Used] = {}
        for node, left in self.deepest_first(faults):
            ways = [
                edge.used.plus(most.get((edge.target, left - edge.faults), Used()))
                for edge in self.out.get(node, ())
                if edge.faults <= left
            ]
            most[node, left] = Used(*map(max, zip(*ways, strict=True))) if ways else Used()
        found = [most[root, faults] for root in self.roots]
        return Used(*map(max, zip(*found, strict=True))) if found else Used()

    def deepest_first(self, faults: int) -> Iterator[tuple[int, int]]:
        """Yield states with the faults that are left, each after all that follow it; a circle is cut."""
        seen: set[tuple[int, int]] = set()
        for root in self.roots:
            stack: list[tuple[tuple[int, int], bool]] = [((root, faults), False)]
            while stack:
                item, is_done = stack.pop()
                if is_done:
                    yield item
                elif item not in seen:
                    seen.add(item)
                    stack.append((item, True))
                    node, left = item
                    following = (edge for edge in self.out.get(node, ()) if edge.faults <= left)
                    stack += [((edge.target, left - edge.faults), False) for edge in following]

    def _next(self) -> int:
        self.count += 1
        return self.count


def _way(came: dict[int, Edge], target: int) -> tuple[Edge, ...]:
    way: list[Edge] = []
    while target in came:
        way.append(came[target])
        target = came[target].source
    return tuple(reversed(way))


def moves(way: Sequence[Edge]) -> tuple[Move, ...]:
    """Return the moves of a way."""
    return tuple(move for edge in way for move in edge.moves)
