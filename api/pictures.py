"""Pictures: a workflow drawn as data, as Mermaid text or as SVG."""

from typing import Any, Literal, NamedTuple

from fastapi import Response
from fastapi.responses import PlainTextResponse

from api.errors import RequestInvalid
from graphs import drawing, mermaid, retracing, svg
from graphs.drawing import Drawing
from graphs.retracing import Recording
from graphs.wiring import Opened
from planner.definition import Workflow
from planner.store import runs, workflows
from tools.catalog import Catalog
from tools.problems import Problem

SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""An image may neither load nor run anything."""


class _Subject(NamedTuple):
    workflow: Workflow
    recording: Recording | None


async def draw(parts: Opened, name: str, version: str | None, run_id: str | None) -> Drawing:
    """Return the drawing of a workflow, with the path of a run where one is named.

    Raises:
        WorkflowUnknown: no such workflow is registered.
        RunUnknown: no run has this id.
        RequestInvalid: the run is of another workflow or version.
    """
    workflow, recording = await parts.parts.database.read(
        _subject, name, version, run_id, parts.parts.catalog
    )
    if recording is None:
        return drawing.draw(workflow)
    return drawing.draw(workflow, await retracing.retrace(recording, parts.parts))


def rendered(drawn: Drawing, how: Literal["mermaid", "svg", "json"]) -> Any:
    """Return the drawing in the form that was asked for."""
    if how == "mermaid":
        return PlainTextResponse(mermaid.text(drawn))
    if how == "svg":
        policy = {"Content-Security-Policy": SVG_POLICY}
        return Response(svg.text(drawn), headers=policy, media_type="image/svg+xml")
    return drawn


def _subject(tx: Any, name: str, version: str | None, run_id: str | None, catalog: Catalog) -> _Subject:
    if run_id is None:
        return _Subject(workflows.get(tx, name, version), None)
    run = runs.get(tx, run_id)
    if run.workflow.name != name or version not in {None, run.workflow.version}:
        found = f"Run {run_id} is of {run.workflow.name} {run.workflow.version}."
        wanted = Problem(path="/query/run", code="other-workflow", message=found)
        raise RequestInvalid([wanted.model_copy(update={"remedy": "Ask for the graph of that workflow."})])
    recording = retracing.load(tx, run_id, catalog)
    return _Subject(recording.workflow, recording)
