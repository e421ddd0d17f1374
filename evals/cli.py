"""Try workflows offline: cases, faults, every path explored; also `python -m evals`."""

import enum
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from evals import (
    baseline,
    cases,
    comparing,
    load,
    measures,
    memory,
    outputs,
    playing,
    provenance,
    reading,
    report,
    selection,
    terminal,
    trials,
)
from evals.baseline import BaselineInvalid
from evals.comparing import FailOn
from evals.errors import LiveRefused, ProjectMissing, SuiteInvalid
from evals.explore import cli as exploring
from evals.faults import cli as faults
from evals.figures import Metric
from evals.live import Cap, Endpoint
from evals.mock import cli as mocking
from evals.options import (
    CaseOption,
    ExpressionOption,
    JsonOption,
    OutputOption,
    PathsArgument,
    ProjectOption,
    TagOption,
)
from evals.recorded import cli as recorded
from evals.runner import Job, jobs
from evals.selection import Selection
from evals.trials import Plan
from planner import settings
from planner.clock import SystemClock, new_id
from tools.problems import Problem

_EXITS = (
    "Exit codes: 0 all passed, 1 some did not, 2 wrong usage or file, 3 the harness broke, 5 nothing to run."
)

_STYLES = {
    "passed": "green",
    "failed": "red",
    "error": "bold red",
    "expected": "yellow",
    "pending": "yellow",
    "unscripted": "yellow",
}

Told = Callable[[Mapping[str, Any]], None]

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


EngineOption = Annotated[
    Engine, typer.Option("--engine", help="What moves the runs; production uses langgraph")
]
LiveOption = Annotated[
    bool, typer.Option("--live", help="Ask the configured model; services and persons stay scripted")
]
RepeatOption = Annotated[int, typer.Option("--repeat", min=1, metavar="K", help="Play every case K times")]
PermuteOption = Annotated[
    bool, typer.Option("--permute-options", help="Turn the options round by one place with every repeat")
]
TokensOption = Annotated[
    int | None, typer.Option("--max-tokens", min=1, metavar="N", help="With --live: tokens that it may cost")
]
CostOption = Annotated[
    float | None,
    typer.Option("--max-cost", min=0, metavar="X", help="With --live: US dollars that it may cost"),
]
RiskOption = Annotated[
    float,
    typer.Option(
        "--risk",
        min=0,
        max=1,
        metavar="X",
        help="Share of accepted choices that may be wrong, for thresholds",
    ),
]
ProcessesOption = Annotated[
    int, typer.Option("-j", metavar="N", min=1, help="Processes that run cases at once")
]
LastFailedOption = Annotated[
    bool, typer.Option("--last-failed", help="Only cases that failed when they last ran; all where none did")
]


app.command(epilog=exploring.EXITS)(exploring.explore)
app.command(epilog=_EXITS)(reading.score)
app.command(epilog=_EXITS)(reading.coverage)
app.command("report", epilog=_EXITS)(reading.report_)
app.command(epilog=faults.EXITS)(faults.faults)
app.command("serve-mock", epilog=mocking.EXITS)(mocking.serve_mock)
app.command("import", epilog=recorded.EXITS)(recorded.import_)
app.command(epilog=recorded.EXITS)(recorded.replay)
app.command("verify-log", epilog=recorded.EXITS)(recorded.verify_log)


@app.callback()
def main() -> None:
    """Run cases offline: scripted model, services and persons on the real engine."""


@app.command(epilog=_EXITS)
def run(  # noqa: PLR0913 - each argument is one option of the command
    paths: PathsArgument = None,
    *,
    expression: ExpressionOption = "",
    tag: TagOption = None,
    case: CaseOption = None,
    folder: ProjectOption = None,
    engine: EngineOption = Engine.LANGGRAPH,
    processes: ProcessesOption = 1,
    last_failed: LastFailedOption = False,
    files: OutputOption = None,
    live: LiveOption = False,
    repeat: RepeatOption = 1,
    permutes: PermuteOption = False,
    max_tokens: TokensOption = None,
    max_cost: CostOption = None,
    risk: RiskOption = measures.RISK,
    as_json: JsonOption = False,
) -> None:
    """Run cases and tell for each whether it passed, with the first difference."""
    is_repeated = live or repeat > 1
    _check_use(
        {
            "-j plays no cases side by side with --live or --repeat": processes > 1 and is_repeated,
            "--permute-options turns the options with every repeat; say --repeat K": permutes and repeat == 1,
            "--max-tokens and --max-cost belong to --live": not live and (max_tokens or max_cost) is not None,
        }
    )
    policy = terminal.masking(as_json=as_json)
    wanted = _wanted(paths, folder, Selection(expression, tag or (), case or ()), as_json=as_json)
    wanted = memory.failed(wanted) if last_failed else wanted
    with terminal.refusing(as_json=as_json):
        outputs.check(files or ())
    origin = provenance.provenance(wanted, engine=engine.value, name=new_id(), at=SystemClock().now())
    told = _silent if as_json else _tell
    more, lines = None, list[str]()
    if is_repeated:
        with _endpoint(max_tokens, max_cost, live=live, as_json=as_json) as endpoint:
            plan = Plan(repeat=repeat, permutes=permutes, endpoint=endpoint)
            tried = trials.play(wanted, plan, engine=engine.value, policy=policy, told=told)
            more, lines = (
                measures.told(tried, endpoint, risk=risk),
                list(measures.lines(tried, endpoint, risk=risk)),
            )
        played, counted = playing.Played(tried.cases, tried.seconds), trials.judged(tried.cases, tried.trials)
    else:
        with terminal.progress(len(wanted), as_json=as_json) as advance:
            heard = _counting(told, advance)
            played = playing.play(wanted, engine=engine.value, policy=policy, told=heard, processes=processes)
        counted = list(played.cases)
    memory.keep(played.cases)
    document = report.document(played.cases, origin=origin, more=more)
    outputs.write(files or (), document)
    if as_json:
        terminal.say(report.text(document))
    elif played.cases or lines:
        terminal.say("\n".join([report.summary(counted, played.seconds), *lines]))
    else:
        terminal.complain("no case was found, and nothing found is no success")
    raise typer.Exit(report.exit_code(counted) if counted or not played.cases else report.PASSED)


