"""Cases: 300 of five decisions each, through the command that CI runs; ends with one JSON line.

Run it with `python -m bench.cases [--jobs N] [--repeats N]`. Every case goes through the real engine, the
adapter of the model and the way to the services, and its journal is run once more at its end.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import orjson

CASES, DECISIONS = 300, 5
THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
ORDER = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}
OPTIONS = ("go", "on", "stay")


class Took(NamedTuple):
    """What one run of all cases took."""

    seconds: float
    cpu_seconds: float
    """Of all its processes."""


def main() -> int:
    """Measure, print a line for each repeat, and end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-cases-") as folder:
        write(Path(folder))
        took = [run(Path(folder), jobs=told.jobs) for _ in range(told.repeats)]
    for each in took:
        print(f"{each.seconds:.2f} s, {each.cpu_seconds:.2f} CPU s, {CASES / each.seconds:.0f} cases/s")
    figures = {
        "cases": CASES,
        "decisions": DECISIONS,
        "jobs": told.jobs,
        "seconds": [round(each.seconds, 2) for each in took],
        "cpu_seconds": [round(each.cpu_seconds, 2) for each in took],
        "cases_per_second": round(CASES / statistics.median(each.seconds for each in took), 1),
    }
    print(json.dumps(figures))
    return 0


def run(folder: Path, *, jobs: int) -> Took:
    """Return what the cases of a folder take, process start included; all of them must pass."""
    before, began = used(), time.perf_counter()
    command = [sys.executable, "-m", "evals", "run", str(folder), "-j", str(jobs), "--json"]
    ran = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own program
    seconds = time.perf_counter() - began
    totals = orjson.loads(ran.stdout)["totals"]
    if (totals["passed"], totals["decisions"]) != (CASES, CASES * DECISIONS):
        raise RuntimeError(f"not every case passed with all its decisions: {totals}")
    return Took(seconds, used() - before)


def used() -> float:
    """Return the CPU seconds of the processes that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def write(folder: Path) -> None:
    """Write a project of one workflow and its cases."""
    (folder / "workflows").mkdir()
    for name, content in {
        "shop.json": document(),
        "catalog.yaml": catalog(),
        "workflows/five.json": workflow(),
        "five.eval.json": suite(),
    }.items():
        (folder / name).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def document() -> dict[str, Any]:
    """Return the OpenAPI document of a service with one operation that reads and one that writes."""
    body = {"required": True, "content": {"application/json": {"schema": ORDER}}}
    answer = {"200": {"description": "", "content": {"application/json": {"schema": THING}}}}
    paths = {
        f"/{name}": {"post": {"operationId": name, "requestBody": body, "responses": answer}}
        for name in ("look", "hold")
    }
    return {"openapi": "3.1.0", "info": {"title": "shop", "version": "1"}, "paths": paths}


def catalog() -> dict[str, Any]:
    """Return the catalogue."""
    service = {
        "openapi": "shop.json",
        "base_url": "http://127.0.0.1:9",
        "operations": {"look": {"effect": "read"}, "hold": {"effect": "keyed"}},
    }
    return {"services": {"shop": service}}


def workflow() -> dict[str, Any]:
    """Return a workflow of five decisions between two calls."""
    told = {"order": "${input.order}"}
    steps: dict[str, Any] = {"look": {"call": "shop.look", "with": told}}
    for number in range(1, DECISIONS + 1):
        steps[f"d{number}"] = {
            "decide": f"Which way at the crossing {number}?",
            "given": {"order": "${input.order}", "id": "${look.id}", "number": number},
            "options": {name: {"means": f"Way {name}."} for name in OPTIONS},
            "otherwise": "stay",
            "min_confidence": 0.5,
        }
    steps["hold"] = {"call": "shop.hold", "with": told}
    chosen = {f"d{number}": f"${{d{number}.choice}}" for number in range(1, DECISIONS + 1)}
    return {"workflow": "five", "input": ORDER, "steps": steps, "output": chosen}


def suite() -> dict[str, Any]:
    """Return the cases, each with answers and expectations of its own."""
    return {"schema": "evals/1", "suite": "five", "workflow": "five", "cases": [*map(case, range(CASES))]}


def case(number: int) -> dict[str, Any]:
    """Return one case."""
    chosen = {f"d{place}": OPTIONS[(number + place) % len(OPTIONS)] for place in range(1, DECISIONS + 1)}
    services = {f"shop.{name}": {"return": {"id": f"{name}-{number}"}} for name in ("look", "hold")}
    return {
        "id": f"case-{number}",
        "input": {"order": f"o-{number}"},
        "model": chosen,
        "services": services,
        "expect": {
            "status": "succeeded",
            "output": chosen,
            "decisions": chosen,
            "calls": {"shop.hold": {"exactly": 1, "applied": 1}},
            "invariants": "default",
        },
    }


if __name__ == "__main__":
    raise SystemExit(main())
