"""Measure the engine against its peers: `python -m bench` prints a table and writes it as JSON."""

import argparse
import asyncio
import logging
import os
import platform
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

from api.server import spare_collector
from bench import engine, peers, resuming, serving, staggered, table, waiting, workers, workloads
from bench.table import Row
from planner import postgres

W, W1, WG = workloads.straight("w"), workloads.straight("w1", 1), workloads.growing()
SAVER = "LangGraph, AsyncSqliteSaver FULL, sync"
Figure = Callable[[], Awaitable[float]]


class Plan(NamedTuple):
    """How much is measured."""

    repeats: int
    concurrent: int
    dbos: int
    """Concurrent runs on DBOS, which takes seconds for each."""
    waiting: int
    entries: int
    seconds: float
    """Time under load of each HTTP measure."""


FULL = Plan(repeats=5, concurrent=100, dbos=50, waiting=10_000, entries=10_000, seconds=4.0)
QUICK = Plan(repeats=3, concurrent=100, dbos=20, waiting=2_000, entries=2_000, seconds=2.0)


class Places:
    """Addresses of databases that do not exist yet."""

    def __init__(self, folder: Path, server: postgres.Server | None) -> None:
        self.folder, self._server = folder, server
        self._made = 0

    def sqlite(self) -> str:
        """Return the address of a file."""
        self._made += 1
        return f"sqlite:///{self.folder}/{self._made}.db"

    def postgres(self) -> str:
        """Return the address of a database of the server."""
        self._made += 1
        if self._server is None:
            raise RuntimeError("no PostgreSQL server is installed")
        name = f"bench_{self._made}"
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return self._server.url.rpartition("/")[0] + f"/{name}"


async def in_turn(repeats: int, ours: Figure, theirs: Figure) -> list[table.Pair]:
    """Return figures of both, taken in turn."""
    return [(await ours(), await theirs()) for _ in range(repeats)]


