"""The command line of the fault table."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from evals import project, report
from evals.errors import ProjectMissing, SuiteInvalid
from evals.explore import subject
from evals.faults import table
from evals.faults.table import Coverage
from planner.errors import WorkflowUnknown

FAILED, USAGE, NOTHING = 1, 2, 5
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
FolderOption = Annotated[
    Path, typer.Option("--project", metavar="DIR", help="Folder with catalog.yaml; this one unless told")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else")]


def faults(
    targets: TargetsArgument = None,
    *,
    point: PointOption = None,
    folder: FolderOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Put every decision and call under everything that is known to go wrong, and tell what becomes of it."""
    began = time.perf_counter()
    try:
        found = [
            table.cover(subject.of_folder(home, name), point=point)
            for home, name in _wanted(targets or [str(folder)], folder)
        ]
    except (SuiteInvalid, ProjectMissing, WorkflowUnknown) as exc:
        raise _refused(exc.code, str(exc), as_json=as_json) from exc
    _tell(found, time.perf_counter() - began, as_json=as_json)
    totals = table.totals(found)
    if totals["failed"]:
        raise typer.Exit(FAILED)
    if not totals["passed"]:
        sys.stderr.write("evals: no decision and no call was reached, and nothing reached is no success\n")
        raise typer.Exit(NOTHING)


def _wanted(targets: list[str], folder: Path) -> list[tuple[Path, str]]:
    """Return the workflows that are named, with their projects."""
    found: list[tuple[Path, str]] = []
    for target in targets:
        if Path(target).exists():
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
        sys.stdout.write(f"{report.text(told)}\n")
        return
    for each in found:
        sys.stdout.writelines(f"{line}\n" for line in table.lines(each))
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in totals.items())
    sys.stdout.write(f"{sum(totals.values())} cells: {counted} in {seconds:.2f} s\n")


def _refused(code: str, message: str, *, as_json: bool) -> typer.Exit:
    sys.stderr.write(f"evals: {message}\n")
    if as_json:
        told = {"error": {"code": code, "message": message, "problems": []}}
        sys.stdout.write(f"{report.text(told)}\n")
    return typer.Exit(USAGE)
