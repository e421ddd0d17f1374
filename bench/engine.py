"""Engine: this planner on a workload, as its server runs it, every step durable."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from bench import workloads
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from graphs.parts import Parts
from planner import clock
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.model.adapter import NoModel
from planner.runs import Run
from planner.store import journal, migrate, runs, workflows
from planner.store.database import open_database
from tools.operations import EffectClass
from tools.services import Services


class Engine(NamedTuple):
    """An open engine."""

    parts: Parts
    dispatcher: Dispatcher

    def register(self, workflow: Workflow) -> None:
        """Register a workflow."""
        self.parts.database.write_sync(workflows.register, workflow, source="", now=self.parts.clock.now())

    async def run(self, workflow: str, given: Any = None) -> Run:
        """Run a workflow and return it as it ended."""
        return await self.ended((await self.begin(workflow, given)).id)

    async def begin(self, workflow: str, given: Any = None) -> Run:
        """Begin a run of a workflow and return it as it stands then."""
        request = RunRequest(workflow=workflow, input=given or {})
        return (await begin(request, self.parts, self.dispatcher, started_by="bench")).run

    async def ended(self, run_id: str) -> Run:
        """Return the run once it has ended."""
        while True:
            await self.dispatcher.signals.wait(run_id, 1.0, until_stopped=True)
            run = await self.parts.database.read(runs.get, run_id)
            if run.ended:
                if run.status != "succeeded":
                    raise RuntimeError(f"the run ended as {run.status}: {run.error}")
                return run

    async def idle(self) -> None:
        """Return once no run moves."""
        while self.dispatcher.active:  # noqa: ASYNC110 - the dispatcher tells of single runs
            await asyncio.sleep(0.001)

    async def rate(self, workflow: Workflow, concurrent: int, steps: int) -> float:
        """Return steps per second of so many runs at once."""
        began = time.perf_counter()
        await asyncio.gather(*(self.run(workflow.workflow, workloads.INPUT) for _ in range(concurrent)))
        return concurrent * steps / (time.perf_counter() - began)


@asynccontextmanager
async def opened(
    url: str, *known: Workflow, effect: EffectClass = "read", warm: bool = True
) -> AsyncIterator[Engine]:
    """Open an engine on a database of the newest form, with these workflows, and warm it up."""
    database = open_database(url)
    try:
        migrate.upgrade(database)
        catalog = workloads.catalog(effect)
        async with Services(catalog, secret=lambda _name: None) as services:
            parts = Parts(
                database,
                catalog,
                services,
                NoModel(),
                SystemClock(),
                clock.new_id,
                "bench",
                concurrency=20_000,
            )
            engine = Engine(parts, Dispatcher(parts))
            await engine.dispatcher.start()
            for workflow in known:
                engine.register(workflow)
                if warm:
                    await engine.run(workflow.workflow, workloads.INPUT)
            yield engine
            await engine.dispatcher.stop()
    finally:
        database.close()


async def steps_per_second(
    url: str, concurrent: int, workflow: Workflow, *, effect: EffectClass = "read"
) -> float:
    """Return steps per second of a straight line, with so many runs at once."""
    async with opened(url, workflow, effect=effect) as engine:
        return await engine.rate(workflow, concurrent, len(workflow.steps))


class Growth(NamedTuple):
    """How one run of WG grew."""

    early_ms: float
    """A step about the tenth."""
    late_ms: float
    """A step about the last."""
    bytes: int
    """By which the database grew."""


async def growth(url: str, workflow: Workflow) -> Growth:
    """Run WG twice and return how the second run grew."""
    file = Path(url.removeprefix("sqlite:///"))
    async with opened(url, workflow) as engine:
        before = _size(file)
        run = await engine.run(workflow.workflow)
        after = _size(file)
        entries = await engine.parts.database.read(journal.entries, run.id)
        at = [entry.at for _, entry in entries if entry.kind == "outcome"]
        took = [(later - sooner).total_seconds() * 1000 for sooner, later in pairwise(at)]
        early, late = statistics.median(took[5:25]), statistics.median(took[-20:])
        return Growth(early, late, after - before)


def _size(file: Path) -> int:
    """Return the size of the database with everything in it that was in the log."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size
