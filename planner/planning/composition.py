"""Composition: which producers lead from what is at hand to what is wanted, in which order. Pure.

Everything is monotone: what was once at hand stays. So whatever can be reached is found by going forward
once, in time linear in the producers' needs, and "no plan" is an answer, not a time-out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from planner.planning import missing, reach
from planner.planning.kinds import NO_KINDS, Kinds
from planner.planning.missing import Missing
from planner.planning.reach import Producer

MOST_ALTERNATIVES = 5
MOST_REPLACED = 20
"""Of how many producers of a composition, the dearest first, it is tried to do without."""


class Composition(NamedTuple):
    """Producers that together lead to everything wanted, none of them in vain."""

    layers: tuple[tuple[str, ...], ...]
    """Names, those of one layer side by side; each needs only what earlier layers give."""
    cost: float

    @property
    def steps(self) -> int:
        """Return how many producers are taken."""
        return sum(len(layer) for layer in self.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names in an order in which they can be taken."""
        return tuple(name for layer in self.layers for name in layer)


class Composed(NamedTuple):
    """What came of composing: alternatives, cheapest first, or what is missing."""

    alternatives: tuple[Composition, ...]
    missing: tuple[Missing, ...]


def compose(
    producers: Iterable[Producer],
    have: Iterable[str],
    want: Iterable[str],
    *,
    kinds: Kinds = NO_KINDS,
    most: int = MOST_ALTERNATIVES,
) -> Composed:
    """Return up to `most` compositions, cheapest first, or what is missing for each kind out of reach.

    Each has the fewest layers that are possible with the producers left to it; the number of steps is
    small but not proven the smallest, which is NP-hard.
    """
    at_hand, wanted = kinds.widened(have), tuple(dict.fromkeys(want))
    widened = {item.name: item._replace(gives=kinds.widened(item.gives)) for item in producers}
    useful = reach.relevant(widened, wanted)
    found = reach.forward(useful, at_hand)
    if not found.holds(wanted):
        out = [kind for kind in wanted if kind not in found.kinds]
        return Composed((), tuple(missing.explain(kind, useful, at_hand) for kind in out))
    usable = {name: useful[name] for name in found.producers}
    return Composed(tuple(_alternatives(usable, at_hand, wanted, most=most)), ())


def _alternatives(
    producers: Mapping[str, Producer], at_hand: Collection[str], wanted: Sequence[str], *, most: int
) -> list[Composition]:
    """Return the best composition, and the best ones that do without one producer of a better one."""
    found: dict[frozenset[str], Composition] = {}
    open_: dict[frozenset[str], frozenset[str]] = {}
    tried: set[frozenset[str]] = set()
    todo = [frozenset[str]()]
    for _ in range(most):
        for without in (names for names in todo if names not in tried):
            tried.add(without)
            rest = {name: item for name, item in producers.items() if name not in without}
            best = _best(rest, at_hand, wanted)
            if best is not None and frozenset(best.names) not in found:
                found[frozenset(best.names)] = best
                open_[frozenset(best.names)] = without
        if not open_:
            break
        next_ = min(open_, key=lambda names: _rank(found[names]))
        without = open_.pop(next_)
        dearest_first = sorted(next_, key=lambda name: (-producers[name].cost, name))
        todo = [without | {name} for name in dearest_first[:MOST_REPLACED]]
    return sorted(found.values(), key=_rank)[:most]


def _rank(composition: Composition) -> tuple[float, int, tuple[str, ...]]:
    return (composition.cost, len(composition.layers), composition.names)


def _best(
    producers: Mapping[str, Producer], at_hand: Collection[str], wanted: Sequence[str]
) -> Composition | None:
    found = reach.forward(producers, at_hand)
    if not found.holds(wanted):
        return None
    taken = _cover(producers, found, wanted)
    return _layered(_lean(taken, producers, at_hand, wanted=wanted), producers, at_hand)


def _cover(producers: Mapping[str, Producer], reached: reach.Reach, wanted: Sequence[str]) -> list[str]:
    """Return producers that give all that is wanted, chosen layer by layer from the last one back."""
    by_layer: dict[int, list[str]] = defaultdict(list)
    for name, layer in reached.producers.items():
        by_layer[layer].append(name)
    open_ = {kind for kind in wanted if reached.kinds[kind]}
    taken: list[str] = []
    for layer in sorted(by_layer, reverse=True):
        while due := {kind for kind in open_ if reached.kinds[kind] == layer}:
            name = _helpful(producers, by_layer[layer], due, open_=open_, reached=reached)
            taken.append(name)
            needs = {kind for kind in producers[name].needs if reached.kinds[kind]}
            open_ = (open_ - producers[name].gives) | needs
    return taken


def _helpful(
    producers: Mapping[str, Producer],
    names: Iterable[str],
    due: Collection[str],
    *,
    open_: Collection[str],
    reached: reach.Reach,
) -> str:
    """Return the producer that costs least for each due kind that it gives, what it newly needs counted."""

    def dearness(name: str) -> tuple[float, float, str]:
        item = producers[name]
        helps = len(item.gives & set(due))
        new = sum(1 for kind in item.needs if reached.kinds[kind] and kind not in open_)
        return ((item.cost + new) / helps if helps else float("inf"), new, name)

    return min(names, key=dearness)


def _lean(
    taken: Iterable[str],
    producers: Mapping[str, Producer],
    at_hand: Collection[str],
    *,
    wanted: Sequence[str],
) -> list[str]:
    """Return the producers without those that the others can do without, the dearest tried first."""
    kept = list(dict.fromkeys(taken))
    for name in sorted(kept, key=lambda name: (-producers[name].cost, len(producers[name].gives), name)):
        rest = {other: producers[other] for other in kept if other != name}
        found = reach.forward(rest, at_hand)
        if found.holds(wanted) and len(found.producers) == len(rest):
            kept.remove(name)
    return kept


def _layered(
    names: Iterable[str], producers: Mapping[str, Producer], at_hand: Collection[str]
) -> Composition:
    found = reach.forward({name: producers[name] for name in names}, at_hand)
    layers: dict[int, list[str]] = defaultdict(list)
    for name, layer in found.producers.items():
        layers[layer].append(name)
    ordered = tuple(tuple(sorted(layers[layer])) for layer in sorted(layers))
    return Composition(ordered, sum(producers[name].cost for name in found.producers))
