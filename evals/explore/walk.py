"""Walks: a path taken again from its beginning, move by move, with everything that was said on it."""

import asyncio
import random
from collections.abc import Sequence
from typing import NamedTuple

from evals.clock import contained
from evals.explore.play import Play
from evals.explore.points import Beside, Move, Option, Point, Unlike
from evals.explore.scenarios import Scenario
from evals.explore.state import State
from evals.explore.subject import Subject
from graphs.runner import Ended


class Taken(NamedTuple):
    """What happened at a point."""

    move: Move
    option: Option
    at: State
    """The state at the point."""


class Walk(NamedTuple):
    """A whole path."""

    scenario: Scenario
    taken: tuple[Taken, ...]
    crashes: tuple[Beside, ...]
    """Where the process ended, or a person cancelled the run."""
    ended: Ended
    state: State
    edges: frozenset[tuple[str, str, str]]

    @property
    def moves(self) -> tuple[Move, ...]:
        """What happened, crashes left out."""
        return tuple(each.move for each in self.taken)


class Follower:
    """Takes the moves of a path, and what is benign once they are over."""

    def __init__(self, moves: Sequence[Move]) -> None:
        self._left = list(moves)
        self.taken: list[Taken] = []
        self.crashes: list[Beside] = []

    def choose(self, play: Play, point: Point) -> int:
        """Return the option that the path takes here.

        Raises:
            Unlike: it takes none, since it comes past another point here.
        """
        place = 0
        if self._left:
            move = self._left.pop(0)
            if (move.kind, move.label) != (point.kind, point.label):
                raise Unlike(f"a path came to {point.shown} where it had come to {move.label} before")
            place = point.named(move.option)
        option = point.options[place]
        move = Move(point.kind, point.label, option.name, option.faults)
        self.taken.append(Taken(move, option, play.state))
        return place

    @property
    def is_done(self) -> bool:
        """Whether the moves of the path are over."""
        return not self._left

    def crash(self, _play: Play, crash: Beside) -> bool:
        """Tell whether the process ends, or a person cancels the run, here on the path."""
        is_here = bool(self._left) and self._left[0] == crash.move
        if is_here:
            self._left.pop(0)
            self.crashes.append(crash)
        return is_here


def walk(subject: Subject, scenario: Scenario, moves: Sequence[Move]) -> Walk:
    """Take a path again, from its beginning to its end.

    Raises:
        Unlike: it leads elsewhere than before.
    """
    follower = Follower(moves)
    play = Play(subject, scenario, follower)
    with contained():
        random.seed(7)
        ended = asyncio.run(play.run())
    edges = frozenset(play.edges)
    return Walk(scenario, tuple(follower.taken), tuple(follower.crashes), ended, play.state, edges)
