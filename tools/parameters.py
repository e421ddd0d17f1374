"""Parameters: what a call takes beside its body, as arguments and their places on the wire."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from tools.definitions import Definitions
from tools.problems import Problem
from tools.references import Located
from tools.wording import hint, show

Place = Literal["path", "query", "header", "cookie", "body", "form", "whole_body"]
Style = Literal["comma", "space", "pipe", "repeat"]

_PLACES: dict[str, Place] = {"path": "path", "query": "query", "header": "header", "cookie": "cookie"}
_NOT_ARGUMENTS = frozenset({"accept", "authorization", "content-type"})
_STYLES: dict[str, Style] = {"spaceDelimited": "space", "pipeDelimited": "pipe", "simple": "comma"}
_COMPOUND = frozenset({"array", "object"})
_WRITTEN = {
    "label": "written in the label style, such as `.a.b`",
    "matrix": "written in the matrix style, such as `;id=a`",
    "tabs": "items divided by tabs",
}


class Argument(NamedTuple):
    """One argument of an operation."""

    name: str
    wire: str
    """The name on the wire."""
    place: Place
    schema: Any
    required: bool
    style: Style = "repeat"


def read(parameters: Iterable[Located], definitions: Definitions) -> list[Argument]:
    """Return the arguments of parameters that are already merged and resolved."""
    found: list[Argument] = []
    for located in parameters:
        place, name = _PLACES[located.value["in"]], located.value["name"]
        if not (place == "header" and name.lower() in _NOT_ARGUMENTS):
            found += _arguments(located, place, definitions)
    return unique(found)


def fault(located: Located, *, places: Iterable[str] = _PLACES) -> Problem | None:
    """Return what keeps a parameter from being read; None where nothing does."""
    name, place = located.value.get("name"), located.value.get("in")
    if not isinstance(name, str) or not name:
        return Problem(
            path=located.path, code="missing-field", message="A parameter has no name.", remedy="Add `name`."
        )
    if place not in list(places):
        return Problem(
            path=f"{located.path}/in",
            code="not-allowed",
            message=f"The parameter {name!r} stands in {show(place)}.",
            remedy=hint(str(place), places),
        )
    return None


def unique(arguments: Iterable[Argument]) -> list[Argument]:
    """Return the arguments with equal names told apart by their places."""
    found: dict[str, Argument] = {}
    for argument in arguments:
        name, number = argument.name, 2
        if name in found:
            name = f"{name}_{argument.place}"
        while name in found:
            name, number = f"{argument.name}_{argument.place}{number}", number + 1
        found[name] = argument._replace(name=name)
    return list(found.values())


def _arguments(located: Located, place: Place, definitions: Definitions) -> list[Argument]:
    value = located.value
    name, required = value["name"], place == "path" or value.get("required") is True
    style = str(value.get("style") or ("form" if place in {"query", "cookie"} else "simple"))
    schema = _schema(located, definitions)
    if "content" in value:
        note = "written as JSON"
        return [Argument(name, name, place, _text(value, note), required)]
    if style in _WRITTEN:
        return [Argument(name, name, place, _text(value, _WRITTEN[style]), required)]
    if style == "deepObject":
        return _deep(name, schema, definitions, required=required)
    wire: Style = _STYLES.get(style, "comma" if value.get("explode") is False else "repeat")
    if _is_scalar(definitions.behind(schema)):
        wire = "repeat"
    return [Argument(name, name, place, _described(schema, value), required, wire)]


def _is_scalar(schema: Any) -> bool:
    types = schema.get("type") if isinstance(schema, Mapping) else None
    return types is not None and not _COMPOUND & set([types] if isinstance(types, str) else types)


def _schema(located: Located, definitions: Definitions) -> Any:
    schema = located.child("schema")
    return definitions.convert(schema) if schema.value is not None else True


def _described(schema: Any, parameter: Mapping[str, Any]) -> Any:
    """Return the schema with the parameter's own description and default where it has none."""
    if schema is True:
        schema = {}
    if not isinstance(schema, dict):
        return schema
    notes = {
        name: parameter[name]
        for name in ("description", "deprecated")
        if parameter.get(name) and name not in schema
    }
    if "example" in parameter and "examples" not in schema:
        notes["examples"] = [parameter["example"]]
    return {**schema, **notes}


def _text(parameter: Mapping[str, Any], note: str) -> dict[str, Any]:
    """Return the schema of an argument that the caller has to write himself."""
    described = str(parameter.get("description") or "").strip()
    return {"type": "string", "description": f"{described} ({note})" if described else f"({note})"}


def _deep(name: str, schema: Any, definitions: Definitions, *, required: bool) -> list[Argument]:
    """Return one argument, such as `filter[colour]`, for each field of an object in the query."""
    behind = definitions.behind(schema)
    fields = behind.get("properties", {}) if isinstance(behind, Mapping) else {}
    needed = behind.get("required", ()) if isinstance(behind, Mapping) and required else ()
    return [
        Argument(f"{name}[{field}]", f"{name}[{field}]", "query", inner, field in needed)
        for field, inner in fields.items()
    ]
