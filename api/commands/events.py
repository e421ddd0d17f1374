"""Events: what happened outside and what it led to, and telling of one."""

import asyncio
from typing import Annotated, Any

import typer

from api import cloudevents
from api.commands import exits, reading
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    OwnerOption,
    ProjectOption,
    TenantOption,
    configured,
    json_argument,
)
from api.commands.output import Output, brief
from api.errors import RequestInvalid
from graphs import arrivals, wiring
from graphs.arrivals import Arrived
from planner import tenants
from planner.events import Event, KeptEvent
from planner.settings import Settings
from planner.store import events as stored
from planner.store.events import Caused

RECEIVED_BY = "cli"


def events(
    *,
    kind: Annotated[str | None, typer.Option("--type", help="Only those of this type")] = None,
    tenant: TenantOption = None,
    limit: LimitOption = 20,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List events, newest first."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        page = store.read_sync(stored.page, type_=kind, tenant=tenant, limit=limit)
        takers = store.read_sync(stored.takers, [each.id for each in page.items])
    output.document({"items": [each.model_dump(mode="json") for each in page.items]})
    if not page.items:
        output.line("No events.")
        return
    output.table(
        ("event", "type", "source", "subject", "arrived", "led to"),
        [_row(each, takers.get(each.id, 0)) for each in page.items],
    )
    if page.next_cursor is not None:
        output.line(f"There are more; see them with --limit {limit * 2}", "dim")


def show(
    event: Annotated[str, typer.Argument(help="Id of an event, as `planner events` shows it")],
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an event, the runs that it began, and the steps that took it."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        caused = store.read_sync(stored.get, event)
    taken = [step._asdict() for step in caused.taken_by]
    output.document({**caused.event.model_dump(mode="json"), "taken_by": taken})
    for line in _lines(caused):
        output.line(line)


def send(
    event: Annotated[
        str, typer.Argument(help="The event (CloudEvents 1.0): JSON, @FILE, or - for standard input")
    ],
    *,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell of an event: runs that wait for it can go on, and others begin; a server moves them."""
    config, output = configured(project, database), Output(as_json=as_json)
    arrived = asyncio.run(_send(config, _event(event), tenant))
    kept = arrived.kept
    output.document(
        {
            **kept.model_dump(mode="json"),
            "duplicate": arrived.duplicate,
            "offered_to": list(arrived.offered_to),
        }
    )
    if arrived.duplicate:
        output.line(f"{kept.event.source} told of {kept.event.id} before: event {kept.id}; nothing was done.")
        raise typer.Exit(exits.OK)
    output.line(f"Event {kept.id} is kept.")
    for run_id in (*arrived.offered_to, *kept.began):
        output.line(f"  a server moves run {run_id}, or: planner resume {run_id}")
    for problem in kept.problems:
        output.note(f"no run was begun: {problem}")


async def _send(config: Settings, event: Event, tenant: str) -> Arrived:
    async with wiring.open_services(config, dispatch=False) as services:
        return await arrivals.arrive(event, services.parts, None, tenant=tenant, received_by=RECEIVED_BY)


def _event(text: str) -> Event:
    try:
        return cloudevents.event(json_argument(text, "EVENT"))
    except RequestInvalid as exc:
        raise typer.BadParameter(str(exc), param_hint="EVENT") from exc


def _row(kept: KeptEvent, takers: int) -> tuple[str, ...]:
    event = kept.event
    counts = (("began", len(kept.began)), ("taken by", takers))
    told = [f"{how} {count} run{'s' if count > 1 else ''}" for how, count in counts if count]
    led = "; ".join((*told, *kept.problems))
    arrived = f"{kept.received_at:%Y-%m-%d %H:%M:%S}"
    return kept.id, event.type, event.source, event.subject or "", arrived, led


def _lines(caused: Caused) -> list[str]:
    kept, event = caused.event, caused.event.event
    facts: dict[str, Any] = {
        "Event": kept.id,
        "Tenant": kept.tenant,
        "Type": event.type,
        "Source": f"{event.source}, id {event.id}",
        "Subject": event.subject or "",
        "Arrived": f"{kept.received_at.isoformat(timespec='seconds')} by {kept.received_by}",
        "Data": brief(event.data, 2000),
        "Began": ", ".join(kept.began),
        "Taken by": ", ".join(f"{step.path} of run {step.run_id}" for step in caused.taken_by),
        "Problems": "; ".join(kept.problems),
        "Routed": "" if kept.routed else "not yet; a server does it",
    }
    return [f"{name + ':':<12} {fact}" for name, fact in facts.items() if fact]
