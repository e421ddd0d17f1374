"""Samples: values that fit a JSON Schema, the plainest first, for what no case answers. Pure."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from tools import schemas
from tools.pointers import target

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
    found = islice(_values(schema, given, _Inside(schema)), MOST)
    return (value for value in found if schemas.valid(schema, value))


class _Inside(NamedTuple):
    """Where in a schema one is."""

    root: Any
    depth: int = 0
    through: frozenset[str] = frozenset()
    """The references that led here; none is followed twice, so that samples of what holds itself end."""

    @property
    def below(self) -> "_Inside":
        return self._replace(depth=self.depth + 1)


def _values(schema: Any, like: Mapping[str, Any], inside: _Inside) -> Iterator[Any]:
    """Yield values, none where only a value that holds itself would fit."""
    if not isinstance(schema, Mapping) or inside.depth > _DEEPEST:
        yield {}
    elif not isinstance(reference := schema.get("$ref"), str):
        yield from _plain(schema, like, inside)
    elif reference not in inside.through:
        through = inside._replace(through=inside.through | {reference})
        yield from _values(_resolved(reference, inside.root), like, through)


def _plain(schema: Mapping[str, Any], like: Mapping[str, Any], inside: _Inside) -> Iterator[Any]:
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
            yield from _values(part, like, inside.below)
    elif parts := schema.get("allOf"):
        yield _merged([next(_values(part, like, inside.below), {}) for part in parts])
    else:
        yield from _typed(schema, like, inside)


def _resolved(reference: str, root: Any) -> Mapping[str, Any]:
    try:
        found = target(reference, root)
    except LookupError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _merged(parts: list[Any]) -> Any:
    if all(isinstance(part, Mapping) for part in parts):
        return {name: value for part in parts for name, value in part.items()}
    return parts[-1] if parts else {}


def _typed(schema: Mapping[str, Any], like: Mapping[str, Any], inside: _Inside) -> Iterator[Any]:
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    if kind == "object":
        yield from _objects(schema, like, inside)
    elif kind == "array":
        yield from _lists(schema, like, inside)
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


def _lists(schema: Mapping[str, Any], like: Mapping[str, Any], inside: _Inside) -> Iterator[Any]:
    least = int(schema.get("minItems", 0))
    for first in islice(_values(schema.get("items", {}), like, inside.below), 1):
        yield [first] * max(1, least)
    if least == 0:
        yield []


def _objects(schema: Mapping[str, Any], like: Mapping[str, Any], inside: _Inside) -> Iterator[Any]:
    """Yield the plainest object, and others that differ from it in one field.

    A field for which there is no value is left out; where it is required, there is no object.
    """
    properties = schema.get("properties", {})
    ways = {name: _field(name, part, like, inside) for name, part in properties.items()}
    firsts = {name: list(islice(values, 1)) for name, values in ways.items()}
    if any(not first for name, first in firsts.items() if name in schema.get("required", ())):
        return
    plain = {name: first[0] for name, first in firsts.items() if first}
    yield plain
    for name, values in ways.items():
        for value in values:
            yield {**plain, name: value}


def _field(name: str, schema: Any, like: Mapping[str, Any], inside: _Inside) -> Iterator[Any]:
    if name in like:
        yield like[name]
    yield from _values(schema, like, inside.below)
