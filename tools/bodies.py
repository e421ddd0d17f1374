"""Bodies: what a call sends and what it answers, from the media types that a document names."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tools.definitions import Definitions
from tools.parameters import Argument, Place
from tools.references import Located
from tools.requests import is_json, media_type
from tools.wording import show

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_ANY = "*/*"
_PLAIN_OBJECT = frozenset(
    {
        "$comment",
        "additionalProperties",
        "allOf",
        "default",
        "deprecated",
        "description",
        "examples",
        "properties",
        "readOnly",
        "required",
        "title",
        "type",
        "writeOnly",
    }
)
_SUCCESS = range(200, 300)


class Body(NamedTuple):
    """What a call sends."""

    content_type: str | None = None
    arguments: tuple[Argument, ...] = ()
    together: Mapping[str, list[str]] = {}
    """Fields that are needed as soon as one of the body's fields is given, by that field."""


class Success(NamedTuple):
    """What a call answers when it did what was asked."""

    statuses: tuple[int, ...]
    schema: Any
    """None where nothing is known of it."""


class _Fields(NamedTuple):
    properties: dict[str, Any]
    required: list[str]


def request(located: Located, definitions: Definitions, *, taken: Iterable[str]) -> Body:
    """Return what a request sends: the fields of one plain object as arguments, or the body as a whole."""
    content = _content(located, definitions)
    content_type = _preferred(content.value)
    if content_type is None:
        return Body()
    required = located.value.get("required") is True
    media = content.child(content_type)
    schema = media.child("schema")
    converted = definitions.convert(schema) if schema.value is not None else _unknown(content_type)
    sent_as = _written(content_type)
    place: Place = "form" if media_type(sent_as) in _FORMS else "body"
    fields = plain_object(converted, definitions) if place == "form" or is_json(sent_as) else None
    if fields is None or not fields.properties or set(fields.properties) & set(taken):
        return Body(sent_as, (_whole(converted, set(taken), required=required, source=located),))
    return _flat(fields, sent_as, place, required=required)


def _flat(fields: _Fields, content_type: str, place: Place, *, required: bool) -> Body:
    arguments = tuple(
        Argument(name, name, place, schema, required and name in fields.required)
        for name, schema in fields.properties.items()
    )
    needed = fields.required if not required else []
    together = {name: [other for other in needed if other != name] for name in fields.properties}
    return Body(content_type, arguments, {name: others for name, others in together.items() if others})


def _whole(schema: Any, taken: set[str], *, required: bool, source: Located) -> Argument:
    name = next(name for name in ("body", "request_body", "whole_request_body") if name not in taken)
    described = source.value.get("description")
    if described and isinstance(schema, dict) and "description" not in schema:
        schema = {**schema, "description": described}
    return Argument(name, name, "whole_body", schema, required)


def plain_object(schema: Any, definitions: Definitions) -> _Fields | None:
    """Return the fields of a schema that is nothing but an object with named fields."""
    behind = definitions.behind(schema)
    if not isinstance(behind, Mapping) or not behind.keys() <= _PLAIN_OBJECT:
        return None
    if behind.get("type", "object") != "object" or behind.get("additionalProperties") not in {None, False}:
        return None
    properties = dict(behind.get("properties", {}))
    required = list(behind.get("required", ()))
    for member in behind.get("allOf", ()):
        fields = plain_object(member, definitions)
        if fields is None or fields.properties.keys() & properties.keys():
            return None
        properties |= fields.properties
        required += fields.required
    return _Fields(properties, required)


def answer(responses: Mapping[str, Located], definitions: Definitions) -> Success:
    """Return the documented statuses of success and the schema of their JSON answers."""
    exact = sorted(int(status) for status in responses if status.isdecimal() and int(status) in _SUCCESS)
    names = [*(str(status) for status in exact), *(name for name in responses if name.upper() == "2XX")]
    schemas: list[Any] = []
    for name in names:
        schema = _answered(responses[name], definitions)
        if schema is not None and schema not in schemas:
            schemas.append(schema)
    statuses = tuple(exact) if len(names) == len(exact) else ()
    if len(schemas) > 1:
        return Success(statuses, {"anyOf": schemas})
    return Success(statuses, schemas[0] if schemas else None)


def _answered(response: Located, definitions: Definitions) -> Any:
    content = _content(response, definitions)
    for name in content.value:
        if is_json(name) or name == _ANY:
            schema = content.child(name, "schema")
            return definitions.convert(schema) if schema.value is not None else None
    return None


def _content(located: Located, definitions: Definitions) -> Located:
    """Return the media types of a body or an answer, as an object in any case."""
    content = located.child("content")
    if content.value is not None and not isinstance(content.value, Mapping):
        definitions.note(
            content, "wrong-type", f"`content` is {show(content.value)}.", "It must be an object."
        )
    return content if isinstance(content.value, Mapping) else content._replace(value={})


def _preferred(content: Mapping[str, Any]) -> str | None:
    """Return the media type to send: JSON, else a form, else the first."""
    names = list(content)
    ranked = [
        *(name for name in names if is_json(name)),
        *(name for name in names if name == _ANY),
        *(name for name in names if media_type(name) in _FORMS),
        *names,
    ]
    return ranked[0] if ranked else None


def _written(content_type: str) -> str:
    return "application/json" if content_type == _ANY or "*" in content_type else content_type


def _unknown(content_type: str) -> Any:
    if is_json(content_type) or content_type == _ANY or media_type(content_type) in _FORMS:
        return {}
    return {"type": "string"}
