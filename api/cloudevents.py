"""CloudEvents: events in a request, in each of the three modes of their HTTP binding (CloudEvents 1.0.2)."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Request
from pydantic import ValidationError

from api import bodies, errors
from api.errors import MediaTypeUnsupported, RequestInvalid
from planner.events import Event
from tools.problems import Problem

ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"
"""Media types of one event and of many."""
VERSION = "1.0"
MOST = 1000
"""Events in one request."""
_BINARY = "ce-"
_OWN = frozenset({"id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"})


async def read(request: Request) -> list[Event]:
    """Return the events of a request.

    Raises:
        MediaTypeUnsupported: it is in none of the three modes.
        BodyUnreadable: the body is no JSON, or no text.
        RequestInvalid: something in it is no event; every problem has its place.
    """
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found == ONE:
        return [event(bodies.parsed(await bodies.text(request, (ONE,))))]
    if found == MANY:
        return _batch(bodies.parsed(await bodies.text(request, (MANY,))))
    if f"{_BINARY}specversion" in request.headers:
        return [event(await _binary(request), "/header")]
    raise MediaTypeUnsupported(found, (ONE, MANY, "the attributes as `ce-` headers with the data as body"))


def _batch(body: Any) -> list[Event]:
    if not isinstance(body, list) or len(body) > MOST:
        what = f"{len(body)} events" if isinstance(body, list) else "no list"
        message = f"The body holds {what}."
        remedy = f"Send a list of at most {MOST} events."
        raise RequestInvalid([Problem(path="/", code="wrong-type", message=message, remedy=remedy)])
    events: list[Event] = []
    problems: list[Problem] = []
    for place, item in enumerate(body):
        try:
            events.append(event(item, f"/{place}"))
        except RequestInvalid as exc:
            problems += exc.problems
    if problems:
        raise RequestInvalid(problems)
    return events


async def _binary(request: Request) -> dict[str, Any]:
    """Return what the headers and the body of a request in binary mode say, as in the structured one."""
    headers = request.headers
    told: dict[str, Any] = {
        name.removeprefix(_BINARY): unquote(value)
        for name, value in headers.items()
        if name.startswith(_BINARY)
    }
    body, kind = await request.body(), headers.get("content-type")
    if kind is not None:
        told["datacontenttype"] = kind
    if not body:
        return told
    if kind is None or _is_json(kind):
        return {**told, "data": bodies.parsed(bodies.decoded(body))}
    if kind.strip().lower().startswith("text/"):
        return {**told, "data": bodies.decoded(body)}
    return {**told, "data_base64": base64.b64encode(body).decode()}


def _is_json(kind: str) -> bool:
    bare = kind.partition(";")[0].strip().lower()
    return bare.endswith(("/json", "+json"))


def event(told: Any, at: str = "") -> Event:
    """Return the event that a JSON object tells.

    Args:
        told: the object.
        at: JSON pointer to it, which stands before those of problems.

    Raises:
        RequestInvalid: it is none; every problem has its place.
    """
    if not isinstance(told, Mapping):
        message = "An event is a JSON object."
        raise RequestInvalid([Problem(path=at or "/", code="wrong-type", message=message)])
    version = told.get("specversion")
    if version != VERSION:
        message = f"`specversion` is {version!r}." if "specversion" in told else "`specversion` is missing."
        remedy = f"Send events of CloudEvents {VERSION}."
        raise RequestInvalid(
            [Problem(path=f"{at}/specversion", code="wrong-value", message=message, remedy=remedy)]
        )
    fields = {name: value for name, value in told.items() if name in _OWN and value is not None}
    if "data_base64" in told:
        fields["data"] = told["data_base64"]
    known = _OWN | {"specversion", "data_base64"}
    fields["extensions"] = {
        name: value for name, value in told.items() if name not in known and value is not None
    }
    try:
        return Event.model_validate(fields)
    except ValidationError as exc:
        wrong = errors.invalid(exc)
        raise RequestInvalid([_placed(problem, at) for problem in wrong.problems]) from exc


def _placed(problem: Problem, at: str) -> Problem:
    path = problem.path.replace("/extensions/", "/", 1).removesuffix("/[key]")
    return problem.model_copy(update={"path": f"{at}{path}"})


def documented(example: Mapping[str, Any]) -> dict[str, Any]:
    """Return how events in the body appear in the OpenAPI document."""
    one = {"schema": {"type": "object"}, "example": dict(example)}
    many = {"schema": {"type": "array", "items": {"type": "object"}}, "example": [dict(example)]}
    return {"requestBody": {"required": True, "content": {ONE: one, MANY: many}}}


Events = Annotated[list[Event], Depends(read)]
