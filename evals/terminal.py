"""The terminal: what every verb prints, and how it refuses."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from evals import report
from evals.errors import EvalError, SuiteInvalid
from planner import settings
from planner.errors import PlannerError, SettingsInvalid
from planner.log.masking import Masking

USAGE = 2
"""Exit code of a wrong command line or an invalid file."""


def masking(*, as_json: bool) -> Masking:
    """Return what reports are masked with: the same as what the planner shows.

    Raises:
        Exit: the settings are wrong, which is told.
    """
    try:
        return settings.load().masking
    except SettingsInvalid as exc:
        raise refused(exc, as_json=as_json) from exc


def refused(error: EvalError | PlannerError, *, as_json: bool, status: int = USAGE) -> typer.Exit:
    """Tell what is wrong with files or options, and return the exit."""
    problems = error.problems if isinstance(error, SuiteInvalid) else ()
    for problem in problems:
        complain(str(problem))
    if not problems:
        complain(str(error))
    if as_json:
        told: dict[str, Any] = {"code": error.code, "message": str(error)}
        say(report.text({"error": {**told, "problems": [each.model_dump(mode="json") for each in problems]}}))
    return typer.Exit(status)


@contextmanager
def refusing(*, as_json: bool) -> Iterator[None]:
    """Refuse where files or options turn out to be wrong; what is wrong with one case does not end up here.

    Raises:
        Exit: something is wrong, which is told.
    """
    try:
        yield
    except EvalError as exc:
        raise refused(exc, as_json=as_json) from exc


@contextmanager
def progress(count: int, *, as_json: bool) -> Iterator[Callable[[], None]]:
    """Show on a terminal beside the output how many of so many are done; give what tells of one more."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield lambda: None
        return
    # What is printed meanwhile must stay on its own stream, where that is a file.
    shown = Progress(console=console, transient=True, redirect_stdout=sys.stdout.isatty())
    with shown:
        task = shown.add_task("cases", total=count)
        yield lambda: shown.advance(task)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print a line beside the output."""
    sys.stderr.write(f"evals: {text}\n")
