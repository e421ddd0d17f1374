"""The scribe: hands in what one run records, in order, and together where nobody waits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from planner.errors import PlannerError
from planner.journal import Append, Numbered
from planner.runs import Run
from planner.snapshots import Snapshot

Sink = Callable[[Append], Awaitable[None]]
"""Where appended units go: the store's group commit, or nothing in an eval.

What is handed in is written in order. A sink that returns a future writes without being waited for."""


class Scribe:
    """Hands in the entries of one run; those that nobody waits for go together, once the last are written."""

    def __init__(self, run: Run, sink: Sink) -> None:
        self.sink = sink
        self._run = run
        self._held: list[Numbered] = []
        self._unwritten: asyncio.Future[None] | None = None
        """The latest unit that was handed in without waiting for it."""

    async def write(self, numbered: Numbered, **more: Any) -> None:
        """Hand in an entry behind all that came before, and return once it is durable.

        Args:
            numbered: the entry.
            more: further fields of the Append, such as `decisions` or `change`.
        """
        if more.get("closed"):
            # Such a unit is refused where the answer was first; nothing else may be refused with it.
            self._pass_on()
        await self._hand_in(numbered, **more)

    async def note(self, numbered: Numbered) -> None:
        """Let an entry be written soon: at once, or together with others when the latest unit is on disk."""
        self._held.append(numbered)
        if self._unwritten is None or self._unwritten.done():
            written = self._hand_in()
            if isinstance(written, asyncio.Future):
                self._follow(written)
            else:
                await written

    async def park(self, change: dict[str, Any], snapshot: Snapshot | None) -> None:
        """Let the run's row change behind all that was recorded, and return once that is durable."""
        self._pass_on()
        await self.sink(Append(self._run.id, self._run.epoch, change=change, snapshot=snapshot))

    async def durable(self) -> None:
        """Return once all that was recorded is durable."""
        self._pass_on()
        if self._unwritten is not None:
            await self._unwritten

    def leave(self) -> None:
        """Hand in what is left of an execution that is over; one that failed tells of its own error."""
        with suppress(PlannerError, TypeError, ValueError):
            self._pass_on()

    def _pass_on(self) -> None:
        if self._held:
            self._follow(asyncio.ensure_future(self._hand_in()))

    def _follow(self, written: asyncio.Future[None]) -> None:
        self._unwritten = written
        written.add_done_callback(lambda _: self.leave())

    def _hand_in(self, *numbered: Numbered, **more: Any) -> Awaitable[None]:
        unit = Append(self._run.id, self._run.epoch, (*self._held, *numbered), **more)
        written = self.sink(unit)
        self._held.clear()
        return written
