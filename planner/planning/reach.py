"""Reach: how far producers lead from what is at hand, layer by layer. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Producer(NamedTuple):
    """Something that gives values of some kinds to whoever has values of others."""

    name: str
    needs: frozenset[str]
    gives: frozenset[str]
    cost: float = 1.0
    """What taking it costs; positive."""


class Reach(NamedTuple):
    """How far one comes."""

    kinds: dict[str, int]
    """The first layer at which each kind is there; 0 for what was at hand."""
    producers: dict[str, int]
    """The first layer at which each producer can be taken; from 1 on."""

    def holds(self, wanted: Iterable[str]) -> bool:
        """Tell whether all of these are reached."""
        return all(kind in self.kinds for kind in wanted)


def forward(producers: Mapping[str, Producer], at_hand: Iterable[str]) -> Reach:
    """Return what can be reached, each at its first layer, in time linear in what is needed and given."""
    reach = Reach(dict.fromkeys(at_hand, 0), {})
    waiting = {name: len(item.needs - reach.kinds.keys()) for name, item in producers.items()}
    users = by_need(producers)
    ready, layer = [name for name, left in waiting.items() if not left], 0
    while ready:
        layer += 1
        reach.producers.update(dict.fromkeys(ready, layer))
        new = {kind for name in ready for kind in producers[name].gives if kind not in reach.kinds}
        reach.kinds.update(dict.fromkeys(new, layer))
        for name in (name for kind in new for name in users[kind]):
            waiting[name] -= 1
        ready = sorted({name for kind in new for name in users[kind] if not waiting[name]})
    return reach


def by_need(producers: Mapping[str, Producer]) -> Mapping[str, list[str]]:
    """Return who needs each kind."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, item in producers.items():
        for kind in item.needs:
            users[kind].append(name)
    return users


def relevant(producers: Mapping[str, Producer], wanted: Iterable[str]) -> dict[str, Producer]:
    """Return the producers that something wanted could depend on, however far back."""
    givers: dict[str, list[str]] = defaultdict(list)
    for name, item in producers.items():
        for kind in item.gives:
            givers[kind].append(name)
    found: set[str] = set()
    open_, seen = list(wanted), set(wanted)
    while open_:
        for name in givers[open_.pop()]:
            if name not in found:
                found.add(name)
                open_ += producers[name].needs - seen
                seen |= producers[name].needs
    return {name: item for name, item in producers.items() if name in found}
