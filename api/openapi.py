"""OpenAPI: the document that tells clients how this API is spoken to."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.errors import MEDIA_TYPE
from api.requests import Answering, Labelling, PlanInput, PlanVerdict, StateChange
from api.schemas import ProblemDetails
from graphs.framing import PlanRequest
from graphs.intake import RunRequest
from graphs.origins import ForkRequest
from graphs.overrides import OverrideRequest
from graphs.repinning import RepinRequest
from planner.schedules import NewSchedule, Timing
from planner.webhooks import NewWebhook

_TEMPLATE = "#/components/schemas/{model}"
_BODIES = (
    PlanRequest,
    PlanInput,
    PlanVerdict,
    RunRequest,
    Answering,
    Labelling,
    ForkRequest,
    OverrideRequest,
    RepinRequest,
    StateChange,
    NewSchedule,
    Timing,
    NewWebhook,
    ProblemDetails,
)
_EXAMPLE = {
    "type": "urn:planner:run-unknown",
    "title": "No run has this id",
    "status": 404,
    "detail": "there is no run 'r-1'",
    "instance": "/v1/runs/r-1",
    "code": "run-unknown",
}
_PROBLEM = {
    "description": "Why the request was not served (RFC 9457).",
    "content": {
        MEDIA_TYPE: {"schema": {"$ref": _TEMPLATE.format(model="ProblemDetails")}, "example": _EXAMPLE}
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}
"""What every endpoint may answer besides."""

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def document(app: FastAPI, *, secured: bool) -> dict[str, Any]:
    """Return the document, with the schemas of bodies that are read strictly, and of problems."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = found.setdefault("components", {})
    bodies = [(model, "validation") for model in _BODIES]
    _, defined = models_json_schema(bodies, ref_template=_TEMPLATE)  # type: ignore[arg-type] # literal modes
    components["schemas"] = {**defined["$defs"], **components.get("schemas", {})}
    if secured:
        components["securitySchemes"] = _SCHEMES
        found["security"] = [{name: []} for name in _SCHEMES]
    return found
