"""The verbs for those who write cases: nothing is run."""

from pathlib import Path

import typer

from evals import cases, load, options, report, terminal
from evals.errors import ProjectMissing, SuiteInvalid
from evals.options import JsonOption, PathsArgument, ProjectOption
from tools.problems import Problem

EXITS = options.EXITS


def validate(
    paths: PathsArgument = None, *, folder: ProjectOption = None, as_json: JsonOption = False
) -> None:
    """Tell everything that is wrong with case files, without running them."""
    with terminal.refusing(as_json=as_json):
        found = load.find(paths or [Path()])
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


def schema(*, as_json: JsonOption = True) -> None:
    """Print the JSON Schema of case files, for editors."""
    del as_json
    terminal.say(report.text(cases.json_schema()))
