"""Handovers: how soon a process on PostgreSQL notices what another hands over, and what doing nothing costs.

Run it with `python -m bench.handovers`. The peer looks twice a second, as all did before there were bells.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from procrastinate import App, PsycopgConnector
from sqlalchemy import insert, text

from bench import engine, table, workloads
from bench.engine import Engine
from bench.table import Row
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from planner import clock, postgres
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.store import bells, migrate, open_database, runs, tables
from planner.store.bells import Bell
from planner.store.database import Database

W1 = workloads.straight("w1", 1)
TIMER = Workflow.model_validate(
    {
        "workflow": "timer",
        "steps": {
            "ask": {
                "decide": "Well?",
                "by": "person",
                "within": "PT0.8S",
                "options": {"yes": {}, "no": {}},
                "otherwise": "no",
            }
        },
    }
)
HANDED, TIMERS, IDLE_SECONDS, JOBS = 15, 5, 40.0, 300
SETTLE_SECONDS = 12.0
"""After which a server has counted what an idle connection did before."""
DELAYED = (100, 10_000, 100_000)
_GAPS = (0.05, 0.21, 0.37)
_COMMITS = text("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")


@asynccontextmanager
async def _process(url: str, *, told: bool) -> AsyncIterator[Engine]:
    """Open a process that is told of runs, or one that looks for them."""
    async with engine.opened(url, W1, TIMER, warm=False) as opened:
        measured = opened
        if not told:
            await opened.dispatcher.stop()
            opened.parts.database.bell = Bell("looks", None)
            measured = Engine(opened.parts, Dispatcher(opened.parts))
            await measured.dispatcher.start()
        await asyncio.sleep(1.0)
        yield measured
        await measured.dispatcher.stop()


async def _noticed(opened: Engine, taking_in: Database) -> list[float]:
    """Return after how many milliseconds runs are begun that another process takes in."""
    parts, found = replace(opened.parts, database=taking_in), []
    for place in range(HANDED):
        await asyncio.sleep(_GAPS[place % len(_GAPS)])
        request = RunRequest(workflow=W1.workflow, input=workloads.INPUT)
        run = (await begin(request, parts, None, started_by="bench")).run
        ended = await _ended(opened, run.id)
        found.append((ended - run.created_at).total_seconds() * 1e3)
    return found


async def _late(opened: Engine) -> list[float]:
    """Return by how many milliseconds timers fire late."""
    found = []
    for _ in range(TIMERS):
        request = RunRequest(workflow=TIMER.workflow, input={})
        run = (await begin(request, opened.parts, opened.dispatcher, started_by="bench")).run
        await opened.dispatcher.signals.wait(run.id, 5.0, until_stopped=True)
        due = (await opened.parts.database.read(runs.get, run.id)).wake_at
        ended = await _ended(opened, run.id)
        found.append((ended - (due or ended)).total_seconds() * 1e3)
    return found


async def _ended(opened: Engine, run_id: str) -> Any:
    while (ended := (await opened.parts.database.read(runs.get, run_id)).ended_at) is None:
        await opened.dispatcher.signals.wait(run_id, 0.02)
    return ended


async def _idle(_opened: Engine, other: Database) -> list[float]:
    """Return how many transactions a second a process makes that has nothing to do."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = await other.read(lambda tx: tx.execute(_COMMITS).scalar_one())
    await asyncio.sleep(IDLE_SECONDS)
    after = await other.read(lambda tx: tx.execute(_COMMITS).scalar_one())
    return [(after - before) / IDLE_SECONDS]


async def compare(address: Callable[[], str]) -> AsyncIterator[Row]:
    """Yield what a process that is told does better than one that looks."""
    measures: tuple[tuple[str, str, Callable[[Engine, Database], Awaitable[list[float]]]], ...] = (
        ("a run handed over, from its beginning to its end", "ms", _noticed),
        ("a timer, how late it fires", "ms", lambda opened, _: _late(opened)),
        ("one process with nothing to do", "transactions/s", _idle),
    )
    for name, unit, measure in measures:
        figures = []
        for told in (True, False):
            url = address()
            async with _process(url, told=told) as opened:
                with open_database(url) as other:
                    figures.append(await measure(opened, other))
        yield table.row(name, unit, list(zip(*figures, strict=True)), peer="looking twice a second")


