"""Repinning: let the waiting runs of a version go on with another one."""

import asyncio
from typing import Annotated

import typer

from api.commands import exits, reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from graphs import repinning, wiring
from graphs.repinning import Repinned, RepinRequest
from planner.errors import PlannerError, RepinRefused
from planner.settings import Settings
from planner.store import runs

_AT_ONCE = 10_000


def repin(  # noqa: PLR0913 - each is an argument or option of the command
    name: Annotated[str, typer.Argument(help="Name of a workflow")],
    *,
    before: Annotated[str, typer.Option("--from", metavar="VERSION", help="Whose runs are to go on")],
    after: Annotated[str, typer.Option("--to", metavar="VERSION", help="With which version")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell which runs could")] = False,
    comment: Annotated[str, typer.Option("--comment", help="Why")] = "",
    actor: Annotated[str, typer.Option("--actor", help="Who does it; an id, not a name")] = "person",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the waiting runs of a version go on with another one, where their journals allow it."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        waiting = store.read_sync(runs.waiting_of, name, before, limit=_AT_ONCE)
    wanted = RepinRequest(version=after, comment=comment, dry_run=dry_run)
    told = asyncio.run(_all(config, waiting, wanted, actor))
    output.document({"items": [_row(run_id, found) for run_id, found in told]})
    for run_id, found in told:
        output.line(f"{run_id}  {_line(found, after, dry_run=dry_run)}")
    if not told:
        output.line(f"No run of {name} {before} waits.")
        raise typer.Exit(exits.NOTHING)
    raise typer.Exit(exits.OK if not any(map(_refused, (found for _, found in told))) else exits.FAILED)


Told = Repinned | PlannerError


async def _all(
    config: Settings, waiting: list[str], wanted: RepinRequest, actor: str
) -> list[tuple[str, Told]]:
    async with wiring.open_services(config, dispatch=False) as opened:
        return [(run_id, await _one(run_id, wanted, opened, actor)) for run_id in waiting]


async def _one(run_id: str, wanted: RepinRequest, opened: wiring.Opened, actor: str) -> Told:
    try:
        return await repinning.repin(run_id, wanted, opened.parts, None, actor=actor)
    except PlannerError as exc:
        return exc


def _refused(found: Told) -> bool:
    return isinstance(found, PlannerError) or bool(found.problems)


def _problems(found: Told) -> list[str]:
    if isinstance(found, RepinRefused | Repinned):
        return [str(problem) for problem in found.problems]
    return [str(found)]


def _line(found: Told, after: str, *, dry_run: bool) -> str:
    if _refused(found):
        return "stays: " + "; ".join(_problems(found))
    return f"{'could go' if dry_run else 'goes'} on with {after}"


def _row(run_id: str, found: Told) -> dict[str, object]:
    return {"run_id": run_id, "refused": _refused(found), "problems": _problems(found)}
