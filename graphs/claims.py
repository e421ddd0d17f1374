"""Claims: when this process looks for runs that may be taken up, and taking them."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from graphs.parts import Parts
from planner.errors import StoreUnavailable
from planner.runs import Run
from planner.store import runs

T = TypeVar("T")

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""Longest time after which work of other processes is noticed."""


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
        self._task: asyncio.Task[None] | None = None
        self._going: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Begin to look for whatever run waits."""
        self._task = asyncio.create_task(self._loop())

    async def stop(self) -> None:
        """Look no more, and let what is being claimed come to its end."""
        if self._task is not None:
            self._task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def poke(self) -> None:
        """Look at once."""
        self._poked.set()

    async def claim(self, *, run_id: str | None = None) -> None:
        """Claim what there is room for, or this run alone, even when the caller goes away.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        limit = self._room()
        if limit > 0:
            await self.kept(self._claim(limit if run_id is None else 1, run_id))

    async def kept(self, claiming: Coroutine[Any, Any, T]) -> T:
        """Return what it returns; it goes on to its end even when the caller goes away."""
        claim = asyncio.create_task(claiming)
        self._going.add(claim)
        claim.add_done_callback(self._going.discard)
        return await asyncio.shield(claim)

    async def _claim(self, limit: int, run_id: str | None) -> None:
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

    async def _loop(self) -> None:
        while True:
            try:
                await self.claim()
            except StoreUnavailable as exc:
                log.warning("runs could not be claimed", extra={"error": str(exc)})
            except Exception:
                log.exception("claiming runs failed; it is tried again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._poked.wait()
            self._poked.clear()
