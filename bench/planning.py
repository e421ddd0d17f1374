"""Planning: retrieval, composition, mutants, and the time of a plan without a model; ends with one JSON line.

`make bench-planning`. Goals and their gold operations are RestBench's (TMDB), compositions those of the Web
Service Challenge 2008; both are read from `../shared/real` beside the checkout. Mutants are those of the
example workflows; right workflows and plans composed from the shop that raise anything count as false alarms.
"""

import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from bench import challenge, mutants, operators
from planner import documents
from planner.planning import composition, drafts, manifest, vectors
from planner.planning.frame import Frame
from planner.planning.retrieval import Index
from planner.planning.vectors import Vectors
from tools import catalog
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "real"
SHOP = Path(__file__).resolve().parents[1] / "examples" / "shop" / "catalog.yaml"
MANY, SOME = 22_000, 500
DIMENSIONS = 1536
REPEATS = 5
Figures = dict[str, Any]


def main() -> int:
    """Measure, print a table, and end with one JSON line."""
    if not REAL.is_dir():
        sys.stderr.write(f"{REAL} is not there, so nothing can be measured\n")
        return 1
    figures = {**retrieval(), **near(), **composed(), **mutated(), **planned()}
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(json.dumps(figures))
    return 0


def retrieval() -> Figures:
    """Return the share of goals with all gold operations among the first twenty, and an index's cost."""
    tmdb = loaded(REAL / "restbench" / "tmdb_oas.json")
    names = {(item.binding.method, item.binding.path): name for name, item in over_http(tmdb)}
    goals = json.loads((REAL / "restbench" / "tmdb_goals.json").read_text(encoding="utf-8"))
    index = Index(tmdb.operations)
    hits = 0
    for goal in goals:
        gold = {names.get(tuple(step.split())) for step in goal["solution"]}
        hits += gold <= {found.operation for found in index.search(goal["query"])}
    many = copies(tmdb, MANY)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    large = Index(many)
    seconds = time.perf_counter() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {
        "retrieval_top20": round(hits / len(goals), 3),
        "goals": len(goals),
        "index_operations": len(many),
        "index_seconds": round(seconds, 2),
        "index_mb": round(grown),
        "query_ms": round(_median_of_all(large, [goal["query"] for goal in goals]) * 1000, 2),
    }


def near() -> Figures:
    """Return what comparing a goal's vector with those of many operations costs; the vectors are made up."""
    dice = random.Random(1)  # noqa: S311 - the same each time
    noise = [dice.gauss(0, 1) for _ in range(DIMENSIONS + MANY)]
    made = ((f"o{place}", vectors.direction(noise[place : place + DIMENSIONS])) for place in range(MANY))
    kept = {name: each for name, each in made if each is not None}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    large = Vectors(kept)
    seconds = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    wanted = kept["o0"]
    return {
        "vectors": f"{len(large)} x {DIMENSIONS}",
        "vectors_seconds": round(seconds, 2),
        "vectors_mb": round(grown + sum(map(len, kept.values())) / 2**20),
        "nearest_ms": round(_median(lambda: large.nearest(wanted, most=100), time.process_time) * 1000, 1),
    }


def composed() -> Figures:
    """Return the depth and steps of each composition of the challenge, and the longest time of one."""
    sizes, times = [], []
    for folder in sorted((REAL / "wsc2008").glob("[0-9]*")):
        task = challenge.load(folder)
        began = time.perf_counter()
        found = composition.compose(task.producers, task.have, task.want, kinds=task.kinds)
        times.append(time.perf_counter() - began)
        best = found.alternatives[0]
        sizes.append(f"{len(best.layers)}/{best.steps}")
    return {"composed": sizes, "composition_seconds": round(max(times), 3)}


def planned() -> Figures:
    """Return how long it takes to compose, check and weigh a plan among five hundred operations.

    Neither a model nor simulation is part of it.
    """
    shop = catalog.load(SHOP)
    operations = {**copies(shop, SOME - len(shop.operations)), **shop.operations}
    large = Catalog(operations, shop.services)
    frame = Frame(goal="g", want=("payments.refund", "notifications.send"), have={"order_id": "o-1"})
    began = time.perf_counter()
    _plan(frame, large)
    first = time.perf_counter() - began
    again = _median(lambda: _plan(frame, large))
    return {"plan_first_ms": round(first * 1000), "plan_ms": round(again * 1000)}


def _plan(frame: Frame, large: Catalog) -> None:
    """Compose the cheapest way, check it, and write its manifest."""
    draft = next(drafts.composed(frame, large, name="plan-1"))
    parsed = documents.check(orjson.dumps(draft.definition).decode(), catalog=large)
    if parsed.workflow is None or parsed.problems:
        raise SystemExit(f"the plan is wrong: {[str(problem) for problem in parsed.problems]}")
    manifest.manifest(parsed.workflow, large, {}, asked=frame.want)


def mutated() -> Figures:
    """Return how many mutants of the example workflows are found, and what right workflows raise."""
    with TemporaryDirectory() as folder:
        subjects = list(mutants.subjects(Path(folder)))
    found = mutants.together(mutants.score(each, operators.mutants(each)) for each in subjects)
    right = [mutants.raised(each.document, each.catalog, each.workflows) for each in subjects]
    right += [raised for _, raised in mutants.composed()]
    return {
        "mutants": found.total,
        "killed": found.killed,
        "spared": found.spared,
        "right_workflows": len(right),
        "false_alarms": sum(map(bool, right)),
    }


def _median_of_all(index: Index, goals: list[str]) -> float:
    """Return the processor time of a search in seconds, the median over the goals."""
    return statistics.median(_median(partial(index.search, goal), time.process_time) for goal in goals)


def _median(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    times = []
    for _ in range(REPEATS):
        began = clock()
        work()
        times.append(clock() - began)
    return statistics.median(times)


def loaded(document: Path) -> Catalog:
    """Return a catalogue of one service with this OpenAPI document."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.yaml"
        entry = {"services": {"tmdb": {"openapi": str(document), "base_url": "http://127.0.0.1:1"}}}
        path.write_bytes(orjson.dumps(entry))
        return catalog.load(path)


def over_http(found: Catalog) -> Iterator[tuple[str, Any]]:
    """Yield the operations that are called over HTTP, with their names."""
    for name, item in found.operations.items():
        if isinstance(item.binding, HttpBinding):
            yield name, item


def copies(found: Catalog, count: int) -> dict[str, Operation]:
    """Return that many operations: the catalogue's own, again and again, each time of another service."""
    operations = list(found.operations.values())
    made: dict[str, Operation] = {}
    for number in range(count):
        item = operations[number % len(operations)]
        service = f"{item.service}{number // len(operations)}"
        name = f"{service}.{item.name.partition('.')[2]}"
        made[name] = item.model_copy(update={"name": name, "service": service})
    return made


if __name__ == "__main__":
    sys.exit(main())