async def jobs(url: str) -> AsyncIterator[str]:
    """Yield what jobs of Procrastinate cost by themselves, and what they would cost as timers."""
    app = App(connector=PsycopgConnector(conninfo=url.replace("+psycopg", "")))
    app.task(name="nothing", queue="other")(_nothing)
    with open_database(url) as database:
        migrate.upgrade(database)
        began = time.perf_counter()
        for _ in range(JOBS):
            await database.write(bells.ring)
        yield f"one ring, a commit of its own: {(time.perf_counter() - began) / JOBS * 1e3:.2f} ms"
        async with app.open_async():
            await app.configure_task("nothing", queue="other").batch_defer_async(*({} for _ in range(JOBS)))
            began, spent = time.perf_counter(), time.process_time()
            await app.run_worker_async(queues=["other"], wait=False, delete_jobs="always")
            each = [(now - then) / JOBS * 1e3 for now, then in _since(began, spent)]
        yield f"one job, fetched, run and deleted: {each[0]:.2f} ms, of which {each[1]:.2f} ms are Python's"
        for count in DELAYED:
            await database.write(_delay, count)
            yield f"{count:,} timers as delayed jobs: {await _best(database, _fetch):.2f} ms to fetch a job"
        for count in DELAYED:
            await database.write(_park, count)
            yield f"{count:,} waiting runs: {await _best(database, _next):.2f} ms to know the next due one"


async def _nothing() -> None:
    """Do nothing."""


def _since(began: float, spent: float) -> tuple[tuple[float, float], ...]:
    return (time.perf_counter(), began), (time.process_time(), spent)


def _delay(tx: Any, count: int) -> None:
    """Have so many jobs that are due tomorrow."""
    tx.execute(text("DELETE FROM procrastinate_jobs"))
    made = "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, scheduled_at)"
    rows = (
        "SELECT 'planner', 'later', 'run-' || n, now() + interval '1 day' FROM generate_series(1, :count) n"
    )
    tx.execute(text(f"{made} {rows}"), {"count": count})
    tx.execute(text("ANALYZE procrastinate_jobs"))


def _park(tx: Any, count: int) -> None:
    """Have so many runs that wait for tomorrow."""
    now = SystemClock().now()
    nobody = {
        "workflow": "timer",
        "version": "1",
        "sha256": "",
        "catalog_revision": "",
        "goal": "",
        "input": "{}",
    }
    same = {"status": "waiting", "mode": "live", "started_by": "bench", "created_at": now, "updated_at": now}
    flags = {"cancel_requested": False, "nudged": False, "steps_done": 0, "epoch": 1}
    tx.execute(text("DELETE FROM runs"))
    due = now + timedelta(days=1)
    rows = [{"id": clock.new_id(), "wake_at": due, **nobody, **same, **flags} for _ in range(count)]
    tx.execute(insert(tables.runs), rows)
    tx.execute(text("ANALYZE runs"))


def _fetch(tx: Any) -> None:
    tx.execute(text("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['planner']::varchar[], NULL)"))


def _next(tx: Any) -> None:
    runs.next_due(tx, SystemClock().now())


async def _best(database: Database, fn: Callable[[Any], None]) -> float:
    """Return the fewest milliseconds of ten."""
    found = []
    for _ in range(10):
        began = time.perf_counter()
        await database.read(fn)
        found.append((time.perf_counter() - began) * 1e3)
    return min(found)


async def _main() -> None:
    with postgres.server() as server:
        made = iter(range(1000))

        def address() -> str:
            name = f"bench_{next(made)}"
            with open_database(server.url) as owner:
                owner.read_sync(
                    lambda tx: tx.execution_options(isolation_level="AUTOCOMMIT").execute(
                        text(f"CREATE DATABASE {name}")
                    )
                )
            return server.url.rpartition("/")[0] + f"/{name}"

        print(table.HEAD)
        async for row in compare(address):
            print(row.text(), flush=True)
        async for line in jobs(address()):
            print(f"* {line}", flush=True)


if __name__ == "__main__":
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    asyncio.run(_main())
