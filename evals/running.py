"""The verb that runs cases; what plays them is imported once there are some."""

import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from evals import garbage, jobs, load, memory, options, outputs, provenance, report, selection, terminal
from evals.calibration import RISK
from evals.jobs import Job
from evals.options import (
    CaseOption,
    ExpressionOption,
    JsonOption,
    PathsArgument,
    ProjectOption,
    TagOption,
)
from evals.outputs import OutputOption
from evals.selection import Selection
from planner.clock import SystemClock, new_id

EXITS = options.EXITS

_STYLES = {
    "passed": "green",
    "failed": "red",
    "error": "bold red",
    "expected": "yellow",
    "pending": "yellow",
    "unscripted": "yellow",
}

Told = Callable[[Mapping[str, Any]], None]


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
    risk: RiskOption = RISK,
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
        repeating: Any = garbage.imported("evals.repeating")
        cap = repeating.Cap(max_tokens, max_cost) if live else None
        with terminal.refusing(as_json=as_json):
            plan = repeating.Planned(repeat, risk, cap, permutes=permutes)
            played = repeating.repeated(wanted, plan, engine=engine.value, policy=policy, told=told)
        counted, more, lines = played.counted, played.more, played.lines
    else:
        playing: Any = garbage.imported("evals.playing")
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


def _wanted(paths: list[Path] | None, folder: Path | None, chosen: Selection, *, as_json: bool) -> list[Job]:
    with terminal.refusing(as_json=as_json):
        found = load.find(paths or [Path()])
        return selection.select(jobs.listed(load.load(found, folder=folder)), chosen)


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
