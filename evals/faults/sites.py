"""Sites: the decision points and calls of a workflow, each with a short way that leads to it."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from evals.coverage import Declared, asks_model, called
from evals.explore import cover
from evals.explore.points import Move
from evals.explore.scenarios import Scenario
from evals.explore.search import Bounds, Search
from evals.explore.subject import Subject
from evals.explore.walk import Walk
from evals.scripts import declared

Kind = Literal["decision", "call"]


class Place(NamedTuple):
    """A decision point, or a step and the operation that it calls."""

    kind: Kind
    path: str
    operation: str = ""

    @property
    def name(self) -> str:
        """Its name in tables."""
        return f"{self.path} ({self.operation})" if self.operation else self.path


class Site(NamedTuple):
    """How a run comes to a place."""

    scenario: Scenario
    moves: tuple[Move, ...]
    """What happens before it."""

    @property
    def cost(self) -> tuple[int, int]:
        """What went wrong before it, and how much happened."""
        return sum(move.faults for move in self.moves), len(self.moves)


class Sites(NamedTuple):
    """The places of a workflow."""

    reached: Mapping[Place, Site]
    missed: tuple[Place, ...]
    """Places of the definition that no path comes to."""
    reason: str
    """Why not."""


def find(subject: Subject, bounds: Bounds) -> Sites:
    """Return every place with the way to it on which the least goes wrong, of those the shortest."""
    search = Search(subject, bounds)
    search.run()
    reached: dict[Place, Site] = {}
    for path in cover.cover(search):
        for place, site in _on(path):
            if place not in reached or site.cost < reached[place].cost:
                reached[place] = site
    missed = [place for place in _declared(subject) if place not in reached]
    told = "every path was taken" if search.is_complete else "; ".join(search.reasons)
    reason = f"no path comes to it with at most {bounds.faults} fault before it ({told})"
    return Sites(reached, tuple(missed), reason)


def _on(path: Walk) -> Iterator[tuple[Place, Site]]:
    """Yield the places that a path comes past; after a crash it is no longer known by its moves alone."""
    if path.crashes:
        return
    calls = iter(path.state.calls)
    for count, taken in enumerate(path.taken):
        site = Site(path.scenario, path.moves[:count])
        if taken.move.kind == "ask":
            yield Place("decision", declared(taken.move.label)), site
        elif taken.move.kind == "call":
            call = next(calls)
            yield Place("call", declared(call.path), call.operation), site


def _declared(subject: Subject) -> Iterator[Place]:
    for path, node in Declared(subject.program.body, subject.programs).places():
        yield from (Place("call", path, name) for name in called(node.step))
        if asks_model(node.step):
            yield Place("decision", path)
