"""Schedules: list, add, pause, resume and remove what begins runs by itself."""

from itertools import islice
from typing import Annotated, Any

import typer

from api.commands import reading
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    OwnerOption,
    ProjectOption,
    TenantOption,
    configured,
    json_argument,
    validated,
)
from api.commands.output import Output
from graphs import scheduling
from planner import clock, tenants
from planner import schedules as plans
from planner.clock import SystemClock
from planner.schedules import NewSchedule, Schedule, ScheduleState
from planner.store import schedules as stored

MADE_BY = "cli"

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of a schedule")]


def schedules(
    *,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Name of a workflow")] = None,
    tenant: TenantOption = None,
    limit: LimitOption = 50,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List schedules, newest first."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        page = store.read_sync(stored.page, tenant=tenant, workflow=workflow, limit=limit)
    output.document({"items": [each.model_dump(mode="json") for each in page.items]})
    if not page.items:
        output.line("No schedules.")
        return
    head = ("schedule", "workflow", "when", "state", "next", "last run")
    output.table(head, [_row(each) for each in page.items])


def add(  # noqa: PLR0913 - each is an argument or option of the command
    name: Annotated[str, typer.Argument(help="What it is to be called")],
    workflow: Annotated[str, typer.Argument(help="Name of a workflow")],
    *,
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields, such as '0 8 * * 1-5'")] = None,
    every: Annotated[str | None, typer.Option("--every", help="ISO 8601 duration, such as PT10M")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="IANA name, for --cron")] = "UTC",
    given: Annotated[
        str, typer.Option("--input", metavar="JSON", help="The runs' input: JSON, @FILE, or -")
    ] = "{}",
    version: Annotated[str | None, typer.Option("--version", help="Version of the workflow")] = None,
    starts_at: Annotated[str | None, typer.Option("--starts-at", help="Nothing begins before")] = None,
    ends_at: Annotated[str | None, typer.Option("--ends-at", help="Nothing begins then or later")] = None,
    overlap: Annotated[str, typer.Option("--overlap", help="skip, allow or cancel")] = "skip",
    catch_up: Annotated[str, typer.Option("--catch-up", help="How late a run may begin")] = "PT10M",
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let runs of a workflow begin by themselves; a server or worker begins and moves them."""
    told = {
        "name": name,
        "workflow": workflow,
        "version": version,
        "input": json_argument(given, "--input"),
        "cron": cron,
        "every": every,
        "timezone": timezone,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "overlap": overlap,
        "catch_up": catch_up,
        "tenant": tenant,
    }
    wanted, output = _plan(told), Output(as_json=as_json)
    drafted = scheduling.drafted(
        wanted.plan(),
        name=wanted.name,
        tenant=tenant,
        schedule_id=clock.new_id(),
        by=MADE_BY,
        now=SystemClock().now(),
    )
    with reading.opened(configured(project, database)) as store:
        added = store.write_sync(scheduling.add, drafted)
    _told(added, output, f"{name} begins {workflow} {_when(added)}")


def upcoming(
    name: NameArgument,
    *,
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many")] = 5,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell when the next runs will begin, were the schedule active."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        held = store.read_sync(stored.named, name, tenant)
    moments = islice(plans.upcoming(held.plan, SystemClock().now(), anchor=held.created_at), count)
    found = [each.isoformat() for each in moments]
    output.document({"items": found})
    for each in found or ["None any more."]:
        output.line(each)


def pause(
    name: NameArgument,
    *,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin no runs until the schedule is resumed."""
    with reading.opened(configured(project, database)) as store:
        changed = _changed(store, name, tenant, "paused")
    _told(changed, Output(as_json=as_json), f"{changed.name} is paused")


def resume(
    name: NameArgument,
    *,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin runs again, from the next moment on."""
    with reading.opened(configured(project, database)) as store:
        changed = _changed(store, name, tenant, "active")
    _told(changed, Output(as_json=as_json), f"{changed.name} is active")


def remove(
    name: NameArgument,
    *,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a schedule; runs that it began go on."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        held = store.read_sync(stored.named, name, tenant)
        store.write_sync(stored.remove, held.id)
    output.document({"removed": held.id})
    output.line(f"{held.name} is forgotten; runs that it began go on.")


def _changed(store: Any, name: str, tenant: str, state: ScheduleState) -> Schedule:
    held = store.read_sync(stored.named, name, tenant)
    changed: Schedule = store.write_sync(stored.change, held.id, state, SystemClock().now())
    return changed


def _plan(told: dict[str, Any]) -> NewSchedule:
    return validated(NewSchedule, {key: value for key, value in told.items() if value is not None})


def _told(schedule: Schedule, output: Output, sentence: str) -> None:
    output.document(schedule.model_dump(mode="json"))
    following = schedule.next_at and f"; the next run begins at {schedule.next_at.isoformat()}"
    output.line(f"{sentence}{following or ''}.")


def _when(schedule: Schedule) -> str:
    plan = schedule.plan
    if plan.cron is not None:
        return f"by {plan.cron!r} in {plan.timezone}"
    return f"every {plan.model_dump(mode='json')['every']}"


def _row(schedule: Schedule) -> tuple[str, ...]:
    following = f"{schedule.next_at:%Y-%m-%d %H:%M:%S}" if schedule.next_at else ""
    last = schedule.problem or schedule.last_run_id or ""
    return schedule.name, schedule.plan.workflow, _when(schedule), schedule.state, following, last
