"""Overriding: a person puts another option in the place of a choice that was not acted on yet."""

from typing import Annotated

import typer

from api.commands import following, reading, resuming
from api.commands.options import DatabaseOption, JsonOption, NoWaitOption, ProjectOption, configured
from api.commands.output import Output
from graphs import overriding
from graphs.overrides import LONGEST_COMMENT, OverrideRequest
from planner import clock
from planner.clock import SystemClock
from planner.store import decisions, runs


def override(
    decision: Annotated[str, typer.Argument(help="Id of the decision whose choice is to be replaced")],
    option: Annotated[str, typer.Argument(help="An option that was available there")],
    *,
    comment: Annotated[str, typer.Option("--comment", help="Why")] = "",
    actor: Annotated[str, typer.Option("--actor", help="Id of who overrides")] = "person",
    no_wait: NoWaitOption = False,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take another option than the one chosen, as long as nothing was done about it, and move the run on."""
    config, output = configured(project, database), Output(as_json=as_json)
    resuming.check_comment(comment, LONGEST_COMMENT)
    wanted = OverrideRequest(to=option, comment=comment)
    now = SystemClock().now()
    with reading.opened(config) as store:
        if not no_wait:
            run_id = store.read_sync(decisions.get, decision).run_id
            resuming.check_movable(store, run_id, config)
        made = store.write_sync(
            overriding.write, decision, wanted, new_id=clock.new_id(), actor=actor, now=now
        )
        held = store.read_sync(runs.get, made.run_id)
    output.line(f"{actor} overrode {made.path} with {made.choice}.")
    raise typer.Exit(resuming.left(held, output) if no_wait else following.drive(config, held.id, output))
