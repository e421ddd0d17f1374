"""Findings: what a search came to, in a form that another process can be told."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

from evals.explore.graph import Graph
from evals.explore.scenarios import Scenario
from evals.invariants import Violation


class Found(NamedTuple):
    """A violation and where the search met it."""

    violation: Violation
    node: int
    """The node in which it shows."""
    faults: int
    scenario: Scenario


class Written(NamedTuple):
    """A counterexample as a case."""

    file: Path
    case: str
    reproduced: bool
    """Whether the case fails for the same reason on the engine of production."""


@dataclass
class Findings:
    """What was found so far, or in the end."""

    graph: Graph = field(default_factory=Graph)
    found: list[Found] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Why the search is not complete."""
    states: int = 0
    """How many different states were met."""
    runs: int = 0
    levels: int = 0
    """Faults up to which every path was taken."""
    seconds: float = 0.0
    checked: int = 0
    """Pruned states whose next moves were compared."""
    edges: set[tuple[str, str, str]] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    activated: set[str] = field(default_factory=set)
    """Invariants that were put to the test."""
    applied: set[str] = field(default_factory=set)
    """Operations that took effect."""
    sites: set[tuple[str, str, str]] = field(default_factory=set)
    """Calls: where in the run, of what, and what came of them."""
    crashes: set[str] = field(default_factory=set)
    """Places in which the process could end, or a person cancel the run."""
    offered: dict[str, set[str]] = field(default_factory=dict)
    chosen: dict[str, set[str]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether every path within the bounds was explored."""
        return not self.reasons

    def told(self) -> "Findings":
        """Return the findings alone."""
        return Findings(**{each.name: getattr(self, each.name) for each in fields(Findings)})

    def join(self, other: "Findings") -> None:
        """Take in the findings of another search, which met none of these states."""
        shift = self.graph.join(other.graph)
        self.found += [each._replace(node=each.node + shift) for each in other.found]
        self.reasons += other.reasons
        self.states += other.states
        self.runs += other.runs
        self.checked += other.checked
        self.edges |= other.edges
        self.steps |= other.steps
        self.activated |= other.activated
        self.applied |= other.applied
        self.sites |= other.sites
        self.crashes |= other.crashes
        for mine, others in ((self.offered, other.offered), (self.chosen, other.chosen)):
            for point, names in others.items():
                mine.setdefault(point, set()).update(names)
