"""Workflows: registering, checking, reading and drawing definitions."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api import bodies, negotiation, pictures
from api.dependencies import Cursor, EveryTenant, Limit, Parts, Store
from api.schemas import Checked, Paged, WorkflowDetail, WorkflowSummary
from graphs.drawing import Drawing
from planner import documents
from planner.definition import Workflow
from planner.documents import Parsed
from planner.errors import DefinitionInvalid
from planner.store import cursors, workflows

router = APIRouter(prefix="/workflows", tags=["workflows"])

Text = Annotated[str, Depends(bodies.definition)]
VersionOf = Annotated[str | None, Query(description="The newest unless told.")]

_EXAMPLE = """workflow: greet
version: 1.0.0
goal: Greet somebody.
input: {type: object, required: [name], properties: {name: {type: string}}}
steps:
  greeting: {set: {text: "Hello ${input.name}"}}
output: "${greeting.text}"
"""
_BODY = bodies.definition_documented(_EXAMPLE)


@router.post("", status_code=201, dependencies=[EveryTenant], openapi_extra=_BODY)
async def register_workflow(text: Text, parts: Parts, response: Response) -> WorkflowDetail:
    """Register a version of a workflow; 200 where the same content was registered before."""
    workflow, problems, *_ = await _checked(text, parts)
    if problems or workflow is None:
        raise DefinitionInvalid(problems)
    now = parts.parts.clock.now()
    created = await parts.parts.database.write(workflows.register, workflow, source=text, now=now)
    response.status_code = 201 if created else 200
    response.headers["Location"] = f"/v1/workflows/{workflow.workflow}?version={workflow.version}"
    response.headers["ETag"] = negotiation.etag(workflow.sha256)
    return WorkflowDetail.of(workflow)


@router.post("/validate", openapi_extra=_BODY)
async def validate_workflow(text: Text, parts: Parts) -> Checked:
    """Return everything that is wrong with a workflow; nothing is registered."""
    found = await _checked(text, parts)
    return Checked(problems=found.problems, remarks=found.remarks)


@router.get("")
async def list_workflows(
    store: Store, cursor: Cursor = None, limit: Limit = cursors.LIMIT
) -> Paged[WorkflowSummary]:
    """List workflows by name, each in its newest version."""
    page = await store.read(workflows.page, cursor=cursor, limit=limit)
    return Paged(items=tuple(map(WorkflowSummary.of, page.items)), next_cursor=page.next_cursor)


@router.get("/{name}", response_model=WorkflowDetail, responses={200: {"content": {"application/yaml": {}}}})
async def get_workflow(name: str, store: Store, request: Request, version: VersionOf = None) -> Any:
    """Return a workflow; with `Accept: application/yaml` the text that it was registered with."""
    workflow, source = await store.read(_with_source, name, version)
    yaml = negotiation.wants_yaml(request.headers.get("accept"))
    tag = negotiation.etag(workflow.sha256, "yaml" if yaml else "")
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
    if negotiation.matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if yaml:
        return Response(source, headers=headers, media_type="application/yaml")
    return negotiation.reply(WorkflowDetail.of(workflow), headers)


@router.get(
    "/{name}/graph",
    response_model=Drawing,
    responses={200: {"content": {"image/svg+xml": {}, "text/plain": {}}}},
)
async def get_graph(
    name: str,
    parts: Parts,
    version: VersionOf = None,
    how: Annotated[Literal["mermaid", "svg", "json"], Query(alias="format")] = "json",
    run: Annotated[str | None, Query(description="Id of a run whose path is to stand out.")] = None,
) -> Any:
    """Draw a workflow; with a run, its path stands out."""
    drawing = await pictures.draw(parts, name, version, run)
    return pictures.rendered(drawing, how)


async def _checked(text: str, parts: Parts) -> Parsed:
    known = await parts.parts.database.read(workflows.known)
    return await asyncio.to_thread(documents.check, text, catalog=parts.parts.catalog, workflows=known)


def _with_source(tx: Any, name: str, version: str | None) -> tuple[Workflow, str]:
    workflow = workflows.get(tx, name, version)
    return workflow, workflows.source(tx, name, workflow.version)
