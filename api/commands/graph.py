"""Graph: a workflow as a picture, and the path that a run took through it."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from api.commands import exits, reading
from api.commands.options import DatabaseOption, ProjectOption, configured
from api.commands.output import Output, as_text
from graphs import drawing, mermaid, retracing, svg, wiring
from graphs.drawing import Drawing
from graphs.retracing import Recording
from planner import documents, project
from planner.definition import Workflow
from planner.errors import DefinitionInvalid, WorkflowUnknown
from planner.settings import Settings
from planner.store import opening, workflows
from tools.catalog import Catalog

_SUFFIXES = {".yaml", ".yml", ".json"}


def graph(
    workflow: Annotated[str | None, typer.Argument(help="Name of a workflow or its file")] = None,
    *,
    how: Annotated[
        Literal["mermaid", "svg", "json"], typer.Option("--format", help="mermaid, svg or json")
    ] = "mermaid",
    run: Annotated[str | None, typer.Option("--run", help="Id of a run whose path stands out")] = None,
    to: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file")] = None,
    project_folder: ProjectOption = None,
    database: DatabaseOption = None,
) -> None:
    """Draw a workflow as Mermaid, SVG or JSON; with a run, the path it took stands out."""
    config = configured(project_folder, database)
    if run is not None:
        drawn = asyncio.run(_path(config, run, workflow))
    elif workflow is not None:
        drawn = drawing.draw(_find(config, workflow))
    else:
        raise typer.BadParameter("name a WORKFLOW, or a run with --run")
    raise typer.Exit(_write(_rendered(drawn, how), to))


def _write(text: str, to: Path | None) -> int:
    output = Output()
    if to is None:
        output.raw(text)
        return exits.OK
    try:
        to.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    except OSError as exc:
        raise typer.BadParameter(f"{to} cannot be written: {exc.strerror}", param_hint="--output") from exc
    output.note(f"written to {to}")
    return exits.OK


def _rendered(drawn: Drawing, how: str) -> str:
    if how == "mermaid":
        return mermaid.text(drawn)
    return svg.text(drawn) if how == "svg" else as_text(drawn.model_dump(mode="json"))


async def _path(config: Settings, run_id: str, workflow: str | None) -> Drawing:
    opening.require(config)
    async with wiring.open_services(config, dispatch=False) as opened:
        recording = await opened.parts.database.read(_recording, run_id, opened.parts.catalog)
        name = recording.workflow.workflow
        if workflow not in {None, name}:
            raise typer.BadParameter(f"the run is of {name!r}, not of {workflow!r}", param_hint="--run")
        return drawing.draw(recording.workflow, await retracing.retrace(recording, opened.parts))


def _recording(tx: Any, run_id: str, catalog: Catalog) -> Recording:
    return retracing.load(tx, run_id, catalog)


def _find(config: Settings, name: str) -> Workflow:
    """Return the workflow of a file, of the project's folder or of the database, in this order.

    Raises:
        DefinitionInvalid: the file holds none.
        WorkflowUnknown: there is none of this name.
    """
    path = Path(name)
    if path.suffix in _SUFFIXES:
        parsed = documents.read(project.text(path), file=name)
        if parsed.workflow is None:
            raise DefinitionInvalid(parsed.problems)
        return parsed.workflow
    found = project.readable(config)
    if name in found:
        return found[name]
    file = opening.file_of(config.database_url)
    if file is not None and not file.exists():
        raise WorkflowUnknown(name, known=sorted(found))
    with reading.opened(config) as store:
        return store.read_sync(workflows.get, name)