async def straight(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure W on SQLite."""
    many = plan.concurrent
    name = f"W, {many} at once, SQLite FULL"

    def ours() -> Awaitable[float]:
        return engine.steps_per_second(at.sqlite(), many, W)

    pairs = await in_turn(plan.repeats, ours, lambda: peers.sqlite_saver(many, at.folder))
    yield table.row(name, "steps/s", pairs, peer=SAVER, sense=">=", target=12)
    pairs = await in_turn(plan.repeats, ours, lambda: peers.langgraph(many))
    yield table.row(name, "steps/s", pairs, peer="LangGraph without checkpointer", sense=">=", target=1.5)
    for effect in ("read", "idempotent"):
        rates = await in_turn(
            plan.repeats,
            partial(engine.steps_per_second, at.sqlite(), 1, W, effect=effect),
            lambda: peers.sqlite_saver(1, at.folder),
        )
        pairs = [(1e6 / mine, 1e6 / (other or 1)) for mine, other in rates]
        alone = f"W alone, calls of class {effect}, SQLite FULL"
        target = 0.25 if effect == "read" else None
        yield table.row(alone, "us/step", pairs, peer=SAVER, sense="<=", target=target)


async def on_postgres(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure W on PostgreSQL."""
    many = plan.concurrent
    pairs = await in_turn(
        plan.repeats,
        lambda: engine.steps_per_second(at.postgres(), many, W),
        lambda: peers.postgres_saver(many, at.postgres()),
    )
    peer = "LangGraph, AsyncPostgresSaver, sync"
    yield table.row(f"W, {many} at once, PostgreSQL", "steps/s", pairs, peer=peer, sense=">=", target=10)


async def scaled(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure more worker processes on the same database server."""
    folder, one = at.folder / "workers", list[float]()
    for count in (1, 2, 4):
        rates = [await workers.rate(folder, at.postgres(), count, W) for _ in range(plan.repeats)]
        one = one or rates
        pairs: list[table.Pair] = list(zip(rates, one, strict=True))
        name = f"W, {workers.COUNT} runs, PostgreSQL, workers: {count}"
        target = 1.0 if count > 1 else None
        yield table.row(name, "steps/s", pairs, peer="1 worker", sense=">=", target=target)


async def dbos(plan: Plan, database: str, place: Callable[[], str]) -> AsyncIterator[Row]:
    """Measure W and WG against DBOS on the same kind of database."""
    async with peers.Dbos(place()) as peer:
        pairs = await in_turn(
            plan.repeats,
            lambda: engine.steps_per_second(place(), plan.dbos, W),
            lambda: peer.rate(plan.dbos),
        )
        name = f"W, {plan.dbos} at once, {database}"
        yield table.row(name, "steps/s", pairs, peer="DBOS", sense=">=", target=10)
        pairs = await in_turn(
            plan.repeats,
            lambda: engine.steps_per_second(place(), 1, WG),
            lambda: peer.growing(len(WG.steps)),
        )
        yield table.row(f"WG, {database}", "steps/s", pairs, peer="DBOS", sense=">=", target=10)


async def growing(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure how a run grows."""
    slower: list[table.Pair] = []
    stored: list[table.Pair] = []
    for _ in range(plan.repeats):
        grown = await engine.growth(at.sqlite(), WG)
        slower.append((grown.late_ms, grown.early_ms))
        new = workloads.GROWING_STEPS * workloads.GROWING_BYTES
        stored.append((grown.bytes, new))
    yield table.row("WG, a step about 200", "ms", slower, peer="a step about 10", sense="<=", target=1.3)
    yield table.row("WG, stored", "bytes", stored, peer="its new data", sense="<=", target=4)


async def memory(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure what waiting runs hold."""
    extra = await waiting.extra_megabytes(at.sqlite(), plan.waiting)
    name = f"{plan.waiting:,} waiting runs, extra resident memory"
    yield table.row(name, "MB", [(extra, None)], sense="<=", target=10)


async def resumed(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure resuming."""
    pairs = [await resuming.seconds(at.sqlite(), plan.entries) for _ in range(plan.repeats)]
    name = f"resume of a run with {plan.entries:,} entries"
    yield table.row(name, "s", pairs, peer="its first execution", sense="<=", target=0.05)


async def http(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure the server, with a client in a process of its own."""
    w1: list[table.Pair] = []
    w: list[table.Pair] = []
    alone: list[table.Pair] = []
    with ExitStack() as stack:
        ours = stack.enter_context(serving.planner(at.folder / "project", W, W1))
        echo = stack.enter_context(serving.echoing())
        for _ in range(plan.repeats):
            theirs = serving.load(echo, "w1", connections=50, seconds=plan.seconds)
            w1.append(
                (serving.load(ours, "w1", connections=50, seconds=plan.seconds)["rate"], theirs["rate"])
            )
            w.append((serving.load(ours, "w", connections=50, seconds=plan.seconds)["rate"], None))
            alone.append((serving.load(ours, "w", connections=1, seconds=plan.seconds)["p50_ms"], None))
    echoing = "FastAPI echo, same server"
    yield table.row("POST /v1/runs, wait, W1, 50 clients", "req/s", w1, peer=echoing, sense=">=", target=0.12)
    yield table.row("POST /v1/runs, wait, W, 50 clients", "runs/s", w, sense=">=", target=150)
    yield table.row("POST /v1/runs, wait, W, 1 client, p50", "ms", alone, sense="<=", target=25)


async def out_of_step(plan: Plan, at: Places) -> AsyncIterator[Row]:
    """Measure runs that do not move in lockstep."""
    seen = [await staggered.figures(at.sqlite(), plan.concurrent) for _ in range(plan.repeats)]
    rates: list[table.Pair] = [(each.rate, each.ideal) for each in seen]
    name = f"W of 10 ms steps, {plan.concurrent} staggered"
    yield table.row(name, "steps/s", rates, peer="the calls alone")
    yield table.row(f"{name}: rows per commit", "rows", [(each.rows_per_commit, None) for each in seen])
    yield table.row(f"{name}: append p50", "ms", [(each.append_p50_ms, None) for each in seen])
    yield table.row(f"{name}: append p99", "ms", [(each.append_p99_ms, None) for each in seen])


def measured(plan: Plan, at: Places, *, has_server: bool) -> list[Row]:
    """Take every measure, and print each row once it is known."""
    parts: list[AsyncIterator[Row]] = [
        straight(plan, at),
        growing(plan, at),
        memory(plan, at),
        resumed(plan, at),
        http(plan, at),
        out_of_step(plan, at),
        dbos(plan, "SQLite", at.sqlite),
    ]
    if has_server:
        parts += [on_postgres(plan, at), scaled(plan, at), dbos(plan, "PostgreSQL", at.postgres)]
    print(table.HEAD)
    # Each has an event loop of its own: a peer that ends takes the threads of its loop with it.
    return [row for part in parts for row in asyncio.run(_printed(part))]


async def _printed(part: AsyncIterator[Row]) -> list[Row]:
    rows = []
    async for row in part:
        print(row.text(), flush=True)
        rows.append(row)
    return rows


def main(plan: Plan, file: Path) -> None:
    """Measure, print and write."""
    logging.disable(logging.WARNING)  # the table stands alone
    spare_collector()  # as our server does; the peers in this process have it too
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        server = None if postgres.binaries() is None else stack.enter_context(postgres.server())
        if server is None:
            print("No PostgreSQL server is installed; its rows are left out.\n")
        rows = measured(plan, Places(folder, server), has_server=server is not None)
    about = {"python": platform.python_version(), "cpus": os.cpu_count(), "plan": plan._asdict()}
    table.write(rows, file, about)
    missed = [each.measure for each in rows if each.met is False]
    print(f"\nWritten to {file}. Missed: {'; '.join(missed) or 'nothing'}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and smaller numbers")
    parser.add_argument("--file", type=Path, default=Path("build/bench.json"))
    told = parser.parse_args()
    main(QUICK if told.quick else FULL, told.file)
