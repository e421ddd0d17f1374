"""Chance: paths drawn at random where there are too many to take all, and shrunk once something is found.

This is the only door to hypothesis, which comes with the extra `random`.
"""

import asyncio
import random
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from evals.clock import contained
from evals.explore.findings import Found
from evals.explore.graph import Edge
from evals.explore.play import Play
from evals.explore.points import Beside, Move, Point
from evals.explore.scenarios import Scenario
from evals.explore.search import Search
from evals.invariants import Violation
from graphs.runner import Ended

Draw = Callable[[st.SearchStrategy[int]], int]


class Violated(Exception):
    """A path does something that must not be."""

    def __init__(self, violation: Violation, moves: tuple[Move, ...], scenario: Scenario) -> None:
        self.violation, self.moves, self.scenario = violation, moves, scenario
        super().__init__(str(violation))


class _Drawn:
    """Draws every choice; 0 is benign, so that a found path shrinks towards what is benign and short."""

    def __init__(self, draw: Draw, search: Search) -> None:
        self._draw, self._search = draw, search
        self._left = search.bounds.faults
        self.moves: list[Move] = []

    def choose(self, play: Play, point: Point) -> int:
        """Return a drawn option that the bound of faults still allows.

        Raises:
            Violated: something is wrong already.
        """
        self.judge(play)
        allowed = [place for place, option in enumerate(point.options) if option.faults <= self._left]
        place = allowed[self._draw(st.integers(0, len(allowed) - 1))]
        option = point.options[place]
        self._left -= option.faults
        self.moves.append(Move(point.kind, point.label, option.name, option.faults))
        return place

    def crash(self, _play: Play, crash: Beside) -> bool:
        """Tell whether the process ends, or a person cancels the run, here, as it is drawn."""
        is_here = self._left > 0 and self._draw(st.integers(0, 7)) == 1
        if is_here:
            self._left -= 1
            self.moves.append(crash.move)
        return is_here

    def judge(self, play: Play, ended: Ended | None = None) -> None:
        """Hold the path against the invariants.

        Raises:
            Violated: something is wrong.
        """
        for violation in self._search.judge(play.history(ended)):
            raise Violated(violation, tuple(self.moves), play.scenario)


def sample(search: Search, examples: int, *, beginning: int | None = None) -> None:
    """Take so many random paths, and put the smallest one that breaks something into the search.

    Args:
        search: what is filled; nothing else was searched by it.
        examples: how many paths.
        beginning: what chance begins with, where not always the same.
    """
    with contained(), asyncio.Runner() as runner:
        try:
            _paths(search, examples, beginning, runner)()
        except Violated as found:
            _note(search, found)
    search.reasons.append(f"{examples} paths were drawn at random of an unknown number")


def _paths(
    search: Search, examples: int, beginning: int | None, runner: asyncio.Runner
) -> Callable[[], None]:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def paths(data: st.DataObject) -> None:
        _one(search, data.draw, runner)

    return paths if beginning is None else seed(beginning)(paths)


def _one(search: Search, draw: Draw, runner: asyncio.Runner) -> None:
    """Take one random path, and hold it against the invariants at each point and at its end."""
    random.seed(7)
    scenarios = search.subject.scenarios
    scenario = scenarios[draw(st.integers(0, len(scenarios) - 1))]
    guide = _Drawn(draw, search)
    play = Play(search.subject, scenario, guide)
    search.runs += 1
    ended = runner.run(play.run())
    guide.judge(play, ended)
    search.cover(play)


def _note(search: Search, found: Violated) -> None:
    """Put a found path into the graph of the search, as the way to its violation."""
    roots = [search.graph.root() for _ in search.subject.scenarios]
    root = roots[search.subject.scenarios.index(found.scenario)]
    node = search.graph.end(str(found.violation).encode(), "violated")
    search.graph.connect(Edge(root, node, found.moves))
    faults = sum(move.faults for move in found.moves)
    search.found.append(Found(found.violation, node, faults, found.scenario))
