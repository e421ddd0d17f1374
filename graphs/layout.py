"""Layout: places for boxes in layers and ways between them, so that arrows run down and seldom cross. Pure.

The method is Sugiyama's: break cycles, give every box a layer, let long ways pass through layers of their
own, order each layer by the neighbours' mean, then place boxes as near below each other as they fit.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

GAP_X, GAP_Y = 26.0, 14.0
LABEL_HEIGHT = 16.0
_LANE = 10.0
_SWEEPS = 12
_PASSES, _LAST = 16, 4
_PULLS = (1.0, 2.0, 8.0)
"""How hard neighbours pull at each other: two boxes, a box and a passage, two passages."""

Sides = Sequence[Sequence[Sequence[int]]]
"""Neighbours by slot: those above, those below, or both."""


class Box(NamedTuple):
    """Something to be placed."""

    id: str
    width: float
    height: float


class Link(NamedTuple):
    """A way from one box to another."""

    source: str
    target: str
    label_width: float = 0.0


class Point(NamedTuple):
    """A place."""

    x: float
    y: float


class Way(NamedTuple):
    """Where a link runs."""

    points: tuple[Point, ...]
    """From its source to its target."""
    label: Point
    """Centre of its label."""


class Layout(NamedTuple):
    """Where everything is."""

    corners: Mapping[str, Point]
    """Upper left corner of each box."""
    ways: tuple[Way, ...]
    """One for each link, in the order given."""
    width: float
    height: float


class _Slot(NamedTuple):
    """A box, or the place where a link passes a layer."""

    layer: int
    width: float
    height: float
    link: int | None = None


def layered(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Return places for the boxes, the first one on top."""
    return _Layered(boxes, links).layout()


