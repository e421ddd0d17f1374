"""Ports: the model and the clock of a path, whose answers are options of its points, and what it wrote."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from evals.explore import alphabet
from evals.explore.points import Kind, Option
from evals.explore.state import State, Used
from evals.explore.subject import Subject
from planner.decisions import FILLING_SECONDS, Answer, Attempt, Brief, Filled, Question, Usage
from planner.model import prompts

CHARACTERS_PER_TOKEN, ANSWER_TOKENS = 4, 60
"""How tokens are estimated where no model counts them."""


class Path(Protocol):
    """What the ports know of a path."""

    subject: Subject
    state: State
    used: Used

    def choose(self, kind: Kind, label: str, options: Sequence[Option]) -> Option:
        """Return the option that is taken at a point."""
        ...

    def elapse(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def keep(self, count: int) -> None:
        """Note that so many units are durable."""
        ...


class Model:
    """The decider of a path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def choose(self, question: Question) -> Answer:
        """Return what the model answers on this path."""
        path, prompt = self._path, prompts.choose(question)
        tokens = sum(len(str(part)) for part in prompt) // CHARACTERS_PER_TOKEN
        cost = Usage(input=tokens, output=ANSWER_TOKENS)
        attempt = Attempt(n=1, started=path.state.now, ms=0, outcome_class="ok")
        point = question.point.partition("/")[2]
        options = alphabet.model(question, cost=cost, attempt=attempt, is_gated=path.subject.is_gated(point))
        answer: Answer = path.choose("ask", point, options).value
        path.used = path.used.plus(Used(model_calls=1, tokens=cost.total))
        return answer

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return that nothing is filled in: a scenario gives its input whole."""
        del brief, deadline_seconds
        return Filled(outcome_class="unavailable")


class Clock:
    """The clock of a path: time passes only where the run lets it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Return the time on this path."""
        return self._path.state.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self._path.elapse(seconds)


class Written(asyncio.Future[None]):
    """A unit that was written; whoever waits for it makes it durable, and all before it."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._path = path
        self._count = len(path.state.units)
        self.set_result(None)

    def __await__(self) -> Any:
        """Note that it is durable."""
        self._path.keep(self._count)
        return super().__await__()
