"""The verbs that read what was written down: nothing is run."""

import time
from pathlib import Path
from typing import Annotated

import typer

from evals import baseline, jobs, load, options, outputs, report, results, scoring, taken, terminal
from evals.options import JsonOption, PathsArgument, ProjectOption
from evals.outputs import OutputOption

EXITS = options.EXITS

ResultArgument = Annotated[Path, typer.Argument(metavar="RESULT", help="Results of `eval run -o FILE.json`")]

BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Tell what changed against it")
]


def score(
    result: ResultArgument,
    paths: PathsArgument = None,
    *,
    folder: ProjectOption = None,
    files: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge written results by what the cases expect now, without running them again."""
    began = time.perf_counter()
    with terminal.refusing(as_json=as_json):
        outputs.check(files or ())
        document = results.read(result)
        found = load.find(paths or results.files(document))
        scored = scoring.score(document, jobs.listed(load.load(found, folder=folder)))
        outputs.write(files or (), scored)
    if as_json:
        terminal.say(report.text(scored))
    else:
        for case in scored["cases"]:
            terminal.say(report.line(case))
        terminal.say(report.summary(scored["cases"], time.perf_counter() - began))
    raise typer.Exit(report.exit_code(scoring.counted(scored)))


def report_(
    result: ResultArgument,
    *,
    files: OutputOption = None,
    against: BaselineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write results in other forms, with what changed against a baseline."""
    written = files or [Path("report.html")]
    with terminal.refusing(as_json=as_json):
        outputs.check(written)
        base = None if against is None else baseline.read(against)
        outputs.write(written, results.read(result), base)
    names = [str(each) for each in written]
    terminal.say(report.text({"files": names}) if as_json else f"Written to {', '.join(names)}.")


def coverage(
    found: Annotated[list[Path], typer.Argument(metavar="RESULT...", help="Results, counted together")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Tell how much of each workflow the cases of results came past."""
    with terminal.refusing(as_json=as_json):
        told = taken.taken([results.read(each) for each in found])
    if as_json:
        listed = [
            {"workflow": each.name, "version": each.version, "cases": each.cases}
            | each.coverage.model_dump(mode="json")
            for each in told
        ]
        terminal.say(report.text({"workflows": listed}))
    for each in () if as_json else told:
        for line in taken.lines(each):
            terminal.say(line)
    raise typer.Exit(report.PASSED if told else report.NOTHING)
