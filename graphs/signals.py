"""Signals: who waits in this process for a run, and hears that it moved or stopped."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import NamedTuple


class Waiter(NamedTuple):
    """Somebody who waits for a run."""

    event: asyncio.Event
    until_stopped: bool
    """Whether only the end of its execution is of interest, not each entry."""

    async def wait(self, seconds: float) -> bool:
        """Return true when the run did so since the last time, or does within that time."""
        try:
            async with asyncio.timeout(seconds):
                await self.event.wait()
        except TimeoutError:
            return False
        self.event.clear()
        return True


class Signals:
    """Tells who waits in this process that a run has moved, or that its execution has stopped."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Waiter]] = {}

    def send(self, run_id: str, *, stopped: bool = False) -> None:
        """Wake those who wait for this run."""
        for waiter in self._waiting.get(run_id, ()):
            if stopped or not waiter.until_stopped:
                waiter.event.set()

    async def wait(self, run_id: str, seconds: float, *, until_stopped: bool = False) -> bool:
        """Return true when the run moved, or stopped moving, within that time."""
        with self.watching(run_id, until_stopped=until_stopped) as waiter:
            return await waiter.wait(seconds)

    @contextlib.contextmanager
    def watching(self, run_id: str, *, until_stopped: bool = False) -> Iterator[Waiter]:
        """Yield somebody who hears of the run from now on, whether or not he waits just then."""
        waiter = Waiter(asyncio.Event(), until_stopped)
        self._waiting.setdefault(run_id, []).append(waiter)
        try:
            yield waiter
        finally:
            self._waiting[run_id].remove(waiter)
            if not self._waiting[run_id]:
                del self._waiting[run_id]