class _Layered:
    """One layout in the making."""

    def __init__(self, boxes: Sequence[Box], links: Sequence[Link]) -> None:
        self.boxes = {box.id: box for box in boxes}
        self.links = links
        self.down = _acyclic(list(self.boxes), links)
        layers = _layers(list(self.boxes), self.down)
        self.slots = [_Slot(layers[box.id], box.width, box.height) for box in boxes]
        places = {box.id: place for place, box in enumerate(boxes)}
        self.chains = [self._chain(number, places) for number in range(len(links))]
        self.above, self.below = self._neighbours()
        count = 1 + max(slot.layer for slot in self.slots)
        self.rows = [
            [i for i, slot in enumerate(self.slots) if slot.layer == layer] for layer in range(count)
        ]

    def layout(self) -> Layout:
        """Return where everything is."""
        self._order()
        centres = self._centres()
        tops, heights = self._tops()
        left = min(x - slot.width / 2 for x, slot in zip(centres, self.slots, strict=True))
        centres = [x - left for x in centres]
        corners = {
            box: Point(centres[i] - self.slots[i].width / 2, self._top(i, tops, heights))
            for i, box in enumerate(self.boxes)
        }
        ways = tuple(self._way(number, centres, tops, heights) for number in range(len(self.links)))
        width = max(x + slot.width / 2 for x, slot in zip(centres, self.slots, strict=True))
        return Layout(corners, ways, width, tops[-1] + heights[-1])

    def _chain(self, number: int, places: Mapping[str, int]) -> list[int]:
        """Return the slots that a link runs through from top to bottom; those between are made here."""
        upper, lower = self.down[number]
        first, last = places[upper], places[lower]
        chain, between = [first], range(self.slots[first].layer + 1, self.slots[last].layer)
        for layer in between:
            is_first = layer == (between[0] if upper == self.links[number].source else between[-1])
            label = self.links[number].label_width if is_first else 0.0
            height = LABEL_HEIGHT if label else 0.0
            self.slots.append(_Slot(layer, max(_LANE, label), height, number))
            chain.append(len(self.slots) - 1)
        return [*chain, last]

    def _neighbours(self) -> tuple[list[list[int]], list[list[int]]]:
        above: list[list[int]] = [[] for _ in self.slots]
        below: list[list[int]] = [[] for _ in self.slots]
        for chain in self.chains:
            for upper, lower in pairwise(chain):
                if upper != lower:
                    below[upper].append(lower)
                    above[lower].append(upper)
        return above, below

    def _order(self) -> None:
        """Order the rows by the mean of their neighbours, and keep the order with the fewest crossings."""
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for sweep in range(_SWEEPS):
            going_down = sweep % 2 == 0
            for row in self.rows if going_down else reversed(self.rows):
                self._sort(row, self.above if going_down else self.below)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.rows], crossings
        self.rows = best

    def _sort(self, row: list[int], neighbours: list[list[int]]) -> None:
        place = {slot: i for each in self.rows for i, slot in enumerate(each)}

        def mean(slot: int) -> float:
            around = [place[other] for other in neighbours[slot]]
            return sum(around) / len(around) if around else place[slot]

        row.sort(key=mean)

    def _crossings(self) -> int:
        place = {slot: i for row in self.rows for i, slot in enumerate(row)}
        total = 0
        for row in self.rows:
            ends = [
                place[lower] for upper in row for lower in sorted(self.below[upper], key=place.__getitem__)
            ]
            total += sum(1 for i, end in enumerate(ends) for other in ends[i + 1 :] if other < end)
        return total

    def _centres(self) -> list[float]:
        """Return the x of each slot: near the mean of its neighbours, in order and apart."""
        centres = [0.0] * len(self.slots)
        for row in self.rows:
            self._settle(row, centres, dict.fromkeys(row, 0.0))
        for turn in range(_PASSES):
            sides: Sides = (self.above,) if turn % 2 == 0 else (self.below,)
            if turn >= _PASSES - _LAST:
                sides = (self.above, self.below)
            for row in self.rows if turn % 2 == 0 else self.rows[::-1]:
                wanted = {slot: self._wanted(slot, centres, sides) for slot in row}
                self._settle(row, centres, wanted)
        return centres

    def _wanted(self, slot: int, centres: Sequence[float], sides: Sides) -> float:
        """Return the mean of the neighbours' places; long ways pull harder, so that they run straight."""
        around = [(other, self._pull(slot, other)) for side in sides for other in side[slot]]
        pull = sum(weight for _, weight in around)
        return sum(centres[other] * weight for other, weight in around) / pull if around else centres[slot]

    def _pull(self, slot: int, other: int) -> float:
        return _PULLS[(self.slots[slot].link is not None) + (self.slots[other].link is not None)]

    def _settle(self, row: Sequence[int], centres: list[float], wanted: Mapping[int, float]) -> None:
        """Place a row as near to the wanted places as its order and the gaps allow (least squares)."""
        offsets, reach = [0.0], 0.0
        for left, right in pairwise(row):
            reach += (self.slots[left].width + self.slots[right].width) / 2 + GAP_X
            offsets.append(reach)
        aims = [wanted[slot] - offset for slot, offset in zip(row, offsets, strict=True)]
        weights = [1.0 if self.slots[slot].link is None else _PULLS[1] for slot in row]
        values = _rising(aims, weights)
        for slot, offset, value in zip(row, offsets, values, strict=True):
            centres[slot] = value + offset

    def _tops(self) -> tuple[list[float], list[float]]:
        heights = [max(self.slots[slot].height for slot in row) for row in self.rows]
        tops, y = [], 0.0
        for height in heights:
            tops.append(y)
            y += height + GAP_Y
        return tops, heights

    def _top(self, slot: int, tops: Sequence[float], heights: Sequence[float]) -> float:
        placed = self.slots[slot]
        return tops[placed.layer] + (heights[placed.layer] - placed.height) / 2

    def _way(
        self, number: int, centres: Sequence[float], tops: Sequence[float], heights: Sequence[float]
    ) -> Way:
        chain, link = self.chains[number], self.links[number]
        if link.source == link.target:
            return self._loop(chain[0], centres, tops, heights)
        first, last = chain[0], chain[-1]
        bottom = self._top(first, tops, heights) + self.slots[first].height
        points = [Point(self._port(first, number, self.below, centres), bottom)]
        for slot in chain[1:-1]:
            layer = self.slots[slot].layer
            points += [Point(centres[slot], tops[layer]), Point(centres[slot], tops[layer] + heights[layer])]
        points.append(Point(self._port(last, number, self.above, centres), self._top(last, tops, heights)))
        is_upward = self.down[number][0] != link.source
        beside = chain[-2] if is_upward else chain[1]
        layer = self.slots[beside].layer
        label = Point(centres[beside], tops[layer] + heights[layer] / 2)
        return Way(tuple(reversed(points)) if is_upward else tuple(points), label)

    def _port(self, slot: int, number: int, neighbours: list[list[int]], centres: Sequence[float]) -> float:
        """Return where on its edge a box is left or entered, so that ways stand apart."""
        next_to = 1 if neighbours is self.below else -2
        end = 0 if neighbours is self.below else -1
        mine = [n for n, chain in enumerate(self.chains) if len(chain) > 1 and chain[end] == slot]
        mine.sort(key=lambda n: (centres[self.chains[n][next_to]], n))
        width = self.slots[slot].width
        apart = min(18.0, width / (len(mine) + 1))
        return centres[slot] + (mine.index(number) - (len(mine) - 1) / 2) * apart

    def _loop(
        self, slot: int, centres: Sequence[float], tops: Sequence[float], heights: Sequence[float]
    ) -> Way:
        """Return a way out of a box's side and back into it."""
        placed, top = self.slots[slot], self._top(slot, tops, heights)
        x, out = centres[slot] + placed.width / 2, centres[slot] + placed.width / 2 + GAP_X / 2
        high, low = top + placed.height * 0.35, top + placed.height * 0.75
        points = (Point(x, low), Point(out, low), Point(out, high), Point(x, high))
        return Way(points, Point(out, (high + low) / 2))


