"""Resuming: what taking up a run with a long journal costs, against its first execution."""

import time

from bench import engine, workloads
from bench.table import Pair
from planner.clock import SystemClock
from planner.store import runs


async def seconds(url: str, entries: int) -> Pair:
    """Return what resuming a run with so many entries takes, and what its first execution took.

    It waits for a month at its end; woken before, it comes to the same place again.
    """
    async with engine.opened(url, workloads.straight("w")) as opened:
        opened.register(workloads.each(entries))
        began = time.perf_counter()
        run = await opened.begin("each")
        await opened.idle()
        first = time.perf_counter() - began
        await opened.parts.database.write(runs.wake, run.id, SystemClock().now())
        began = time.perf_counter()
        await opened.dispatcher.take(run.id)
        await opened.idle()
        return time.perf_counter() - began, first
