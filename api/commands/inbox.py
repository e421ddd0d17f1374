"""Inbox: the decisions that wait for a person."""

from typing import Annotated

import typer

from api.commands import reading, telling
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    TenantOption,
    configured,
)
from api.commands.output import Output
from planner import tenants
from planner.store import questions


def inbox(
    *,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Name of a workflow")] = None,
    tenant: TenantOption = None,
    limit: LimitOption = 20,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the decisions that wait for a person, newest first, and how to answer each."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        page = store.read_sync(questions.page, workflow=workflow, tenant=tenant, limit=limit)
    output.document({"items": [question.model_dump(mode="json") for question in page.items]})
    if not page.items:
        output.line("Nothing waits for a person.")
    for question in page.items:
        whose = "" if question.tenant == tenants.DEFAULT else f" for {question.tenant}"
        output.line(f"Run {question.run_id} of {question.workflow}{whose}", "bold")
        telling.question(question, output)
        output.line()
