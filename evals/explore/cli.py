"""The command line of the explorer."""

import importlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from evals import report, terminal
from evals.errors import ExtraMissing, InvariantUnknown, ProjectMissing, SuiteInvalid
from evals.explore import exploration as explorations
from evals.explore import shards, subject
from evals.explore.exploration import Exploration
from evals.explore.search import CHECK_SHARE, Bounds, Search, named
from evals.explore.subject import Subject
from evals.options import HomeOption, JsonOption
from planner.errors import WorkflowUnknown

CORES = os.cpu_count() or 1

WorkflowArgument = Annotated[str, typer.Argument(metavar="WORKFLOW", help="A workflow, or a file with one")]
FaultsOption = Annotated[
    int, typer.Option("--faults", metavar="N", min=0, max=9, help="Things that go wrong on one path")
]
StatesOption = Annotated[int, typer.Option("--max-states", metavar="N", min=1, help="States in all")]
StepsOption = Annotated[
    int, typer.Option("--max-steps", "--steps", metavar="N", min=1, help="Visits of steps on one path")
]
SecondsOption = Annotated[
    float, typer.Option("--max-seconds", "--time", metavar="S", min=0.0, help="Real time in all")
]
RecoveriesOption = Annotated[
    int, typer.Option("--recoveries", metavar="N", min=1, max=5, help="Recovery choices that a step may have")
]
JobsOption = Annotated[
    int,
    typer.Option("-j", "--jobs", metavar="N", min=1, help="Scenarios explored side by side; one per core"),
]
RandomOption = Annotated[
    int | None, typer.Option("--random", metavar="N", min=1, help="Draw N paths instead of taking all")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "--emit-cases", metavar="DIR", help="Write every counterexample there as a case"),
]
SuiteOption = Annotated[
    Path | None,
    typer.Option("--suite", metavar="DIR", help="Write few cases there that pass everything"),
]
CheckOption = Annotated[
    float,
    typer.Option(
        "--memo-check",
        metavar="SHARE",
        min=0.0,
        max=1.0,
        help="Share of the states that count as one whose next moves are compared",
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--invariant", metavar="NAME", help="Look at this invariant alone; may be repeated"),
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="What --random begins with; always the same unless told"),
]
CancelOption = Annotated[
    bool, typer.Option("--cancel", help="A person may cancel the run at any point, which counts as a fault")
]
OrdersOption = Annotated[
    bool,
    typer.Option(
        "--all-orders",
        help="Take branches side by side in every order, also of calls that make no difference to each other",
    ),
]
EXITS = (
    "Exit codes: 0 complete, nothing found; 1 found, or cut short; 2 wrong usage or file; 5 no such workflow."
)
_DEFAULT = Bounds()


def explore(  # noqa: PLR0913 - each is an option of the command
    workflow: WorkflowArgument,
    *,
    faults: FaultsOption = _DEFAULT.faults,
    states: StatesOption = _DEFAULT.states,
    steps: StepsOption = _DEFAULT.steps,
    seconds: SecondsOption = _DEFAULT.seconds,
    recoveries: RecoveriesOption = 2,
    jobs: JobsOption = CORES,
    folder: HomeOption = Path(),
    examples: RandomOption = None,
    beginning: SeedOption = None,
    share: CheckOption = CHECK_SHARE,
    only: OnlyOption = None,
    cancels: CancelOption = False,
    all_orders: OrdersOption = False,
    out: OutOption = None,
    cover: SuiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take every path of a workflow within bounds, and tell what must not be and is."""
    try:
        found_ = subject.of_folder(folder, workflow, recoveries=recoveries)
        explored = replace(found_, cancels=cancels, all_orders=all_orders)
    except WorkflowUnknown as exc:
        raise terminal.refused(exc, as_json=as_json, status=report.NOTHING) from exc
    except (SuiteInvalid, ProjectMissing) as exc:
        raise terminal.refused(exc, as_json=as_json) from exc
    bounds = Bounds(faults, states, steps, seconds)
    made = partial(Search, check_share=share, only=_known(explored, only or [], as_json=as_json))
    if examples is None:
        search = shards.search(explored, bounds, jobs=jobs, made=made)
    else:
        search = made(explored, bounds)
        _sample(search, examples, beginning, as_json=as_json)
    found = list(explorations.fewest(search))
    # Writing cases brings the engine of production along, which a search does without.
    files: Any = importlib.import_module("evals.explore.files") if out or cover else None
    written = [] if out is None else files.counterexamples(search, found, out, folder)
    told = explorations.exploration(search, written)
    if cover is not None:
        files.suite(search, cover)
    if as_json:
        terminal.say(report.text(explorations.document(told)))
    else:
        for line in lines(told):
            terminal.say(line)
    if told.violations or told.status == "INCOMPLETE":
        raise typer.Exit(report.FAILED)


def _known(explored: Subject, only: list[str], *, as_json: bool) -> list[str]:
    """Return names of invariants that there are."""
    known = named(explored)
    for name in only:
        if name not in known:
            message = f"there is no invariant {name!r}; there are: {'; '.join(known)}"
            raise terminal.refused(InvariantUnknown(message), as_json=as_json)
    return only


def _sample(search: Search, examples: int, beginning: int | None, *, as_json: bool) -> None:
    try:
        chance = importlib.import_module("evals.explore.chance")
    except ModuleNotFoundError as exc:
        message = "--random needs hypothesis; install it with `pip install workflow-planner[random]`"
        raise terminal.refused(ExtraMissing(message), as_json=as_json) from exc
    chance.sample(search, examples, beginning=beginning)


def lines(told: Exploration) -> Iterator[str]:
    """Yield an exploration as people read it."""
    for found in told.violations:
        yield f"{found.invariant}: {found.message}"
        yield f"  with {_count(found.faults, 'fault')}, as in {found.scenario}:"
        yield from (f"  {place}. {line}" for place, line in enumerate(found.moves, start=1))
        if found.case is not None:
            shows = "shows it" if found.reproduced else "does not show it"
            yield f"  {found.case} {shows} with `planner eval run`"
        yield ""
    covered = told.coverage
    yield f"coverage: {covered.counts}"
    yield from (f"  {line}" for line in covered.missing())
    yield (
        f"  {covered.together.covered} of {covered.together.total} pairs of answers to different points came "
        "on one path"
    )
    if covered.unreachable:
        yield f"  never offered: {'; '.join(covered.unreachable)}"
    if covered.vacuous:
        yield f"  put to no test: {', '.join(covered.vacuous)}"
    worst = told.worst
    yield (
        f"worst: {worst.calls} calls, {worst.model_calls} model requests, about {worst.tokens} tokens, "
        f"{worst.seconds:.0f} virtual seconds"
    )
    yield "  of these calls at most " + ", ".join(f"{most} {name}" for name, most in worst.operations.items())
    if worst.circles:
        yield "  a path may go round, and each round uses more"
    if worst.limits.missing:
        yield f"  the budget does not bound {', '.join(worst.limits.missing)}"
    yield from (f"not complete: {reason}" for reason in told.reasons)
    found_ = _count(len(told.violations), "violation")
    yield (
        f"{told.status} at {_count(int(told.bounds['faults']), 'fault')}: {found_}, {told.paths} paths, "
        f"{told.states} states, {told.transitions} transitions in {told.seconds:.2f} s"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
