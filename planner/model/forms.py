"""Forms: a JSON Schema as strict structured output takes it, and values without what was not told. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

_KEPT = ("type", "description", "enum", "const", "items", "anyOf", "$ref")
_NOTHING = {"type": "null"}


class Form(NamedTuple):
    """A schema to be filled in by a model."""

    schema: dict[str, Any]
    strict: bool
    """Whether strict structured output can express it."""


class _Inexpressible(Exception):
    """Strict structured output has no word for a part of the schema."""


def form(schema: Mapping[str, Any]) -> Form:
    """Return the form of an object schema: every property asked for, and null where it is not told."""
    try:
        return Form(_strict_root(schema), strict=True)
    except _Inexpressible:
        return Form({**schema, "required": []}, strict=False)


def fields(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an object schema by name."""
    found = schema.get("properties")
    return dict(found) if isinstance(found, Mapping) else {}


def without(schema: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object schema without some of its properties."""
    kept = {name: item for name, item in fields(schema).items() if name not in names}
    required = [name for name in schema.get("required", ()) if name in kept]
    return {**schema, "properties": kept, "required": required}


def told(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filled form without nulls that stand for what was not told, and without unasked fields."""
    properties = fields(schema)
    return {
        name: _pruned(properties[name], item)
        for name, item in value.items()
        if name in properties and item is not None
    }


def kinds(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the JSON types that a schema names."""
    named = schema.get("type", ())
    return (named,) if isinstance(named, str) else tuple(named)


def _strict_root(schema: Mapping[str, Any]) -> dict[str, Any]:
    root = _object(schema, required=frozenset())
    defs = schema.get("$defs")
    if isinstance(defs, Mapping):
        root["$defs"] = {name: _strict(item) for name, item in defs.items()}
    return root


def _strict(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or "allOf" in schema or "not" in schema or "if" in schema:
        raise _Inexpressible
    if "properties" in schema:
        return _object(schema, required=frozenset(schema.get("required", ())))
    kept = {name: schema[name] for name in _KEPT if name in schema}
    if "oneOf" in schema:
        kept["anyOf"] = schema["oneOf"]
    if "object" in kinds(kept) or not kept.keys() & {"type", "enum", "const", "anyOf", "$ref"}:
        raise _Inexpressible
    if "items" in kept:
        kept["items"] = _strict(kept["items"])
    elif "array" in kinds(kept):
        raise _Inexpressible
    if "anyOf" in kept:
        kept["anyOf"] = [_strict(item) for item in kept["anyOf"]]
    return kept


def _object(schema: Mapping[str, Any], *, required: frozenset[str]) -> dict[str, Any]:
    properties = {
        name: _strict(item) if name in required else _nullable(_strict(item))
        for name, item in fields(schema).items()
    }
    told_of = {"description": schema["description"]} if "description" in schema else {}
    return {
        **told_of,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("type")
    if isinstance(kinds, str) and not schema.keys() & {"enum", "const"}:
        return {**schema, "type": [kinds, "null"]}
    return {"anyOf": [schema, _NOTHING]}


def _pruned(schema: Any, value: Any) -> Any:
    if isinstance(value, dict) and isinstance(schema, Mapping):
        required = schema.get("required", ())
        return {
            name: _pruned(fields(schema).get(name), item)
            for name, item in value.items()
            if item is not None or name in required
        }
    if isinstance(value, list) and isinstance(schema, Mapping):
        return [_pruned(schema.get("items"), item) for item in value]
    return value
