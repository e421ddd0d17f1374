"""Explain: the story of a run, from its journal and its decisions."""

from typing import Annotated

import typer

from api.commands import reading, telling
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output, brief
from planner import story
from planner.store import decisions, journal, runs


def explain(
    run: Annotated[str, typer.Argument(help="Id of a run")],
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the story of a run: what was done, what was chosen, and why."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        told = store.read_sync(runs.get, run)
        entries = store.read_sync(journal.entries, run)
        chapters = story.tell(told, entries, store.read_sync(decisions.of_run, run))
    output.document(
        {
            "run": told.model_dump(mode="json"),
            "chapters": [each.model_dump(mode="json") for each in chapters],
        }
    )
    output.line(f"Run {told.id} of {told.workflow.name} {told.workflow.version}: {told.status}", "bold")
    if told.goal:
        output.line(f"Goal: {told.goal}")
    for each in chapters:
        telling.chapter(each, output)
    if told.output is not None:
        output.line(f"Output: {brief(told.output, 4000)}")
