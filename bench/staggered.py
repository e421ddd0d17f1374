"""Staggered: runs that begin one after another with steps of about 10 ms, so that nothing moves in step."""

import asyncio
import statistics
import time
from typing import Any, NamedTuple

from bench import engine, workloads
from bench.workloads import SLOW_SECONDS, STEPS
from planner.store.database import Database

_GAP_SECONDS = 0.007


class Figures(NamedTuple):
    """What was seen."""

    rate: float
    """Steps per second."""
    ideal: float
    """Steps per second if nothing but the calls took time."""
    rows_per_commit: float
    append_p50_ms: float
    append_p99_ms: float


class _Timed:
    """A database that notes how long each append takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seconds: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def submit(self, unit: Any) -> "asyncio.Future[None]":
        began = time.perf_counter()
        written = self._database.submit(unit)
        written.add_done_callback(lambda _: self.seconds.append(time.perf_counter() - began))
        return written


async def figures(url: str, concurrent: int) -> Figures:
    """Return what staggered runs of slow W cost."""
    workflow = workloads.straight("slow", operation="slowly")
    async with engine.opened(url, workflow) as opened:
        timed = _Timed(opened.parts.database)
        opened.parts.database = timed  # type: ignore[assignment] # it passes everything on
        stats = timed.stats
        commits, rows = stats.commits, stats.rows

        async def later(place: int) -> None:
            await asyncio.sleep(place * _GAP_SECONDS)
            await opened.run("slow", workloads.INPUT)

        began = time.perf_counter()
        await asyncio.gather(*map(later, range(concurrent)))
        took = time.perf_counter() - began
        cut = statistics.quantiles(timed.seconds, n=100)
        whole = concurrent * STEPS
        ideal = (concurrent - 1) * _GAP_SECONDS + STEPS * SLOW_SECONDS
        per_commit = (stats.rows - rows) / (stats.commits - commits)
        return Figures(whole / took, whole / ideal, per_commit, cut[49] * 1000, cut[98] * 1000)
