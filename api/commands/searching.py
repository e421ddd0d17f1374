"""Searching: the operations that matter for a goal."""

import asyncio
from typing import Annotated

import typer

from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from graphs import wiring
from graphs.embeddings import Retrieved, retrieve
from planner import project
from planner.errors import StoreUnavailable
from planner.planning.retrieval import MOST_FOUND
from planner.settings import Settings
from tools.catalog import Catalog


def search(
    goal: Annotated[str, typer.Argument(help="What is wanted, in words")],
    *,
    most: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most")] = MOST_FOUND,
    project_folder: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the operations that matter for a goal, each followed by those that give it what it needs."""
    config, output = configured(project_folder, database), Output(as_json=as_json)
    loaded = project.load_catalog(config)
    found, remark = asyncio.run(_retrieved(goal, loaded, config, most=most))
    output.document({"items": [each._asdict() for each in found], "remark": remark})
    if remark:
        output.line(f"Note: {remark}")
    if not found:
        output.line("No operation has a word of this goal.")
        return
    rows = [
        (
            each.operation,
            each.because and f"gives what {each.because} needs",
            loaded.operations[each.operation].summary,
        )
        for each in found
    ]
    output.table(("operation", "why", "what"), rows)


async def _retrieved(goal: str, loaded: Catalog, config: Settings, *, most: int) -> Retrieved:
    """Return the operations that matter, by words alone where the vectors' database cannot be used."""
    try:
        async with wiring.open_embeddings(config, loaded) as embeddings:
            return await retrieve(goal, loaded, embeddings, most=most)
    except StoreUnavailable as exc:
        found = await retrieve(goal, loaded, None, most=most)
        return found._replace(remark=f"operations were found by words alone: {exc}")
