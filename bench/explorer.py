"""The explorer: paths, states and transitions per second for checkout and a workflow of twenty steps.

Run it with `python -m bench.explorer [--faults N] [--jobs N]`; it prints a table and one JSON line.
"""

import argparse
import json
import os
import resource
from pathlib import Path
from typing import Any

import yaml

from evals.explore import exploration, shards
from evals.explore.scenarios import Scenario
from evals.explore.search import Bounds
from evals.explore.subject import Subject, of_folder
from graphs import blocks
from planner.definition import Workflow
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import FunctionBinding, Operation, Undo

SHOP = Path(__file__).resolve().parents[1] / "examples" / "shop"
THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def operation(name: str, effect: str, undo: str | None = None) -> Operation:
    return Operation(
        name=f"shop.{name}",
        service="shop",
        effect=effect,
        output=THING,
        undo=None if undo is None else Undo(call=f"shop.{undo}", with_={"id": "${output.id}"}),
        binding=FunctionBinding(target="nowhere:nothing"),
    )


OPERATIONS = (
    operation("look", "read"),
    operation("hold", "keyed", "release"),
    operation("release", "idempotent"),
    operation("write", "write", "release"),
)


def twenty() -> Subject:
    """A saga of twenty steps: every other one reads, the others hold or write, and two are decided."""
    steps: dict[str, Any] = {}
    for n in range(1, 19):
        name = "look" if n % 2 else ("write" if n % 6 == 0 else "hold")
        steps[f"s{n}"] = {"call": f"shop.{name}", "with": {"n": n}, "recover": {"by": "rule"}}
    choose = {"options": {"go": {}, "on": {}}, "otherwise": "on"}
    steps["model"] = {"decide": "Go on?", **choose}
    steps["person"] = {"decide": "Go on?", "by": "person", "within": "P1D", **choose}
    workflow = Workflow.model_validate({"workflow": "twenty", "steps": steps})
    catalog = Catalog({each.name: each for each in OPERATIONS}, {"shop": Service(name="shop")})
    programs = {"twenty": blocks.program(workflow)}
    return Subject(workflow, programs, catalog, catalog, (Scenario("sample", {}, {}, {}),))


def cpu_seconds() -> float:
    """Return what this process and those that it began have computed."""
    return sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measure(subject: Subject, faults: int, jobs: int) -> dict[str, Any]:
    before = cpu_seconds()
    search = shards.search(subject, Bounds(faults=faults), jobs=jobs)
    cpu = cpu_seconds() - before
    told = exploration.exploration(search)
    return {
        "workflow": told.workflow,
        "status": told.status,
        "faults": faults,
        "jobs": jobs,
        "violations": len(told.violations),
        "paths": told.paths,
        "states": told.states,
        "transitions": told.transitions,
        "seconds": told.seconds,
        "cpu_seconds": round(cpu, 2),
        "transitions_per_second": round(told.transitions / told.seconds),
        "states_per_second": round(told.states / told.seconds),
        "paths_per_second": round(told.paths / told.seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    told = parser.parse_args()
    found = [measure(each, told.faults, told.jobs) for each in (of_folder(SHOP, "checkout"), twenty())]
    print(yaml.safe_dump(found, sort_keys=False))
    print(json.dumps({"explorer": found}))


if __name__ == "__main__":
    main()
