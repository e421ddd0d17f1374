"""Missing: what would have to be at hand for something out of reach. Pure."""

import heapq
from collections.abc import Iterable, Mapping

from planner.planning.reach import Producer, by_need
from tools.records import Record

STEP = 0.001
"""What a producer's cost counts for beside a kind that must be assumed."""
GIVEN = 1000.0
"""What assuming a kind counts for that somebody could give."""
ASSUMED = "?"
_Heap = list[tuple[float, str, str]]


class Missing(Record):
    """Why something wanted cannot be had."""

    want: str
    lacking: tuple[str, ...]
    """Kinds that would be enough, if they were at hand; at worst the wanted one itself."""
    through: tuple[str, ...]
    """The producers that would then lead to it, in order."""


def explain(want: str, producers: Mapping[str, Producer], at_hand: Iterable[str]) -> Missing:
    """Return the fewest kinds, as far as adding up tells, that would put the wanted one within reach.

    A kind that nobody gives may be assumed; one that somebody gives, only where nothing else helps. Costs
    are settled in the order of Knuth's generalisation of Dijkstra's algorithm (Information Processing
    Letters 6(1), 1977).
    """
    given = {kind for item in producers.values() for kind in item.gives}
    needed = {kind for item in producers.values() for kind in item.needs}
    heap: _Heap = [(0.0, kind, "") for kind in at_hand]
    heap += [(GIVEN if kind in given else 1.0, kind, ASSUMED) for kind in needed - {want}]
    heap.append((GIVEN * GIVEN if want in given else 1.0, want, ASSUMED))
    for item in producers.values():
        if not item.needs:
            _offer(heap, item, STEP * item.cost)
    heapq.heapify(heap)
    return _traced(want, producers, _settled(heap, producers, want))


def _settled(heap: _Heap, producers: Mapping[str, Producer], want: str) -> dict[str, str]:
    """Return whose each kind is where it costs least, in the order of costs, up to the wanted one."""
    waiting = {name: len(item.needs) for name, item in producers.items()}
    users = by_need(producers)
    costs: dict[str, float] = {}
    source: dict[str, str] = {}
    while want not in costs:
        cost, kind, by = heapq.heappop(heap)
        if kind in costs:
            continue
        costs[kind], source[kind] = cost, by
        for name in users.get(kind, ()):
            waiting[name] -= 1
            if not waiting[name]:
                item = producers[name]
                _offer(heap, item, STEP * item.cost + sum(costs[need] for need in item.needs))
    return source


def _offer(heap: _Heap, producer: Producer, cost: float) -> None:
    for kind in producer.gives:
        heapq.heappush(heap, (cost, kind, producer.name))


def _traced(want: str, producers: Mapping[str, Producer], source: Mapping[str, str]) -> Missing:
    """Return what the cheapest way to the wanted kind assumes, and whom it takes."""
    used: set[str] = set()
    open_ = [want]
    while open_:
        kind = open_.pop()
        if kind not in used:
            used.add(kind)
            by = source[kind]
            open_ += producers[by].needs if by not in ("", ASSUMED) else ()
    cheapest_first = [(kind, by) for kind, by in source.items() if kind in used]
    lacking = tuple(kind for kind, by in cheapest_first if by == ASSUMED)
    through = dict.fromkeys(by for _, by in cheapest_first if by not in ("", ASSUMED))
    return Missing(want=want, lacking=lacking, through=tuple(through))
