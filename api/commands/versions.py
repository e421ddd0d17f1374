"""Versions: how those of a workflow stand, and whether they take new runs."""

from typing import Annotated, get_args

import typer

from api.commands import reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.clock import SystemClock
from planner.store import versions as stored
from planner.versions import VersionStanding, VersionState

STATES: tuple[VersionState, ...] = get_args(VersionState)

NameArgument = Annotated[str, typer.Argument(help="Name of a workflow")]


def versions(
    name: NameArgument,
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the versions of a workflow, newest first, each with its state and its unfinished runs."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        found = store.read_sync(stored.standings, name)
    output.document({"items": [each.model_dump(mode="json") for each in found]})
    output.table(("version", "state", "unfinished runs", "changed"), [_row(each) for each in found])


def state(
    name: NameArgument,
    version: Annotated[str, typer.Argument(help="One of its versions")],
    wanted: Annotated[str, typer.Argument(metavar="STATE", help=f"One of {', '.join(STATES)}")],
    *,
    actor: Annotated[str, typer.Option("--actor", help="Who changes it; an id, not a name")] = "person",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a version take new runs (active), none any more (draining), or also hold its runs (paused)."""
    chosen = next((each for each in STATES if each == wanted), None)
    if chosen is None:
        raise typer.BadParameter(f"{wanted!r} is none of {', '.join(STATES)}", param_hint="STATE")
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        now = SystemClock().now()
        found = store.write_sync(stored.change, name, version, chosen, actor=actor, now=now)
    output.document(found.model_dump(mode="json"))
    output.line(f"{name} {version} is {found.state}; runs of it that have not ended: {found.unfinished}")


def _row(standing: VersionStanding) -> tuple[str, ...]:
    changed = "" if standing.changed_at is None else f"{standing.changed_at:%Y-%m-%d %H:%M:%S}"
    by = f" by {standing.changed_by}" if standing.changed_by else ""
    return standing.version, standing.state, str(standing.unfinished), f"{changed}{by}"
