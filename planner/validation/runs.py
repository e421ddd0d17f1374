"""Runs: which steps have surely run wherever a step begins; a must-reach forward data-flow."""

from dataclasses import dataclass, field

from planner.definition import END, Parallel
from planner.validation.sequences import Edge, Sequence, by_source, edges

Facts = frozenset[str]
"""Dotted paths of steps that have surely run."""


@dataclass
class Certainty:
    """What has surely run before each step of every sequence of one workflow."""

    _states: dict[int, dict[str, Facts | None]] = field(default_factory=dict)

    def before(self, sequence: Sequence, name: str) -> Facts | None:
        """Return the steps that have surely run when this one begins; None where it never does.

        Args:
            sequence: where the step stands.
            name: the step, or `end`.
        """
        facts: set[str] = set()
        for around in sequence.outward():
            here = self.within(around).get(name)
            if here is None:
                return None
            facts |= here
            name = around.owner
        return frozenset(facts)

    def within(self, sequence: Sequence) -> dict[str, Facts | None]:
        """Return the same for every step and the end, of the sequence's own steps alone."""
        if id(sequence) not in self._states:
            self._states[id(sequence)] = self._solve(sequence)
        return self._states[id(sequence)]

    def _solve(self, sequence: Sequence) -> dict[str, Facts | None]:
        leaving = by_source(edge for edge in edges(sequence) if not edge.guessed)
        gains = {name: self._gain(sequence, name) for name in sequence.steps}
        states: dict[str, Facts | None] = dict.fromkeys((*sequence.steps, END))
        states[sequence.entry] = frozenset()
        waiting = [sequence.entry]
        while waiting:
            ways = leaving.get(waiting.pop(), [])
            waiting += [edge.target for edge in ways if _meet(states, edge, gains)]
        return states

    def _gain(self, sequence: Sequence, name: str) -> Facts:
        inner: set[str] = {sequence.full(name)}
        if isinstance(sequence.steps[name], Parallel):
            for child in sequence.children.get(name, []):
                ended = self.within(child)[END]
                inner |= _all(child) if ended is None else ended
        return frozenset(inner)


def _all(sequence: Sequence) -> set[str]:
    """Return every step of a branch whose end is only guessed at, so that none is blamed for it."""
    deeper = (path for inner in sequence.children.values() for child in inner for path in _all(child))
    return {sequence.full(name) for name in sequence.steps} | set(deeper)


def _meet(states: dict[str, Facts | None], edge: Edge, gains: dict[str, Facts]) -> bool:
    """Narrow the target's state by what holds along the edge; tell whether it changed."""
    known = states[edge.source]
    if known is None:
        return False
    arriving = known | gains[edge.source] if edge.ran else known
    before = states[edge.target]
    states[edge.target] = arriving if before is None else before & arriving
    return states[edge.target] != before


def avoiding(sequence: Sequence, missing: str, target: str) -> list[str]:
    """Return a shortest way to `target` on which `missing` does not run, for people to read."""
    leaving = by_source(edge for edge in edges(sequence) if not edge.guessed)
    waiting: list[tuple[str, list[str]]] = [(sequence.entry, [])]
    seen = {sequence.entry}
    for place, before in waiting:
        if place == target:
            return [*before, target]
        for edge in leaving.get(place, []):
            if (edge.ran and place == missing) or edge.target in seen:
                continue
            seen.add(edge.target)
            label = place if edge.ran else f"{place} (skipped)"
            waiting.append((edge.target, [*before, label]))
    return [target]