def _acyclic(boxes: Sequence[str], links: Sequence[Link]) -> list[tuple[str, str]]:
    """Return for each link its upper and lower box; a link back to where the way came from is turned."""
    out: dict[str, list[str]] = {box: [] for box in boxes}
    for link in links:
        out[link.source].append(link.target)
    back: set[tuple[str, str]] = set()
    state: dict[str, str] = {}
    for root in boxes:
        stack = [(root, iter(out[root]))] if root not in state else []
        state.setdefault(root, "open")
        while stack:
            box, following = stack[-1]
            target = next(following, None)
            if target is None:
                state[box] = "done"
                stack.pop()
            elif state.get(target) == "open":
                back.add((box, target))
            elif target not in state:
                state[target] = "open"
                stack.append((target, iter(out[target])))
    return [
        (link.target, link.source) if (link.source, link.target) in back else (link.source, link.target)
        for link in links
    ]


def _layers(boxes: Sequence[str], down: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each box: two below the lowest one above it, so that labels lie between."""
    above: dict[str, set[str]] = {box: set() for box in boxes}
    for upper, lower in down:
        if upper != lower:
            above[lower].add(upper)
    layers: dict[str, int] = {}
    waiting = list(boxes)
    while waiting:
        ready = [box for box in waiting if above[box] <= layers.keys()]
        for box in ready:
            layers[box] = max((layers[other] + 2 for other in above[box]), default=0)
        waiting = [box for box in waiting if box not in layers]
    return layers


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the values that never fall and are nearest to those given (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        mean, heavy, count = value, weight, 1
        while pools and pools[-1][0] > mean:
            other, much, many = pools.pop()
            mean, heavy, count = (other * much + mean * heavy) / (much + heavy), much + heavy, many + count
        pools.append((mean, heavy, count))
    return [mean for mean, _, count in pools for _ in range(count)]
