"""Explain: the whole story of a run, from its journal and its decisions."""

from typing import Annotated, Literal

import typer

from api.commands import reading, telling
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import narration
from planner.narration import Narration
from planner.store import stories

_STYLES = telling.STYLES | {"head": "bold", "detail": "dim"}


def explain(
    run: Annotated[str, typer.Argument(help="Id of a run")],
    *,
    how: Annotated[
        Literal["text", "markdown", "json"], typer.Option("--format", help="text, markdown or json")
    ] = "text",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the story of a run: what was known, offered, excluded, chosen, done and undone, and the cost."""
    output = Output(as_json=as_json or how == "json")
    with reading.opened(configured(project, database)) as store:
        told = narration.narrate(*store.read_sync(stories.load, run))
    output.document(_document(told))
    if how == "markdown" and not output.as_json:
        output.raw(narration.markdown(told))
        return
    for line, kind in narration.lines(told):
        output.line(line, _STYLES.get(kind, ""))


def _document(told: Narration) -> dict[str, object]:
    return {
        "run": told.run.model_dump(mode="json"),
        "chapters": [each.model_dump(mode="json") for each in told.chapters],
        "totals": told.totals.model_dump(mode="json"),
    }
