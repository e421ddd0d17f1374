"""Peers: what others do with the same workloads, each as its own documentation says."""

import asyncio
import operator
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, TypedDict

import aiosqlite
from dbos import DBOS
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from bench import workloads
from bench.workloads import STEPS

Step = Callable[[Any], Awaitable[dict[str, Any]]]


class State(TypedDict):
    """What W carries."""

    n: int
    text: str


class Growing(TypedDict):
    """What WG carries."""

    items: Annotated[list[str], operator.add]


class Peer(NamedTuple):
    """A compiled graph and how it is called."""

    graph: Any
    is_durable: bool

    async def run(self, given: Any, thread: str) -> Any:
        """Run it once."""
        if not self.is_durable:
            return await self.graph.ainvoke(given, {"recursion_limit": 1000})
        config = {"configurable": {"thread_id": thread}, "recursion_limit": 1000}
        return await self.graph.ainvoke(given, config, durability="sync")

    async def rate(self, concurrent: int) -> float:
        """Return steps per second of so many runs of W at once."""
        given = {"n": 0, **workloads.INPUT}
        await self.run(given, "warm")
        began = time.perf_counter()
        await asyncio.gather(*(self.run(given, f"t{n}") for n in range(concurrent)))
        return concurrent * STEPS / (time.perf_counter() - began)


async def langgraph(concurrent: int) -> float:
    """Return steps per second of W on LangGraph that keeps nothing."""
    return await Peer(_straight(None), is_durable=False).rate(concurrent)


async def sqlite_saver(concurrent: int, folder: Path) -> float:
    """Return steps per second of W on LangGraph with AsyncSqliteSaver, each step on disk."""
    async with _sqlite(folder) as saver:
        return await Peer(_straight(saver), is_durable=True).rate(concurrent)


async def postgres_saver(concurrent: int, url: str) -> float:
    """Return steps per second of W on LangGraph with AsyncPostgresSaver."""
    async with AsyncPostgresSaver.from_conn_string(url) as saver:
        await saver.setup()
        return await Peer(_straight(saver), is_durable=True).rate(concurrent)


async def sqlite_saver_bytes(folder: Path, steps: int) -> int:
    """Return how large the database of AsyncSqliteSaver is after one run of WG."""
    async with _sqlite(folder) as saver:
        await Peer(_growing(saver, steps), is_durable=True).run({"items": []}, "wg")
        await saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "peer.db").stat().st_size


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[AsyncSqliteSaver]:
    (folder / "peer.db").unlink(missing_ok=True)
    async with aiosqlite.connect(folder / "peer.db") as connection:
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        await connection.execute("PRAGMA synchronous=FULL")
        yield saver


def _straight(saver: Any) -> Any:
    return _line(StateGraph(State), [_step(n) for n in range(STEPS)]).compile(checkpointer=saver)


def _growing(saver: Any, steps: int) -> Any:
    return _line(StateGraph(Growing), [_grow(n) for n in range(steps)]).compile(checkpointer=saver)


def _line(built: Any, steps: list[Step]) -> Any:
    names = [f"s{n}" for n in range(len(steps))]
    for name, step in zip(names, steps, strict=True):
        built.add_node(name, step)
    for one, following in zip([START, *names], [*names, END], strict=True):
        built.add_edge(one, following)
    return built


def _step(n: int) -> Step:
    async def step(state: State) -> dict[str, Any]:
        return await workloads.nothing(n, state["text"])

    return step


def _grow(n: int) -> Step:
    async def step(_state: Growing) -> dict[str, Any]:
        return {"items": [(await workloads.grow(n))["item"]]}

    return step


@DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]
async def _dbos_nothing(n: int, text: str) -> dict[str, Any]:
    return await workloads.nothing(n, text)


@DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]
async def _dbos_grow(n: int) -> dict[str, Any]:
    return await workloads.grow(n)


@DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]
async def _dbos_w(text: str) -> int:
    for n in range(STEPS):
        text = (await _dbos_nothing(n, text))["text"]
    return STEPS


@DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]
async def _dbos_wg(steps: int) -> int:
    return len([(await _dbos_grow(n))["item"] for n in range(steps)])


class Dbos:
    """DBOS on a database, from its launch to its end."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        DBOS(
            config={
                "name": "bench",
                "system_database_url": self._url,
                "log_level": "ERROR",
            }
        )
        DBOS.launch()
        await _dbos_w(workloads.INPUT["text"])
        return self

    async def __aexit__(self, *_raised: object) -> None:
        DBOS.destroy()

    async def rate(self, concurrent: int) -> float:
        """Return steps per second of so many runs of W at once."""
        began = time.perf_counter()
        await asyncio.gather(*(_dbos_w(workloads.INPUT["text"]) for _ in range(concurrent)))
        return concurrent * STEPS / (time.perf_counter() - began)

    async def growing(self, steps: int) -> float:
        """Return steps per second of one run of WG."""
        began = time.perf_counter()
        await _dbos_wg(steps)
        return steps / (time.perf_counter() - began)
