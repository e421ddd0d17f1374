"""Forms: a schema taken apart into the JSON types it allows, each with its own limits."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tools.pointers import follow

_MOST_FORMS = 64
_DEEPEST = 40
_NOTES = frozenset(
    {
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "contentEncoding",
        "contentMediaType",
        "default",
        "definitions",
        "deprecated",
        "description",
        "example",
        "examples",
        "format",
        "readOnly",
        "title",
        "writeOnly",
    }
)
_JOINED = frozenset({"$ref", "allOf", "anyOf", "oneOf", "type"})
_TYPES: dict[type, str] = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}


class Form(NamedTuple):
    """One JSON type with the keywords that limit it."""

    type: str | None
    """The JSON type; None stands for any."""

    keywords: Mapping[str, Any]
    """Limits only; notes such as titles are left out."""


class _TooManyError(Exception):
    """The schema has more forms than are worth comparing."""


def forms(schema: Any, root: Any) -> list[Form] | None:
    """Return the forms that values of the schema can take; None where they are too many to tell."""
    try:
        return _forms(schema, root, 0)
    except _TooManyError:
        return None


def _forms(schema: Any, root: Any, depth: int) -> list[Form]:
    if depth > _DEEPEST:
        raise _TooManyError
    schema = follow(schema, root)
    if not isinstance(schema, Mapping):
        return [] if schema is False else [Form(None, {})]
    found = _own(schema)
    for member in schema.get("allOf", ()):
        found = _joined(found, _forms(member, root, depth + 1))
    for keyword in ("anyOf", "oneOf"):
        members = schema.get(keyword, ())
        if members:
            found = _joined(found, [form for member in members for form in _forms(member, root, depth + 1)])
    return found


def _own(schema: Mapping[str, Any]) -> list[Form]:
    keywords = {
        name: value
        for name, value in schema.items()
        if name not in _NOTES | _JOINED and not name.startswith("x-")
    }
    types = schema.get("type", _implied(keywords))
    types = [types] if isinstance(types, str) or types is None else types
    return [form for name in types for form in _limited(name, keywords)]


def _implied(keywords: Mapping[str, Any]) -> Any:
    """Return the types that a schema means without saying so."""
    if "const" in keywords:
        return _type(keywords["const"])
    if "enum" in keywords:
        return sorted({_type(value) for value in keywords["enum"]})
    if "properties" in keywords:
        return "object"
    return "array" if "items" in keywords else None


def _limited(name: str | None, keywords: Mapping[str, Any]) -> list[Form]:
    """Return the form of one type; none where its allowed values hold none of that type."""
    if name is None or not {"enum", "const"} & keywords.keys():
        return [Form(name, keywords)]
    values = keywords["enum"] if "enum" in keywords else [keywords["const"]]
    fitting = [value for value in values if _fits(_type(value), name)]
    rest = {key: value for key, value in keywords.items() if key not in {"enum", "const"}}
    if name == "null":
        return [Form(name, {})] if fitting else []
    return [Form(name, {**rest, "enum": fitting})] if fitting else []


def _fits(found: str, wanted: str) -> bool:
    return found == wanted or (found == "integer" and wanted == "number")


def _type(value: Any) -> str:
    return _TYPES.get(type(value), "object")


def _joined(left: list[Form], right: list[Form]) -> list[Form]:
    """Return the forms of values that fit both sides."""
    if len(left) * len(right) > _MOST_FORMS:
        raise _TooManyError
    pairs = ((one, other, _common(one.type, other.type)) for one in left for other in right)
    return [Form(name, _merged(one.keywords, other.keywords)) for one, other, (name, meet) in pairs if meet]


def _common(left: str | None, right: str | None) -> tuple[str | None, bool]:
    if left is None or right is None:
        return (right if left is None else left), True
    if {left, right} == {"integer", "number"}:
        return "integer", True
    return left, left == right


def _merged(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**left, **right}
    for name in left.keys() & right.keys():
        if left[name] != right[name]:
            merged.update(_both(name, left[name], right[name]))
    return merged


def _both(name: str, left: Any, right: Any) -> dict[str, Any]:
    """Return one keyword that says what two of its kind say together."""
    if name == "properties":
        shared = {key: {"allOf": [left[key], right[key]]} for key in left.keys() & right.keys()}
        return {name: {**left, **right, **shared}}
    if name == "required":
        return {name: [*left, *(item for item in right if item not in left)]}
    if name == "enum":
        return {name: [item for item in left if item in right]}
    if name in {"items", "additionalProperties"}:
        return {name: {"allOf": [left, right]}}
    return {f"also {name}": left}
