"""The verbs that read what was written down: nothing is run."""

import time
from pathlib import Path
from typing import Annotated

import typer

from evals import load, outputs, report, results, runner, scoring, terminal
from evals.options import JsonOption, OutputOption, PathsArgument, ProjectOption

ResultArgument = Annotated[Path, typer.Argument(metavar="RESULT", help="Results of `eval run -o FILE.json`")]


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
        scored = scoring.score(document, runner.jobs(load.load(found, folder=folder)))
        outputs.write(files or (), scored)
    if as_json:
        terminal.say(report.text(scored))
    else:
        for case in scored["cases"]:
            terminal.say(report.line(case))
        terminal.say(report.summary(scored["cases"], time.perf_counter() - began))
    raise typer.Exit(report.exit_code(scored["cases"]))
