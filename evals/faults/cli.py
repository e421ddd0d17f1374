"""The command line of the fault table."""

import time
from pathlib import Path
from typing import Annotated

import typer

from evals import project, report, terminal
from evals.errors import ProjectMissing, SuiteInvalid
from evals.explore import subject
from evals.faults import table
from evals.faults.table import Coverage
from evals.options import HomeOption, JsonOption
from planner.errors import WorkflowUnknown

EXITS = "Exit codes: 0 all that is reached passed; 1 a cell failed; 2 wrong usage or file; 5 nothing reached."

TargetsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATHS|WORKFLOW]...", help="Workflows, and folders of projects with all theirs; this folder"
    ),
]
PointOption = Annotated[
    str | None, typer.Option("--point", metavar="NAME", help="Only this decision point, step or operation")
]


def faults(
    targets: TargetsArgument = None,
    *,
    point: PointOption = None,
    folder: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Put every decision and call under all that is known to go wrong, and tell what becomes of it."""
    began = time.perf_counter()
    try:
        found = [
            table.cover(subject.of_folder(home, name), point=point)
            for home, name in _wanted(targets or [str(folder)], folder)
        ]
    except (SuiteInvalid, ProjectMissing, WorkflowUnknown) as exc:
        raise terminal.refused(exc, as_json=as_json) from exc
    _tell(found, time.perf_counter() - began, as_json=as_json)
    totals = table.totals(found)
    if totals["failed"]:
        raise typer.Exit(report.FAILED)
    if not totals["passed"]:
        terminal.complain("no decision and no call was reached, and nothing reached is no success")
        raise typer.Exit(report.NOTHING)


def _wanted(targets: list[str], folder: Path) -> list[tuple[Path, str]]:
    """Return the workflows that are named, with their projects."""
    found: list[tuple[Path, str]] = []
    known = project.load(folder).workflows if (folder / project.CATALOG).is_file() else {}
    for target in targets:
        if target not in known and Path(target).exists():
            home = project.nearest(Path(target))
            found += [(home, name) for name in sorted(project.load(home).workflows)]
        else:
            found.append((folder, target))
    return found


def _tell(found: list[Coverage], seconds: float, *, as_json: bool) -> None:
    totals = table.totals(found)
    if as_json:
        told = {
            "schema": "evals-faults/1",
            "workflows": [each.model_dump(mode="json") for each in found],
            "totals": totals,
            "seconds": round(seconds, 2),
        }
        terminal.say(report.text(told))
        return
    for each in found:
        terminal.say("\n".join(table.lines(each)))
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in totals.items())
    terminal.say(f"{sum(totals.values())} cells: {counted} in {seconds:.2f} s")