def _check_use(useless: Mapping[str, bool]) -> None:
    """Refuse options that would do nothing."""
    for why, is_so in useless.items():
        if is_so:
            raise typer.BadParameter(why)


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
        raise terminal.refused(exc, as_json=as_json) from exc
    if as_json:
        terminal.say(report.text({"problems": [problem.model_dump(mode="json") for problem in problems]}))
    else:
        for problem in problems:
            terminal.say(str(problem))
        terminal.say(f"{len(found)} file{'s' if len(found) != 1 else ''}, {len(problems)} problems")
    if problems:
        raise typer.Exit(terminal.USAGE)
    raise typer.Exit(report.PASSED if found else report.NOTHING)


@app.command(epilog=_EXITS)
def compare(
    base: Annotated[Path, typer.Argument(help="Baseline, or results of `eval run --json`")],
    head: Annotated[Path, typer.Argument(help="What it is compared with")],
    *,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="What it must not show; cases tagged critical never break")
    ] = "regression",
    metric: Annotated[
        Metric, typer.Option("--metric", help="The primary one, told before looking")
    ] = "passed",
    margin: Annotated[
        float | None,
        typer.Option("--margin", min=0, metavar="X", help="Fail unless it is shown to be worse by at most X"),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For the comment of a pull request")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed between two results, case by case, and fail where it must not."""
    with terminal.refusing(as_json=as_json):
        found = comparing.compare(baseline.read(base), baseline.read(head), by=metric)
    why = found.failures(fail_on, margin)
    if as_json:
        told = {"fail_on": fail_on, "margin": margin, "failures": why}
        terminal.say(report.text({**found.model_dump(mode="json"), **told}))
    else:
        terminal.say(comparing.markdown(found) if markdown else comparing.text(found))
        if why:
            terminal.complain(f"fails on {fail_on}: {', '.join(why)}")
    raise typer.Exit(report.FAILED if why else report.PASSED)


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
        raise terminal.refused(exc, as_json=as_json) from exc
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(baseline.text(found), encoding="utf-8")
    bad = [name for name, kept in found.cases.items() if not kept.is_good]
    if as_json:
        terminal.say(report.text({"file": str(to), "cases": len(found.cases), "failing": sorted(bad)}))
        return
    terminal.say(f"{len(found.cases)} cases are accepted in {to}.")
    if bad:
        terminal.complain(
            f"{len(bad)} of them fail, and count as known from now on: {', '.join(sorted(bad))}"
        )


@app.command(epilog=_EXITS)
def schema(*, as_json: JsonOption = True) -> None:
    """Print the JSON Schema of case files, for editors."""
    del as_json
    terminal.say(report.text(cases.json_schema()))


@contextmanager
def _endpoint(
    max_tokens: int | None, max_cost: float | None, *, live: bool, as_json: bool
) -> Iterator[Endpoint | None]:
    """Give the endpoint that is asked in live mode, or nothing."""
    if not live:
        yield None
        return
    with terminal.refusing(as_json=as_json):
        if max_tokens is None or max_cost is None:
            raise LiveRefused("--live needs --max-tokens and --max-cost: what asking may cost in all")
        made = Endpoint(settings.load().model, Cap(max_tokens, Decimal(str(max_cost))))
    with made as endpoint:
        yield endpoint


def _wanted(paths: list[Path] | None, folder: Path | None, chosen: Selection, *, as_json: bool) -> list[Job]:
    found = _found(paths, as_json=as_json)
    with terminal.refusing(as_json=as_json):
        return selection.select(jobs(load.load(found, folder=folder)), chosen)


def _found(paths: list[Path] | None, *, as_json: bool) -> list[Path]:
    with terminal.refusing(as_json=as_json):
        return load.find(paths or [Path()])


def _tell(case: Mapping[str, Any]) -> None:
    """Print the line of a case, with its status in colour on a terminal."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        terminal.say(report.line(case))
        return
    told = Text(report.line(case))
    told.stylize(_STYLES[case["status"]], 0, report.LABEL_WIDTH)
    console.print(told)


def _counting(told: Told, advance: Callable[[], None]) -> Told:
    """Return what tells of a case and counts it."""

    def both(case: Mapping[str, Any]) -> None:
        told(case)
        advance()

    return both


def _silent(_case: Mapping[str, Any]) -> None:
    """Tell nothing: the one document comes at the end."""
