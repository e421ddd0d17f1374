"""Time and ids of a case: an event loop in which time passes only when nothing else is left to do."""

import asyncio
import hashlib
import random
import selectors
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

from evals.errors import Stuck

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LONGEST_PAUSE = 0.05
"""Real seconds that the loop waits at once for a thread."""


class _Selector(selectors.DefaultSelector):
    """Skips over every wait, and moves the virtual time instead."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.threads = 0
        """Threads that may yet bring something."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready now; where nothing is, let virtual time pass.

        Raises:
            Stuck: there is nothing to wait for.
        """
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.threads:
            return super().select(_LONGEST_PAUSE)
        if timeout is None:
            raise Stuck("nothing is left that could move the run, and it has not ended")
        self.time += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is virtual: a sleep of a day takes no time, and timeouts fire in order."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._virtual.time

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run in a thread of the executor, or at once where none is named; time stands still meanwhile."""
        if executor is None:
            # Starting a thread for every case takes longer than what is done in it.
            return self.create_task(_called(func, *args))
        future = super().run_in_executor(executor, func, *args)
        self._virtual.threads += 1
        future.add_done_callback(self._joined)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """Wait for the threads, in real time."""
        self._virtual.threads += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._virtual.threads -= 1

    def _joined(self, _future: Any) -> None:
        self._virtual.threads -= 1


async def _called(func: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
    return func(*args)


class VirtualClock:
    """The clock of one case; must be made while its loop runs."""

    def __init__(self, start: datetime, *, seed: int = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self._start, self._origin, self._seed = start, self._loop.time(), seed

    def now(self) -> datetime:
        """Return the virtual time."""
        return self._start + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        """Return the virtual seconds since the case began."""
        return self._loop.time() - self._origin

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    def fix(self, what: str) -> None:
        """Make what is drawn next, such as the pause after a call, depend on the seed and `what` alone.

        Libraries draw from the same source in their own order, so one seed at the start does not do.
        """
        random.seed(f"{self._seed}|{what}")

    async def until(self, due: datetime) -> None:
        """Let virtual time pass up to `due`."""
        await asyncio.sleep(max(0.0, (due - self.now()).total_seconds()))


class Ids:
    """Ids that are the same in every execution of a case, and look like those of production."""

    def __init__(self, seed: int, clock: VirtualClock) -> None:
        self._seed, self._clock, self._count = seed, clock, 0

    def new(self) -> str:
        """Return the next UUID of version 7; a later one sorts after an earlier one."""
        self._count += 1
        tail = hashlib.sha256(f"{self._seed}|{self._count}".encode()).digest()[:8]
        ms = int(self._clock.now().timestamp() * 1000) & ((1 << 48) - 1)
        value = ms << 80 | 7 << 76 | (self._count & 0xFFF) << 64 | 2 << 62
        return str(uuid.UUID(int=value | int.from_bytes(tail) & ((1 << 62) - 1)))


@contextmanager
def contained() -> Iterator[None]:
    """Give the source of random numbers back as it was, whatever is done to it meanwhile."""
    before = random.getstate()
    try:
        yield
    finally:
        random.setstate(before)
