"""Bodies: what a client sends, read strictly, with the place of everything that is wrong."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from api import errors
from api.errors import BodyUnreadable, MediaTypeUnsupported
from tools import yaml

JSON = ("application/json",)
YAML = ("application/yaml", "text/yaml", "application/x-yaml")
DEFINITION = (*YAML, *JSON)
"""Types in which a workflow may be sent."""

M = TypeVar("M", bound=BaseModel)


def json_of(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """Return a dependency that reads the body as JSON of this form.

    It raises what `read` does.
    """

    async def reading(request: Request) -> M:
        return await read(request, model)

    return reading


async def read(request: Request, model: type[M]) -> M:
    """Return the body, which is JSON of this form.

    Raises:
        MediaTypeUnsupported: it is of another type.
        BodyUnreadable: it is no JSON.
        DocumentInvalid: a key is written twice, or the document swells.
        RequestInvalid: it is of another form.
    """
    data = parsed(await text(request, JSON))
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise errors.invalid(exc) from exc


async def definition(request: Request) -> str:
    """Return the text of a workflow in the body.

    Raises:
        MediaTypeUnsupported: it is neither YAML nor JSON.
        BodyUnreadable: it is no UTF-8 text.
    """
    return await text(request, DEFINITION)


async def text(request: Request, allowed: Collection[str]) -> str:
    """Return the body as text.

    Raises:
        MediaTypeUnsupported: its type is not among those allowed.
        BodyUnreadable: it is no UTF-8 text.
    """
    found = request.headers.get("content-type", "")
    if found.partition(";")[0].strip().lower() not in allowed:
        raise MediaTypeUnsupported(found, tuple(allowed))
    return decoded(await request.body())


def decoded(body: bytes) -> str:
    """Return the text of a body.

    Raises:
        BodyUnreadable: it is no UTF-8 text.
    """
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        raise BodyUnreadable(f"the body is no UTF-8 text: byte {exc.start} cannot be read") from exc


def parsed(body: str) -> Any:
    """Return what strict JSON says.

    Raises:
        BodyUnreadable: it is no JSON; the place is told.
        DocumentInvalid: a key is written twice, or the document is nested too deeply.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise BodyUnreadable(f"the body is no JSON: {exc}") from exc
    return yaml.load(body).data


def documented(
    model: type[BaseModel], examples: Mapping[str, Any], *, required: bool = True
) -> dict[str, Any]:
    """Return how a JSON body appears in the OpenAPI document."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}
    return {"requestBody": {"required": required, "content": {JSON[0]: content}}}


def definition_documented(example: str) -> dict[str, Any]:
    """Return how a workflow in the body appears in the OpenAPI document."""
    schema = {"type": "string", "description": "A workflow, as the command `planner schema` describes it."}
    shown = {YAML[0]: {"schema": schema, "example": example}, JSON[0]: {"schema": {"type": "object"}}}
    return {"requestBody": {"required": True, "content": shown}}
