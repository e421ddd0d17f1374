"""Resuming: take a run up again, cancel one, or answer for a person, and move it on in this process."""

from contextlib import suppress
from typing import Annotated

import typer

from api import answering
from api.commands import exits, following, reading
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    NoWaitOption,
    ProjectOption,
    configured,
    json_argument,
)
from api.commands.output import Output
from planner import project as project_files
from planner.clock import SystemClock
from planner.errors import DecisionUnknown
from planner.runs import PersonAnswer, Run
from planner.settings import Settings
from planner.store import catalogs, journal, questions, runs
from planner.store.database import Database

LONGEST_COMMENT = 4000

RunArgument = Annotated[str, typer.Argument(help="Id of a run")]


def resume(
    run: RunArgument,
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a run that waits, was queued or was lost, until it ends or waits for a person."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        check_movable(store, run, config)
        _held(store.read_sync(runs.get, run), output)
    raise typer.Exit(following.drive(config, run, output))


def cancel(
    run: RunArgument,
    *,
    no_wait: NoWaitOption = False,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a run to stop at its next safe point, and move it until it has."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        if not no_wait:
            check_movable(store, run, config)
        asked = store.write_sync(runs.request_cancel, run, SystemClock().now())
    if no_wait:
        raise typer.Exit(left(asked, output))
    raise typer.Exit(following.drive(config, run, output, wanted="cancelled"))


def answer(  # noqa: PLR0913 - each is an argument or option of the command
    decision: Annotated[str, typer.Argument(help="Id of the decision, as `planner inbox` shows it")],
    choice: Annotated[str, typer.Argument(help="One of the options offered")],
    *,
    comment: Annotated[str, typer.Option("--comment", help="Why")] = "",
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="JSON", help="For `applied`: what the call would have answered"),
    ] = None,
    actor: Annotated[str, typer.Option("--actor", help="Id of who answers")] = "person",
    no_wait: NoWaitOption = False,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a decision that waits for a person, and move its run on."""
    config, output = configured(project, database), Output(as_json=as_json)
    check_comment(comment, LONGEST_COMMENT)
    brought = None if value is None else json_argument(value, "--value")
    given = PersonAnswer(choice=choice, actor=actor, comment=comment, value=brought, at=SystemClock().now())
    with reading.opened(config) as store:
        with suppress(DecisionUnknown):
            asked = store.read_sync(questions.get, decision)
            if not no_wait:
                check_movable(store, asked.run_id, config)
        question = store.write_sync(answering.answer, decision, given)
        held = store.read_sync(runs.get, question.run_id)
    output.line(f"{actor} answered {question.path} with {choice}.")
    raise typer.Exit(left(held, output) if no_wait else following.drive(config, held.id, output))


def check_comment(comment: str, longest: int) -> None:
    """Refuse a comment that would not be kept whole.

    Raises:
        BadParameter: it is too long.
    """
    if len(comment) > longest:
        message = f"it has {len(comment)} characters, and at most {longest} are kept"
        raise typer.BadParameter(message, param_hint="--comment")


def check_movable(store: Database, run_id: str, config: Settings) -> None:
    """Refuse, before anything is changed, a run that cannot go on here.

    Raises:
        ServicesMissing: the project does not hold its services.
        SealBroken: something in it is sealed, and cannot be opened.
    """
    run = store.read_sync(runs.get, run_id)
    store.read_sync(catalogs.get, run.catalog_revision, now_at=project_files.load_catalog(config))
    if not run.ended:
        for unsealed in (runs.unsealed, journal.unsealed, questions.unsealed):
            store.read_sync(unsealed, run_id)


def left(run: Run, output: Output) -> int:
    """Say who moves a run that this process leaves alone."""
    output.document({"run": run.model_dump(mode="json"), "waits_for": [], "awaits": []})
    output.line(f"Run {run.id} is moved on by a server, or by: planner resume {run.id}")
    return exits.OK


def _held(run: Run, output: Output) -> None:
    """Say why it may take a moment before anything happens."""
    if run.status == "running" and run.lease_until is not None and run.lease_until > SystemClock().now():
        until = run.lease_until.isoformat(timespec="seconds")
        output.note(
            f"{run.worker} held this run last, until {until}; it is taken over if that process is gone"
        )
