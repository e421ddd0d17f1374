"""Dispatch: claims runs under a lease, keeps them moving, and takes up what waited or was lost."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from graphs import compile as compiling
from graphs import loading, pinning, runner
from graphs.context import Context
from graphs.loading import Loaded
from graphs.parts import Parts
from graphs.signals import Signals
from planner.definition import Workflow
from planner.errors import (
    DecisionClosed,
    LeaseLost,
    PlannerError,
    SealBroken,
    ServicesMissing,
    StoreUnavailable,
)
from planner.events import KeptEvent, Wanted
from planner.journal import Append, Entry, Numbered, Recorded
from planner.log.echoes import Echoes
from planner.runs import Run
from planner.store import events, journal, runs, versions

T = TypeVar("T")

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""Longest time after which work of other processes is noticed."""
GRACE_SECONDS = 5.0
"""How long a run may take to come to a safe point when its process stops."""


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


class Dispatcher:
    """Moves runs in this process; any number of processes may share a database."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.signals = Signals()
        self._active: dict[str, Moving] = {}
        self._poked = asyncio.Event()
        self._leasing: asyncio.Task[None] | None = None
        self._claiming: asyncio.Task[None] | None = None
        self._claims: set[asyncio.Task[Any]] = set()
        self._is_stopping = True
        """So is one that was not started: it takes up nothing."""
        self._foreign: set[str] = set()
        """Catalogue revisions whose services this process does not know; their runs are left to others."""

    @property
    def active(self) -> int:
        """How many runs move in this process now."""
        return len(self._active)

    def is_moving(self, run_id: str) -> bool:
        """Tell whether a run moves in this process now."""
        return run_id in self._active

    async def start(self, *, claim: bool = True) -> None:
        """Begin to hold leases, and unless told otherwise to take up whatever run waits."""
        self._is_stopping = False
        self._leasing = asyncio.create_task(self._lease_loop())
        if claim:
            self._claiming = asyncio.create_task(self._claim_loop())

    async def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Stop taking up runs and let go of those that move; they go on elsewhere from their journal.

        Each run goes on to its next safe point, so that no call is cut off; one that needs longer is let go
        of in the midst of it, as in a crash.
        """
        self._is_stopping = True
        if self._claiming is not None:
            self._claiming.cancel()
        await asyncio.gather(*self._claims, return_exceptions=True)
        for held in self._active.values():
            held.drain()
        moving = [held.task for held in self._active.values() if held.task is not None]
        if moving:
            await asyncio.wait(moving, timeout=grace_seconds)
        ending = [task for task in (self._leasing, self._claiming, *moving) if task is not None]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self._leasing = self._claiming = None

    def poke(self) -> None:
        """Look for work at once."""
        self._poked.set()

    async def take(self, run_id: str) -> None:
        """Take up one run now if it is free; otherwise its holder goes on, or the next look finds it."""
        if self.active >= self.parts.concurrency:
            return
        try:
            await self._claim(limit=1, run_id=run_id)
        except StoreUnavailable as exc:
            log.warning("run could not be taken up at once", extra={"run_id": run_id, "error": str(exc)})

    async def begin(self, run: Run, workflow: Workflow, **kept: Any) -> Run:
        """Write a new run down and let it move, here where there is room; return the one its key began.

        Args:
            run: as nobody has it yet.
            workflow: what it is pinned to.
            kept: further arguments of `runs.create`.
        """
        is_full = self._is_stopping or self.active >= self.parts.concurrency
        if is_full or workflow.workflow in self.parts.most_running or pinning.runs_others(workflow):
            made = await self.parts.database.write(runs.create, run, **kept)
            if made.id == run.id:
                await self.take(run.id)
            return made
        return await self._kept(self._begin(run, workflow, kept))

    async def _begin(self, run: Run, workflow: Workflow, kept: Mapping[str, Any]) -> Run:
        """Begin the run under a lease from the start, so that it need be neither claimed nor read."""
        parts, now = self.parts, self.parts.clock.now()
        until = now + timedelta(seconds=parts.lease_seconds)
        lease = {"status": "running", "worker": parts.worker, "lease_until": until, "epoch": 1}
        leased = run.model_copy(update=lease)
        first = Numbered(
            1, Entry(kind="started", at=now, body=pinning.facts(run, parts.catalog.revision, {}))
        )
        made = await parts.database.write(_create, leased, first, kept)
        if made.id == run.id:
            loaded = Loaded(leased, parts.catalog, workflow, {}, (first,), {})
            await self._release(made) if self._is_stopping else self._spawn(made, loaded)
        return made

    async def _claim_loop(self) -> None:
        while True:
            try:
                await self._claim(limit=self.parts.concurrency - self.active)
            except StoreUnavailable as exc:
                log.warning("runs could not be claimed", extra={"error": str(exc)})
            except Exception:
                log.exception("claiming runs failed; it is tried again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._poked.wait()
            self._poked.clear()

    async def _claim(self, *, limit: int, run_id: str | None = None) -> None:
        """Claim runs and let them move, even when the caller goes away: a lease once taken is kept."""
        if limit <= 0 or self._is_stopping:
            return
        await self._kept(self._claim_now(limit, run_id))

    async def _kept(self, claiming: Coroutine[Any, Any, T]) -> T:
        """Return what it returns; it goes on to its end even when the caller goes away."""
        claim = asyncio.create_task(claiming)
        self._claims.add(claim)
        claim.add_done_callback(self._claims.discard)
        return await asyncio.shield(claim)

    async def _claim_now(self, limit: int, run_id: str | None) -> None:
        parts = self.parts
        claimed = await parts.database.write(
            runs.claim,
            worker=parts.worker,
            now=parts.clock.now(),
            lease_seconds=parts.lease_seconds,
            limit=limit,
            run_id=run_id,
            except_revisions=frozenset(self._foreign),
            most_running=parts.most_running,
        )
        for run in claimed:
            await self._release(run) if self._is_stopping else self._spawn(run)

    def _spawn(self, run: Run, loaded: Loaded | None = None) -> None:
        stale = self._active.get(run.id)
        if stale is not None and stale.task is not None:
            stale.task.cancel()
        held = self._active[run.id] = Moving(run, loaded)
        held.task = asyncio.create_task(self._move(held), name=f"run {run.id}")
        # A task that is cancelled before it began never comes to its own `finally`.
        held.task.add_done_callback(lambda _: self._forget(held))

    def _forget(self, held: Moving) -> None:
        if self._active.get(held.run.id) is held:
            del self._active[held.run.id]
        self.signals.send(held.run.id, stopped=True)

    async def _move(self, held: Moving) -> None:
        run = held.run
        try:
            held.ctx = self._context(run, held.loaded or await self._load(run), is_first=bool(held.loaded))
            held.ctx.draining = self._is_stopping
            ended = await runner.execute(held.ctx)
            log.info("run stopped", extra={"run_id": run.id, "status": ended.status})
        except LeaseLost:
            log.warning("run lost to another worker", extra={"run_id": run.id, "epoch": run.epoch})
        except ServicesMissing as exc:
            log.warning("run left to a process of its project", extra={"run_id": run.id, "error": str(exc)})
            self._foreign.add(run.catalog_revision)
            await self._release(run)
        except SealBroken as exc:
            # Left under its lease, so that another process comes to it before this one tries again.
            log.warning("run left to a process that has its key", extra={"run_id": run.id, "error": str(exc)})
        except (DecisionClosed, StoreUnavailable) as exc:
            log.warning("run put back", extra={"run_id": run.id, "error": str(exc)})
            await self._release(run)
        except asyncio.CancelledError:
            await self._release(run)
            raise
        except Exception as exc:
            log.exception("run failed inside the engine", extra={"run_id": run.id})
            await self._give_up(run, exc)

    async def _load(self, run: Run) -> Loaded:
        return await self.parts.database.read(loading.load, run, self.parts.catalog, self.parts.definitions)

    async def _release(self, run: Run) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self.parts.database.write(runs.release, run.id, run.epoch)

    async def _give_up(self, run: Run, exc: Exception) -> None:
        """End a run that the engine itself could not move, so that it does not come back for ever."""
        why = str(exc) if isinstance(exc, PlannerError) else "the log has the trace"
        error = f"the engine could not move this run ({why}); what was applied stands in its journal"
        change = {"status": "failed", "error": error, "ended_at": self.parts.clock.now(), "wake_at": None}
        with contextlib.suppress(LeaseLost, StoreUnavailable, DecisionClosed):
            await self.parts.database.append(Append(run.id, run.epoch, change=change))

    async def _lease_loop(self) -> None:
        while True:
            await asyncio.sleep(self.parts.lease_seconds / 3)
            try:
                await self._renew()
            except StoreUnavailable as exc:
                log.warning("leases could not be renewed", extra={"error": str(exc)})
            except Exception:
                log.exception("renewing leases failed; it is tried again")

    async def _renew(self) -> None:
        held = {run_id: moving.run.epoch for run_id, moving in self._active.items()}
        if not held:
            return
        parts, now = self.parts, self.parts.clock.now()
        owned = await parts.database.write(
            runs.renew,
            worker=parts.worker,
            now=now,
            lease_seconds=parts.lease_seconds,
            run_ids=held,
        )
        until = now + timedelta(seconds=parts.lease_seconds)
        cancelled = await parts.database.read(runs.cancel_requested, list(held))
        paused = await parts.database.read(versions.of_paused, list(held))
        for run_id, epoch in held.items():
            moving = self._active.get(run_id)
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

    async def _prolong(self, run: Run) -> bool:
        """Prolong the lease of one run, if nobody else took it; tell whether it is still ours."""
        parts, now = self.parts, self.parts.clock.now()
        owned = await parts.database.write(
            runs.renew,
            worker=parts.worker,
            now=now,
            lease_seconds=parts.lease_seconds,
            run_ids={run.id: run.epoch},
        )
        moving = self._active.get(run.id)
        if run.id in owned and moving is not None and moving.run.epoch == run.epoch:
            moving.hold(now + timedelta(seconds=parts.lease_seconds))
        return run.id in owned

    def cancel(self, run_id: str) -> None:
        """Let a run of this process see at once that it is to be cancelled."""
        moving = self._active.get(run_id)
        if moving is not None and moving.ctx is not None:
            moving.ctx.cancel_requested = True

    async def _arrived(self, wanted: Wanted) -> list[KeptEvent]:
        return await self.parts.database.read(events.arrived, wanted)

    def _context(self, run: Run, loaded: Loaded, *, is_first: bool) -> Context:
        parts = self.parts

        held = (numbered.entry.body for numbered in loaded.entries)
        echoes = Echoes(parts.database.keeping.masking, [loaded.run.input, *held])

        def sink(unit: Append) -> asyncio.Future[None]:
            written = parts.database.submit(unit._replace(echoes=echoes))
            written.add_done_callback(moved)
            return written

        def moved(written: asyncio.Future[None]) -> None:
            # Reading the error here also says that it was seen, when a later unit's tells of it.
            if not written.cancelled() and written.exception() is None:
                self.signals.send(run.id)

        return Context(
            run=loaded.run,
            program=parts.program(loaded.workflow),
            programs={name: parts.program(workflow) for name, workflow in loaded.pinned.items()},
            catalog=loaded.catalog,
            caller=parts.caller,
            decider=parts.decider_of(run.tenant),
            clock=parts.clock,
            sink=sink,
            new_id=parts.new_id,
            execute=compiling.execute,
            recorded=Recorded(loaded.entries),
            questions=dict(loaded.questions),
            arrived=self._arrived,
            recovery_choices=parts.recovery_choices,
            cancel_requested=run.cancel_requested,
            lease_until=run.lease_until,
            renew=partial(self._prolong, run),
            is_first=is_first,
        )


def _create(tx: Any, run: Run, first: Numbered, kept: Mapping[str, Any]) -> Run:
    made = runs.create(tx, run, **kept)
    if made.id == run.id:
        journal.insert(tx, run.id, (first,))
    return made
