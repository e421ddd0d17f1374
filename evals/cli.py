"""The command line of evals: `python -m evals`, and the same as `planner eval`."""

import enum
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from evals import baseline, cases, comparing, load, report, selection
from evals.baseline import BaselineInvalid
from evals.errors import EvalError, ProjectMissing, SuiteInvalid
from evals.explore import cli as exploring
from evals.runner import CaseResult, Job, jobs, run_all
from evals.selection import ExpressionWrong, Selection
from planner import settings
from planner.errors import SettingsInvalid
from planner.log.masking import Masking
from tools.problems import Problem

USAGE = 2
"""Exit code of a wrong command line or an invalid file."""

_EXITS = (
    "Exit codes: 0 all passed, 1 some did not, 2 wrong usage or file, 3 the harness broke, 5 nothing to run."
)

_STYLES = {"passed": "green", "failed": "red", "error": "bold red", "expected": "yellow"}

app = typer.Typer(
    name="eval",
    help="Run cases offline: scripted model, services and persons on the real engine.",
    epilog=_EXITS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Engine(enum.StrEnum):
    """What moves a run from step to step."""

    LANGGRAPH = "langgraph"
    DRIVER = "driver"


class Gate(enum.StrEnum):
    """What a comparison must not show."""

    REGRESSION = "regression"
    ANY = "any"
    CRITICAL = "critical"


PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATHS]...", help="Case files and folders; this folder unless told"),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project", metavar="DIR", help="Folder with catalog.yaml; the nearest above each file unless told"
    ),
]
ExpressionOption = Annotated[
    str,
    typer.Option(
        "-k", metavar="EXPR", help="Only cases whose name, title or tags fit, such as 'refund and not late'"
    ),
]
TagOption = Annotated[
    list[str] | None, typer.Option("-t", "--tag", metavar="TAG", help="Only cases with this tag")
]
CaseOption = Annotated[
    list[str] | None, typer.Option("--case", metavar="ID", help="Only the case with this id")
]
EngineOption = Annotated[
    Engine, typer.Option("--engine", help="What moves the runs; production uses langgraph")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else")]


app.command(epilog=exploring.EXITS)(exploring.explore)


@app.callback()
def main() -> None:
    """Run cases offline: scripted model, services and persons on the real engine."""


@app.command(epilog=_EXITS)
def run(
    paths: PathsArgument = None,
    *,
    expression: ExpressionOption = "",
    tag: TagOption = None,
    case: CaseOption = None,
    folder: ProjectOption = None,
    engine: EngineOption = Engine.LANGGRAPH,
    as_json: JsonOption = False,
) -> None:
    """Run cases and tell for each whether it passed, with the first difference."""
    policy = _masking(as_json=as_json)
    wanted = _wanted(paths, folder, Selection(expression, tag or (), case or ()), as_json=as_json)
    results = run_all(wanted, engine=engine.value, told=_silent if as_json else partial(_tell, policy))
    if as_json:
        _print(report.text(report.document(results, policy)))
    elif results:
        _print(report.summary(results))
    if not results and not as_json:
        _complain("no case was found, and nothing found is no success")
    raise typer.Exit(report.exit_code(results))


@app.command(epilog=_EXITS)
def validate(
    paths: PathsArgument = None, *, folder: ProjectOption = None, as_json: JsonOption = False
) -> None:
    """Tell everything that is wrong with case files, without running them."""
    found = _found(paths, as_json=as_json)
    problems: list[Problem] = []
    try:
        load.load(found, folder=folder)
    except SuiteInvalid as exc:
        problems += exc.problems
    except ProjectMissing as exc:
        raise _refused(exc, as_json=as_json) from exc
    if as_json:
        _print(report.text({"problems": [problem.model_dump(mode="json") for problem in problems]}))
    else:
        for problem in problems:
            _print(str(problem))
        _print(f"{len(found)} file{'s' if len(found) != 1 else ''}, {len(problems)} problems")
    if problems:
        raise typer.Exit(USAGE)
    raise typer.Exit(report.PASSED if found else report.NOTHING)


@app.command(epilog=_EXITS)
def compare(
    base: Annotated[Path, typer.Argument(help="Baseline, or results of `eval run --json`")],
    head: Annotated[Path, typer.Argument(help="What it is compared with")],
    *,
    gate: Annotated[Gate, typer.Option("--gate", help="What closes the gate")] = Gate.REGRESSION,
    markdown: Annotated[bool, typer.Option("--markdown", help="For the comment of a pull request")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed between two results, case by case, and close the gate where it must not."""
    try:
        found = comparing.compare(baseline.read(base), baseline.read(head))
    except BaselineInvalid as exc:
        raise _refused(exc, as_json=as_json) from exc
    closed = found.fails(gate.value)
    if as_json:
        _print(report.text({**found.model_dump(mode="json"), "gate": gate.value, "closed": closed}))
    else:
        _print(comparing.markdown(found) if markdown else comparing.text(found))
    raise typer.Exit(report.FAILED if closed else report.PASSED)


@app.command(epilog=_EXITS)
def accept(
    results: Annotated[Path, typer.Argument(help="Results of `eval run --json`")],
    *,
    to: Annotated[Path, typer.Option("--to", help="The baseline's file")] = Path("evals/baseline.json"),
    as_json: JsonOption = False,
) -> None:
    """Write results down as what is accepted; commit the file."""
    try:
        found = baseline.read(results)
    except BaselineInvalid as exc:
        raise _refused(exc, as_json=as_json) from exc
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(baseline.text(found), encoding="utf-8")
    bad = [name for name, kept in found.cases.items() if not kept.is_good]
    if as_json:
        _print(report.text({"file": str(to), "cases": len(found.cases), "failing": sorted(bad)}))
        return
    _print(f"{len(found.cases)} cases are accepted in {to}.")
    if bad:
        _complain(f"{len(bad)} of them fail, and count as known from now on: {', '.join(sorted(bad))}")


@app.command(epilog=_EXITS)
def schema(*, as_json: JsonOption = True) -> None:
    """Print the JSON Schema of case files, for editors."""
    del as_json
    _print(report.text(cases.json_schema()))


def _wanted(paths: list[Path] | None, folder: Path | None, chosen: Selection, *, as_json: bool) -> list[Job]:
    found = _found(paths, as_json=as_json)
    try:
        return selection.select(jobs(load.load(found, folder=folder)), chosen)
    except (SuiteInvalid, ProjectMissing, ExpressionWrong) as exc:
        raise _refused(exc, as_json=as_json) from exc


def _found(paths: list[Path] | None, *, as_json: bool) -> list[Path]:
    try:
        return load.find(paths or [Path()])
    except SuiteInvalid as exc:
        raise _refused(exc, as_json=as_json) from exc


def _masking(*, as_json: bool) -> Masking:
    """Return what reports are masked with: the same as what the planner shows."""
    try:
        return settings.load().masking
    except SettingsInvalid as exc:
        raise _refused(exc, as_json=as_json) from exc


def _refused(error: EvalError | SettingsInvalid, *, as_json: bool) -> typer.Exit:
    """Tell what is wrong with files or options, and return the exit."""
    problems = error.problems if isinstance(error, SuiteInvalid) else ()
    for problem in problems:
        _complain(str(problem))
    if not problems:
        _complain(str(error))
    if as_json:
        told: dict[str, Any] = {"code": error.code, "message": str(error)}
        _print(
            report.text({"error": {**told, "problems": [each.model_dump(mode="json") for each in problems]}})
        )
    return typer.Exit(USAGE)


def _tell(policy: Masking, result: CaseResult) -> None:
    """Print the line of a case, with its status in colour on a terminal."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        _print(report.line(result, policy))
        return
    told = Text(report.line(result, policy))
    told.stylize(_STYLES[result.status], 0, report.LABEL_WIDTH)
    console.print(told)


def _silent(_result: CaseResult) -> None:
    """Tell nothing: the one document comes at the end."""


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"evals: {text}\n")
