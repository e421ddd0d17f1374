"""Samples: values that fit a JSON Schema, the plainest first, for what no case answers. Pure."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tools import schemas

MOST = 64
"""How many samples of one schema are looked at."""
_DEEPEST = 6
_PLAIN: Mapping[str, tuple[Any, ...]] = {
    "string": ("x",),
    "integer": (1, 0),
    "number": (1.0, 0.0),
    "boolean": (True, False),
    "null": (None,),
}


def samples(schema: Any, like: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Yield values that fit a schema.

    Args:
        schema: what they fit.
        like: values by name; a field of the same name takes the value over where it fits.
    """
    given = dict(like or {})
    found = islice(_values(schema, given, schema, 0), MOST)
    return (value for value in found if schemas.valid(schema, value))


def _values(schema: Any, like: Mapping[str, Any], root: Any, depth: int) -> Iterator[Any]:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        yield {}
        return
    schema = _resolved(schema, root)
    if "const" in schema:
        yield schema["const"]
    elif "enum" in schema:
        yield from schema["enum"]
    elif "default" in schema:
        yield schema["default"]
    elif "examples" in schema:
        yield from schema["examples"]
    elif parts := schema.get("anyOf") or schema.get("oneOf"):
        for part in parts:
            yield from _values(part, like, root, depth + 1)
    elif parts := schema.get("allOf"):
        yield _merged([next(_values(part, like, root, depth + 1), {}) for part in parts])
    else:
        yield from _typed(schema, like, root, depth)


def _resolved(schema: Mapping[str, Any], root: Any) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _merged(parts: list[Any]) -> Any:
    if all(isinstance(part, Mapping) for part in parts):
        return {name: value for part in parts for name, value in part.items()}
    return parts[-1] if parts else {}


def _typed(schema: Mapping[str, Any], like: Mapping[str, Any], root: Any, depth: int) -> Iterator[Any]:
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    if kind == "object":
        yield from _objects(schema, like, root, depth)
    elif kind == "array":
        yield from _lists(schema, like, root, depth)
    elif kind == "string":
        yield "x" * max(1, int(schema.get("minLength", 1)))
    elif kind in {"integer", "number"}:
        yield from _numbers(schema, str(kind))
    else:
        yield from _PLAIN.get(str(kind), ({},))


def _numbers(schema: Mapping[str, Any], kind: str) -> Iterator[Any]:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    if least is not None:
        value = least if "minimum" in schema else least + 1
        yield int(value) if kind == "integer" else float(value)
    yield from _PLAIN[kind]


def _lists(schema: Mapping[str, Any], like: Mapping[str, Any], root: Any, depth: int) -> Iterator[Any]:
    items = schema.get("items", {})
    least = int(schema.get("minItems", 0))
    first: Any = next(_values(items, like, root, depth + 1), {})
    yield [first] * max(1, least)
    if least == 0:
        yield []


def _objects(schema: Mapping[str, Any], like: Mapping[str, Any], root: Any, depth: int) -> Iterator[Any]:
    """Yield the plainest object, and others that differ from it in one field."""
    properties = schema.get("properties", {})
    ways = {name: _field(name, part, like, root, depth) for name, part in properties.items()}
    plain = {name: next(values) for name, values in ways.items()}
    yield plain
    for name, values in ways.items():
        for value in values:
            yield {**plain, name: value}


def _field(name: str, schema: Any, like: Mapping[str, Any], root: Any, depth: int) -> Iterator[Any]:
    if name in like:
        yield like[name]
    yield from _values(schema, like, root, depth + 1)
