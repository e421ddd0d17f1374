"""Runs: list them, or look at one."""

from typing import Annotated, get_args

import typer

from api.commands import exits, reading, telling
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    TenantOption,
    configured,
)
from api.commands.output import Output, brief
from planner.runs import PersonQuestion, Run, RunStatus
from planner.store import questions
from planner.store import runs as stored
from planner.store.database import Database

STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)


def runs(
    run: Annotated[str | None, typer.Argument(help="Id of a run")] = None,
    *,
    status: Annotated[str | None, typer.Option("--status", help=f"One of {', '.join(STATUSES)}")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Name of a workflow")] = None,
    tenant: TenantOption = None,
    limit: LimitOption = 20,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, newest first, or show how one stands."""
    wanted = next((each for each in STATUSES if each == status), None)
    if status is not None and wanted is None:
        raise typer.BadParameter(f"{status!r} is none of {', '.join(STATUSES)}", param_hint="--status")
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        if run is not None:
            raise typer.Exit(_one(store, run, output))
        page = store.read_sync(stored.page, status=wanted, workflow=workflow, tenant=tenant, limit=limit)
    output.document({"items": [each.model_dump(mode="json") for each in page.items]})
    if not page.items:
        output.line("No runs.")
        return
    output.table(("run", "workflow", "status", "begun", "goal"), [_row(each) for each in page.items])
    if page.next_cursor is not None:
        output.line(f"There are more; see them with --limit {limit * 2}", "dim")


def _row(run: Run) -> tuple[str, ...]:
    began = f"{run.created_at:%Y-%m-%d %H:%M:%S}"
    return run.id, f"{run.workflow.name} {run.workflow.version}", run.status, began, run.goal[:80]


def _one(store: Database, run_id: str, output: Output) -> int:
    run = store.read_sync(stored.get, run_id)
    asked: tuple[PersonQuestion, ...] = ()
    if not run.ended:
        asked = store.read_sync(questions.page, run_id=run_id, limit=1000).items
    waiting = [question.model_dump(mode="json") for question in asked]
    output.document({"run": run.model_dump(mode="json"), "waits_for": waiting})
    for line in _lines(run):
        output.line(line)
    for question in asked:
        telling.question(question, output)
    return exits.OK


def _lines(run: Run) -> list[str]:
    facts = {
        "Run": run.id,
        "Tenant": run.tenant,
        "Workflow": f"{run.workflow.name} {run.workflow.version} (sha256 {run.workflow.sha256[:12]})",
        "Goal": run.goal,
        "Status": run.status + (", cancelling" if run.cancel_requested and not run.ended else ""),
        "Begun": f"{run.created_at.isoformat(timespec='seconds')} by {run.started_by}",
        "Ended": run.ended_at.isoformat(timespec="seconds") if run.ended_at else "",
        "Held by": f"{run.worker} until {run.lease_until}" if run.status == "running" else "",
        "Wakes": run.wake_at.isoformat(timespec="seconds") if run.wake_at else "",
        "Input": brief(run.input, 2000),
        "Output": brief(run.output, 2000) if run.output is not None else "",
        "Why": run.error or "",
    }
    return [f"{name + ':':<12} {fact}" for name, fact in facts.items() if fact]
