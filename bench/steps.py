"""Steps per second: ours on SQLite with FULL synchronisation, against LangGraph that keeps nothing.

Run it with `python -m bench.steps`; it prints one row a measure with the ratio to the peer of the same run.
Workload W: 20 calls to an in-process function that does nothing, with about 600 bytes of state.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from graphs.parts import Parts
from planner import clock
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.model import NoModel
from planner.store import migrate, runs, workflows
from planner.store.database import open_database
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import FunctionBinding, Operation
from tools.services import Services

STEPS, BYTES = 20, 600


async def nothing(n: int, text: str) -> dict[str, Any]:
    """Answer at once."""
    return {"n": n, "text": text}


def workload() -> Workflow:
    """Return W: a straight line of calls, each fed by the one before."""
    steps: dict[str, Any] = {"s0": {"call": "bench.nothing", "with": {"n": 0, "text": "${input.text}"}}}
    for n in range(1, STEPS):
        steps[f"s{n}"] = {"call": "bench.nothing", "with": {"n": n, "text": f"${{s{n - 1}.text}}"}}
    return Workflow.model_validate(
        {"workflow": "w", "version": "1.0.0", "steps": steps, "output": {"n": f"${{s{STEPS - 1}.n}}"}}
    )


def catalog() -> Catalog:
    """Return the one operation."""
    operation = Operation(
        name="bench.nothing",
        service="bench",
        effect="idempotent",
        effect_source="declared",
        input={
            "type": "object",
            "properties": {"n": {"type": "integer"}, "text": {"type": "string"}},
            "required": ["n", "text"],
            "additionalProperties": False,
        },
        binding=FunctionBinding(target="bench.steps:nothing"),
    )
    return Catalog({operation.name: operation}, {"bench": Service(name="bench", max_concurrency=1000)})


async def ours(concurrent: int, folder: Path) -> float:
    """Return steps per second of this planner, every step durable."""
    database = open_database(f"sqlite:///{folder}/{clock.new_id()}.db")
    migrate.upgrade(database)
    known = catalog()
    database.write_sync(workflows.register, workload(), source="", now=SystemClock().now())
    async with Services(known, secret=lambda _name: None) as services:
        parts = Parts(database, known, services, NoModel(), SystemClock(), clock.new_id, "bench")
        dispatcher = Dispatcher(parts)
        await dispatcher.start()
        request = RunRequest(workflow="w", input={"text": "x" * BYTES})
        await _one(request, parts, dispatcher)
        began = time.perf_counter()
        await asyncio.gather(*(_one(request, parts, dispatcher) for _ in range(concurrent)))
        seconds = time.perf_counter() - began
        await dispatcher.stop()
    database.close()
    return concurrent * STEPS / seconds


async def _one(request: RunRequest, parts: Parts, dispatcher: Dispatcher) -> None:
    run = (await begin(request, parts, dispatcher, started_by="bench")).run
    while not (await parts.database.read(runs.get, run.id)).ended:
        await dispatcher.signals.wait(run.id, 1.0, until_stopped=True)


class State(TypedDict):
    """What the peer carries."""

    n: int
    text: str


async def peer(concurrent: int, _folder: Path) -> float:
    """Return steps per second of LangGraph without a checkpointer: nothing is durable."""
    built = StateGraph(State)
    for n in range(STEPS):
        built.add_node(f"s{n}", _peer_step(n))
    built.add_edge(START, "s0")
    for n in range(1, STEPS):
        built.add_edge(f"s{n - 1}", f"s{n}")
    built.add_edge(f"s{STEPS - 1}", END)
    graph = built.compile()
    given: State = {"n": 0, "text": "x" * BYTES}
    await graph.ainvoke(given)
    began = time.perf_counter()
    await asyncio.gather(*(graph.ainvoke(given) for _ in range(concurrent)))
    return concurrent * STEPS / (time.perf_counter() - began)


def _peer_step(n: int) -> Callable[[State], Awaitable[dict[str, Any]]]:
    async def step(state: State) -> dict[str, Any]:
        return await nothing(n, state["text"])

    return step


async def measure(concurrent: int, repeats: int) -> str:
    """Return one row: both rates and their ratio, as min, median and max."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = [
            (await ours(concurrent, Path(folder)), await peer(concurrent, Path(folder)))
            for _ in range(repeats)
        ]
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
    return f"| W, {concurrent} at once | {mine:,.0f} | {theirs:,.0f} | {spread} |"


async def main(repeats: int) -> None:
    """Print the rows."""
    print("| measure | ours, steps/s | LangGraph without checkpointer, steps/s | ratio min / median / max |")
    print("|---|---|---|---|")
    for concurrent in (1, 100):
        print(await measure(concurrent, repeats), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    asyncio.run(main(parser.parse_args().repeats))
