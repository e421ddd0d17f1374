"""Parts: what the parts of one step of W cost, each alone and without a disk unless it says so.

Run it with `python -m bench.parts`; it prints the best of many repetitions in microseconds a step.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable

from api.server import spare_collector
from bench import engine, workloads
from bench.workloads import STEPS
from graphs import blocks, driver, runner
from graphs import compile as compiling
from graphs.context import Context, Frame
from planner import clock
from planner.clock import SystemClock
from planner.decisions import WorkflowRef
from planner.journal import Append
from planner.model.adapter import NoModel
from planner.runs import Run
from planner.store import journal
from tools.services import Services

REPEATS, RUNS = 15, 20
W = workloads.straight("w")
PROGRAM = blocks.program(W)


async def _graph(frame: Frame, ctx: Context) -> str:
    """Run a sequence of one block in a graph of one node, which the engine does without."""
    state = {"at": frame.sequence.entry}
    ended = await compiling.compiled(frame.sequence).ainvoke(state, context=compiling.Pass(frame, ctx))
    return str(ended["at"])


def _context(services: Services, units: list[Append], execute: Callable[..., Awaitable[str]]) -> Context:
    now = SystemClock().now()
    ref = WorkflowRef(name="w", version="1.0.0", sha256=W.sha256)
    run = Run(id=clock.new_id(), workflow=ref, input=workloads.INPUT, created_at=now, updated_at=now)

    async def sink(unit: Append) -> None:
        units.append(unit)

    return Context(
        run=run,
        program=PROGRAM,
        programs={},
        catalog=workloads.catalog(),
        caller=services,
        decider=NoModel(),
        clock=SystemClock(),
        sink=sink,
        new_id=clock.new_id,
        execute=execute,
    )


async def _best(work: Callable[[], Awaitable[object]], steps: int) -> float:
    """Return the shortest time of a step over many repetitions, in microseconds."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        await work()
        found.append((time.perf_counter() - began) / steps * 1e6)
    return min(found)


async def main() -> None:
    """Print what the parts cost."""
    spare_collector()
    catalog = workloads.catalog()
    operation, units = catalog.operation("bench.nothing"), list[Append]()
    async with Services(catalog, secret=lambda _name: None) as services:

        async def runs(execute: Callable[..., Awaitable[str]]) -> None:
            for _ in range(RUNS):
                await runner.execute(_context(services, units, execute))

        async def calls() -> None:
            for n in range(RUNS * STEPS):
                await services.call(operation, {"n": n, **workloads.INPUT})

        async def rows() -> None:
            for unit in units[: RUNS * STEPS]:
                journal.prepare(unit, SystemClock().now())

        whole = RUNS * STEPS
        print(f"a step in memory: {await _best(lambda: runs(driver.execute), whole):.1f}")
        print(f"  of it the call: {await _best(calls, whole):.1f}")
        print(f"the same in a graph of one node: {await _best(lambda: runs(_graph), whole):.1f}")
        print(f"making its row: {await _best(rows, whole):.1f}")
        with tempfile.TemporaryDirectory() as folder:
            rates = [await engine.steps_per_second(f"sqlite:///{folder}/{n}.db", 100, W) for n in range(5)]
        print(f"all of it, on disk, 100 runs at once: {1e6 / max(rates):.1f}")


if __name__ == "__main__":
    asyncio.run(main())
