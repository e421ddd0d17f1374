"""Forking: a run that goes another way from a past decision, and what came of it."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from api.commands import exits, following
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured, json_argument
from api.commands.output import Output, brief
from api.schemas import ForkView
from graphs import forking, wiring
from graphs.forking import Difference, Forked
from graphs.origins import LONGEST_COMMENT, ForkRequest
from planner.settings import Settings
from planner.store import opening

ACTOR = "cli"


def fork(  # noqa: PLR0913 - each is an argument or option of the command
    decision: Annotated[str, typer.Argument(help="Id of a decision of a run")],
    *,
    choose: Annotated[str, typer.Option("--choose", help="The option to take instead")],
    live: Annotated[bool, typer.Option("--live", help="Really call the services from there on")] = False,
    accept_effects: Annotated[
        bool, typer.Option("--accept-effects", help="Even though effects stand that may be done again")
    ] = False,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="JSON", help="For `applied`: what the call would have answered"),
    ] = None,
    comment: Annotated[str, typer.Option("--comment", help="Why")] = "",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go another way from a past decision: dry against the record of its run, or live."""
    if len(comment) > LONGEST_COMMENT:
        message = f"it has {len(comment)} characters, and at most {LONGEST_COMMENT} are kept"
        raise typer.BadParameter(message, param_hint="--comment")
    brought = None if value is None else json_argument(value, "--value")
    wanted = ForkRequest(
        choose=choose, live=live, accept_effects=accept_effects, value=brought, comment=comment
    )
    config, output = configured(project, database), Output(as_json=as_json)
    opening.require(config)
    made = asyncio.run(_fork(config, decision, wanted))
    if live:
        output.line(_headline(made), "bold")
        raise typer.Exit(following.drive(config, made.run.id, output))
    output.document(ForkView.of(made).model_dump(mode="json"))
    for line in _lines(made):
        output.line(line)
    raise typer.Exit(exits.FAILED if _is_cut(made) else exits.OK)


async def _fork(config: Settings, decision: str, wanted: ForkRequest) -> Forked:
    async with wiring.open_services(config, dispatch=False) as services:
        return await forking.fork(decision, wanted, services.parts, None, actor=ACTOR)


def _is_cut(made: Forked) -> bool:
    return (made.run.error or "").startswith(forking.NOT_RECORDED)


def _lines(made: Forked) -> Iterator[str]:
    yield _headline(made)
    yield "Dry: every service, model and person was answered for from the record; nobody was called."
    difference = made.difference
    if difference is None:
        return
    yield f"Before: {_end(difference.status_before, difference.output_before, difference.error_before)}"
    yield f"Now:    {_end(difference.status_after, difference.output_after, difference.error_after)}"
    yield from _calls(difference)
    if _is_cut(made):
        yield "The record does not tell how it goes on from there; --live would really call."
    yield f"Its story: planner explain {made.run.id}"


def _headline(made: Forked) -> str:
    kind = "live" if made.run.mode == "live" else "dry"
    return (
        f"Fork {made.run.id} ({kind}) of run {made.parent.id} at {made.replaced.point}: "
        f"{made.decision.choice} instead of {made.replaced.choice}"
    )


def _end(status: str, result: Any, error: str | None) -> str:
    told = "" if result is None else f", {brief(result)}"
    return f"{status}{told}{f': {error}' if error else ''}"


def _calls(difference: Difference) -> Iterator[str]:
    for line in difference.only_before:
        yield f"  only before: {line}"
    for line in difference.only_after:
        yield f"  only now:    {line}"
