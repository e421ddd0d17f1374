"""Erasing: deleting content of the decision log for good, and legal holds that forbid it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.commands import exits, reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.clock import SystemClock
from planner.store import erasures, holds, purges
from planner.store.holds import Hold

_ActorOption = Annotated[str, typer.Option("--actor", help="Who does it; an id, not a name")]
_ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the log")]


def erase(
    identity: Annotated[str, typer.Argument(metavar="DECISION|RUN", help="Id of a decision or of a run")],
    *,
    reason: _ReasonOption = "",
    actor: _ActorOption = "person",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete the content of a decision, or of every decision of a run, for good; the log says so."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        found = store.write_sync(
            erasures.erase, identity, reason=reason, actor=actor, now=SystemClock().now()
        )
    output.document({"decisions": found.decisions, "contents": found.contents, "seals": found.seals})
    sealed = f", and {found.seals} sealed values of the run" if found.seals else ""
    output.line(f"{found.contents} pieces of content of {len(found.decisions)} decisions{sealed} are erased")


def hold(
    identity: Annotated[
        str | None,
        typer.Argument(metavar="DECISION|RUN", help="Id of a decision or of a run; all holds without"),
    ] = None,
    *,
    release: Annotated[bool, typer.Option("--release", help="End the hold")] = False,
    reason: _ReasonOption = "",
    actor: _ActorOption = "person",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a decision or a run from being erased or purged, release it, or list what is held."""
    output, now = Output(as_json=as_json), SystemClock().now()
    with reading.opened(configured(project, database)) as store:
        if identity is not None and release:
            _released(store.write_sync(holds.release, identity, actor=actor, now=now), identity, output)
        elif identity is not None:
            store.write_sync(holds.put, identity, reason=reason, actor=actor, now=now)
        _listed(store.read_sync(holds.listed), output)


def purge(
    *, project: ProjectOption = None, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Delete what has been kept as long as the settings say and is not held; the log says so."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        found = store.write_sync(purges.purge, config.retention, SystemClock().now())
    output.document(found.model_dump(mode="json"))
    output.line(f"{found.contents} pieces of content and {found.records} records are deleted")


def _released(was_held: bool, identity: str, output: Output) -> None:  # noqa: FBT001 - what came of it
    if not was_held:
        output.error(f"planner: there is no hold on {identity}")
        raise typer.Exit(exits.NOTHING)


def _listed(found: Sequence[Hold], output: Output) -> None:
    output.document({"items": [each.model_dump(mode="json") for each in found]})
    if not found:
        output.line("Nothing is held.")
        return
    rows = [
        (each.id, each.scope, each.actor, f"{each.created_at:%Y-%m-%d %H:%M}", each.reason) for each in found
    ]
    output.table(("held", "what", "by", "since", "why"), rows)
