"""Leases: the runs that this process holds, and the signs of life that keep them its own."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphs.context import Context
from graphs.loading import Loaded
from graphs.parts import Parts
from planner.errors import StoreUnavailable
from planner.runs import Run
from planner.store import runs, versions

log = logging.getLogger(__name__)


@dataclass
class Moving:
    """A run that this process holds."""

    run: Run
    loaded: Loaded | None = None
    """What it is taken up from, where that is known without reading it."""
    task: "asyncio.Task[None] | None" = None
    ctx: Context | None = None
    """None while it is loaded."""

    def hold(self, until: datetime) -> None:
        """Take note that the lease was prolonged."""
        if self.ctx is not None:
            self.ctx.lease_until = until

    def drain(self) -> None:
        """Let it stop at its next safe point; one that is loaded does so at its first."""
        if self.ctx is not None:
            self.ctx.draining = True


class Leases:
    """What this process holds; a lease that cannot be prolonged ends the run's task."""

    def __init__(self, parts: Parts) -> None:
        self.held: dict[str, Moving] = {}
        self._parts = parts
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to prolong them."""
        self._task = asyncio.create_task(self._loop())

    async def stop(self) -> None:
        """Prolong them no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def cancel(self, run_id: str) -> None:
        """Let a run that is held see at once that it is to be cancelled."""
        moving = self.held.get(run_id)
        if moving is not None and moving.ctx is not None:
            moving.ctx.cancel_requested = True

    async def prolong(self, run: Run) -> bool:
        """Prolong the lease of one run, if nobody else took it; tell whether it is still ours."""
        parts, now = self._parts, self._parts.clock.now()
        owned = await parts.database.write(
            runs.renew,
            worker=parts.worker,
            now=now,
            lease_seconds=parts.lease_seconds,
            run_ids={run.id: run.epoch},
        )
        moving = self.held.get(run.id)
        if run.id not in owned or moving is None or moving.run.epoch != run.epoch:
            return False
        moving.hold(now + timedelta(seconds=parts.lease_seconds))
        return True

    async def _loop(self) -> None:
        while True:
            await asyncio.sleep(self._parts.lease_seconds / 3)
            try:
                await self._renew()
            except StoreUnavailable as exc:
                log.warning("leases could not be renewed", extra={"error": str(exc)})
            except Exception:
                log.exception("renewing leases failed; it is tried again")

    async def _renew(self) -> None:
        epochs = {run_id: moving.run.epoch for run_id, moving in self.held.items()}
        if not epochs:
            return
        parts, now = self._parts, self._parts.clock.now()
        owned = await parts.database.write(
            runs.renew,
            worker=parts.worker,
            now=now,
            lease_seconds=parts.lease_seconds,
            run_ids=epochs,
        )
        until = now + timedelta(seconds=parts.lease_seconds)
        cancelled = await parts.database.read(runs.cancel_requested, list(epochs))
        paused = await parts.database.read(versions.of_paused, list(epochs))
        for run_id, epoch in epochs.items():
            moving = self.held.get(run_id)
            if moving is None or moving.run.epoch != epoch:
                continue
            if run_id in cancelled:
                self.cancel(run_id)
            if run_id in paused:
                moving.drain()
            if run_id in owned:
                moving.hold(until)
            elif moving.task is not None:
                moving.task.cancel()
