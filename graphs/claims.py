"""Claims: when this process looks for runs that may be taken up, and taking them."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar

from graphs.parts import Parts
from planner.errors import StoreUnavailable
from planner.runs import Run
from planner.store import bells, runs

T = TypeVar("T")

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""How often is looked for runs where nobody tells of them, and where not all could be taken."""


class Claims:
    """Takes runs under a lease, as many as there is room for."""

    def __init__(
        self, parts: Parts, room: Callable[[], int], take_up: Callable[[Run], Awaitable[None]]
    ) -> None:
        """Make it.

        Args:
            parts: what it works with.
            room: tells how many more runs this process can move.
            take_up: what to do with a run that was claimed.
        """
        self.foreign: set[str] = set()
        """Catalogue revisions whose services this process does not know; their runs are left to others."""
        self._parts, self._room, self._take_up = parts, room, take_up
        self._poked = asyncio.Event()
        self._timer: asyncio.Handle | None = None
        self._timer_at = math.inf
        """When it goes off, by the clock of the event loop, whose own handle need not tell."""
        self._turn = asyncio.Lock()
        self._is_short = False
        """Whether the last look took as many as it could, so that there may be more."""
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._going: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Begin to look for whatever run waits, and to listen where other processes tell of them."""
        self._tasks = (asyncio.create_task(self._loop()),)
        queue = self._parts.database.bell.queue
        if queue is not None:
            self._tasks += (asyncio.create_task(queue.listen(self._heard)),)

    async def stop(self) -> None:
        """Look no more, and let what is being claimed come to its end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = ()
        self._forget_timer()

    def poke(self) -> None:
        """Look at once."""
        self._poked.set()

    def look_by(self, moment: datetime) -> None:
        """Look at that moment at the latest."""
        self._look_within((moment - self._parts.clock.now()).total_seconds())

    async def claim(self, *, run_id: str | None = None) -> int:
        """Claim what there is room for, or this run alone, even when the caller goes away; return how many.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        limit = self._room()
        if limit <= 0:
            return 0
        return await self.kept(self._claim(limit if run_id is None else 1, run_id))

    async def kept(self, claiming: Coroutine[Any, Any, T]) -> T:
        """Return what it returns; it goes on to its end even when the caller goes away."""
        claim = asyncio.create_task(claiming)
        self._going.add(claim)
        claim.add_done_callback(self._going.discard)
        return await asyncio.shield(claim)

    async def _claim(self, limit: int, run_id: str | None) -> int:
        parts = self._parts
        claimed = await parts.database.write(
            runs.claim,
            worker=parts.worker,
            now=parts.clock.now(),
            lease_seconds=parts.lease_seconds,
            limit=limit,
            run_id=run_id,
            except_revisions=frozenset(self.foreign),
            most_running=parts.most_running,
        )
        for run in claimed:
            await self._take_up(run)
        return len(claimed)

    async def _loop(self) -> None:
        while True:
            await self._look_in_time()
            await self._poked.wait()
            self._poked.clear()
            self._forget_timer()

    async def _heard(self) -> None:
        """Look, since a process told of runs; one that is full passes it on, and hears no more meanwhile."""
        await self._look_in_time(is_told=True)
        if self._is_short:
            await asyncio.sleep(POLL_SECONDS)

    async def _look_in_time(self, *, is_told: bool = False) -> None:
        """Look, and see to it that it is done again in time, whatever goes wrong."""
        pause = POLL_SECONDS
        try:
            pause = await self._look(is_told=is_told)
        except StoreUnavailable as exc:
            log.warning("runs could not be claimed", extra={"error": str(exc)})
        except Exception:
            log.exception("claiming runs failed; it is tried again")
        self._look_within(pause)

    async def _look(self, *, is_told: bool = False) -> float:
        """Claim what may be taken up, and return within how many seconds to look again."""
        async with self._turn:
            parts, now, was_short = self._parts, self._parts.clock.now(), self._is_short
            room = self._room()
            self._is_short = await self.claim() >= room
            if parts.database.bell.queue is None:
                return POLL_SECONDS
            if self._is_short:
                if is_told or not was_short:
                    await parts.database.write(bells.ring)
                return POLL_SECONDS
            due = await parts.database.read(runs.next_due, now, worker=parts.worker)
            left = parts.look_seconds if due is None else (due - parts.clock.now()).total_seconds()
            return min(left, parts.look_seconds)

    def _look_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        moment = loop.time() + max(seconds, 0.0)
        if moment < self._timer_at:
            self._forget_timer()
            self._timer, self._timer_at = loop.call_at(moment, self.poke), moment

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, math.inf
