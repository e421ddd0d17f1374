"""Dispatch: begins runs, keeps them moving, and lets go of them in order."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from graphs import compile as compiling
from graphs import demoting, loading, pinning, runner
from graphs.claims import Claims
from graphs.context import Context
from graphs.leases import Leases, Moving
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
from planner.planning.promotion import BAD
from planner.runs import Run
from planner.store import bells, events, journal, runs

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""How long a run may take to come to a safe point when its process stops."""


class Dispatcher:
    """Moves runs in this process; any number of processes may share a database."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.signals = Signals()
        self._leases = Leases(parts)
        self._claims = Claims(parts, self._room, self._take_up)
        self._is_stopping = True
        """So is one that was not started: it takes up nothing."""

    @property
    def active(self) -> int:
        """How many runs move in this process now."""
        return len(self._leases.held)

    def is_moving(self, run_id: str) -> bool:
        """Tell whether a run moves in this process now."""
        return run_id in self._leases.held

    async def start(self, *, claim: bool = True) -> None:
        """Begin to hold leases, and unless told otherwise to take up whatever run waits."""
        self._is_stopping, self.parts.database.bell.takes_own = False, True
        await self._leases.start()
        if claim:
            await self._claims.start()

    async def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Stop taking up runs and let go of those that move; they go on elsewhere from their journal.

        Each run goes on to its next safe point, so that no call is cut off; one that needs longer is let go
        of in the midst of it, as in a crash.
        """
        self._is_stopping, self.parts.database.bell.takes_own = True, False
        await self._claims.stop()
        for held in self._leases.held.values():
            held.drain()
        moving = [held.task for held in self._leases.held.values() if held.task is not None]
        if moving:
            await asyncio.wait(moving, timeout=grace_seconds)
        for task in moving:
            task.cancel()
        await asyncio.gather(*moving, return_exceptions=True)
        await self._leases.stop()
        await self._hand_over()

    def poke(self) -> None:
        """Look for work at once."""
        self._claims.poke()

    async def take(self, run_id: str) -> None:
        """Take up one run now if it is free; otherwise its holder goes on, or others are told of it."""
        if self._is_stopping:
            return
        if self._room() <= 0:
            await self._hand_over()
            return
        try:
            await self._claims.claim(run_id=run_id)
        except StoreUnavailable as exc:
            log.warning("run could not be taken up at once", extra={"run_id": run_id, "error": str(exc)})
            self._claims.poke()

    async def begin(self, run: Run, workflow: Workflow, **kept: Any) -> Run:
        """Write a new run down and let it move, here where there is room; return the one its key began.

        Args:
            run: as nobody has it yet.
            workflow: what it is pinned to.
            kept: further arguments of `runs.create`.
        """
        is_full = self._room() <= 0
        if is_full or workflow.workflow in self.parts.most_running or pinning.runs_others(workflow):
            made = await self.parts.database.write(runs.create, run, hand_over=is_full, **kept)
            if made.id == run.id and not is_full:
                await self.take(run.id)
            return made
        return await self._claims.kept(self._begin(run, workflow, kept))

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
            await self._take_up(made, loaded)
        return made

    def _room(self) -> int:
        return 0 if self._is_stopping else self.parts.concurrency - self.active

    async def _take_up(self, run: Run, loaded: Loaded | None = None) -> None:
        """Let a run move that is held, unless the process stops meanwhile."""
        await self._release(run) if self._is_stopping else self._spawn(run, loaded)

    def _spawn(self, run: Run, loaded: Loaded | None = None) -> None:
        stale = self._leases.held.get(run.id)
        if stale is not None and stale.task is not None:
            stale.task.cancel()
        held = self._leases.held[run.id] = Moving(run, loaded)
        held.task = asyncio.create_task(self._move(held), name=f"run {run.id}")
        # A task that is cancelled before it began never comes to its own `finally`.
        held.task.add_done_callback(lambda _: self._forget(held))

    def _forget(self, held: Moving) -> None:
        if self._leases.held.get(held.run.id) is held:
            del self._leases.held[held.run.id]
        if held.run.workflow.name in self.parts.most_running:
            self._claims.poke()
        self.signals.send(held.run.id, stopped=True)

    async def _move(self, held: Moving) -> None:
        run = held.run
        try:
            held.ctx = self._context(run, held.loaded or await self._load(run), is_first=bool(held.loaded))
            held.ctx.draining = self._is_stopping
            ended = await runner.execute(held.ctx)
            if ended.wake_at is not None:
                self._claims.look_by(ended.wake_at)
            log.info("run stopped", extra={"run_id": run.id, "status": ended.status})
            if ended.status in BAD:
                await demoting.after(run, self.parts)
        except LeaseLost:
            log.warning("run lost to another worker", extra={"run_id": run.id, "epoch": run.epoch})
        except ServicesMissing as exc:
            log.warning("run left to a process of its project", extra={"run_id": run.id, "error": str(exc)})
            self._claims.foreign.add(run.catalog_revision)
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
        parts = self.parts
        return await parts.database.read(
            loading.load, run, parts.catalog, parts.definitions, from_snapshot=True
        )

    async def _hand_over(self) -> None:
        """Tell another process to look, where it does not so anyway; this one has no room, or stops."""
        if self.parts.database.bell.queue is None:
            return
        with contextlib.suppress(StoreUnavailable):
            await self.parts.database.write(bells.ring)

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

    def cancel(self, run_id: str) -> None:
        """Let a run of this process see at once that it is to be cancelled."""
        self._leases.cancel(run_id)

    async def _arrived(self, wanted: Wanted) -> AsyncIterator[KeptEvent]:
        past: events.Place | None = None
        while found := await self.parts.database.read(events.arrived, wanted, past):
            for kept in found:
                yield kept
                past = events.Place(kept.received_at, kept.id)

    def _context(self, run: Run, loaded: Loaded, *, is_first: bool) -> Context:
        parts = self.parts

        held = (numbered.entry.body for numbered in loaded.entries)
        stood = () if loaded.snapshot is None else (loaded.snapshot.body["own"],)
        echoes = Echoes(parts.database.keeping.masking, [loaded.run.input, *stood, *held])

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
            snapshot=loaded.snapshot,
            older=partial(parts.database.read, journal.unsealed, run.id),
            recovery_choices=parts.recovery_choices,
            replanner=parts.replanner,
            cancel_requested=run.cancel_requested,
            lease_until=run.lease_until,
            renew=partial(self._leases.prolong, run),
            is_first=is_first,
        )


def _create(tx: Any, run: Run, first: Numbered, kept: Mapping[str, Any]) -> Run:
    made = runs.create(tx, run, **kept)
    if made.id == run.id:
        journal.insert(tx, run.id, (first,))
    return made
