"""Labels: what a contract says that values must be kept from, written into schemas. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from tools import pointers
from tools.operations import JsonSchema, Operation

Word = Literal["secret", "personal", "untrusted"]
"""What a value must be kept from; validation tells what each means."""

ANNOTATION = "x-label"
"""Keyword of a schema that labels the values it describes, by one word or several."""
OUTPUT = "output"
"""What the place of a label begins with that is in the answer, not among the arguments."""

_MEMBERS = ("allOf", "anyOf", "oneOf")


def labelled(operation: Operation, labels: Mapping[str, Word]) -> Operation:
    """Return the operation with labels in its schemas; places that are none are left out.

    Args:
        operation: as it was read.
        labels: a word by place: an argument such as `customer.email`, or a field of the answer behind
            `output.`; a place in a list is that of each item.
    """
    schemas: dict[str, JsonSchema] = {"input": operation.input, OUTPUT: operation.output or {}}
    for place, word in labels.items():
        side, fields = _split(place)
        found = _put(schemas[side], schemas[side], fields, word)
        if found is not None:
            schemas[side] = found
    changed = {"input": schemas["input"]} | ({OUTPUT: schemas[OUTPUT]} if schemas[OUTPUT] else {})
    return operation.model_copy(update=changed)


def lost(operation: Operation, labels: Iterable[str]) -> list[str]:
    """Return the places at which the operation has no argument or field that could be labelled."""
    found = []
    for place in labels:
        side, fields = _split(place)
        schema = operation.input if side == "input" else operation.output or {}
        if _put(schema, schema, fields, "secret") is None:
            found.append(place)
    return found


def _split(place: str) -> tuple[str, tuple[str, ...]]:
    first, *rest = place.split(".")
    return (OUTPUT, tuple(rest)) if first == OUTPUT else ("input", (first, *rest))


def _put(schema: Any, root: JsonSchema, fields: tuple[str, ...], word: Word) -> dict[str, Any] | None:
    """Return a schema with a label where the fields lead to; None where they lead nowhere."""
    here = pointers.follow(schema, root)
    here = {} if here is True else here
    if not isinstance(here, Mapping):
        return None
    if not fields:
        return {**here, ANNOTATION: [*dict.fromkeys((*_words(here), word))]}
    if "items" in here:
        return _changed(here, "items", _put(here["items"], root, fields, word))
    first, properties = fields[0], here.get("properties", {})
    alternatives = (
        () if first in properties else (key for key in _MEMBERS if _knows(here.get(key, ()), root, first))
    )
    for key in alternatives:
        put = [_put(each, root, fields, word) if _knows([each], root, first) else each for each in here[key]]
        return _changed(here, key, None if None in put else put)
    is_closed = here.get("additionalProperties") is False or here.get("type", "object") != "object"
    if first not in properties and is_closed:
        return None
    below = _put(properties.get(first, {}), root, fields[1:], word)
    return _changed(here, "properties", None if below is None else {**properties, first: below})


def _changed(schema: Mapping[str, Any], key: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {**schema, key: value}


def _knows(members: Iterable[Any], root: JsonSchema, name: str) -> bool:
    """Tell whether one of the schemas names a property, itself or in what it is joined from."""
    for schema in members:
        here = pointers.follow(schema, root)
        if isinstance(here, Mapping):
            below = [each for key in _MEMBERS for each in here.get(key, ())]
            if name in here.get("properties", {}) or _knows(below, root, name):
                return True
    return False


def _words(schema: Mapping[str, Any]) -> list[str]:
    told = schema.get(ANNOTATION, ())
    return [told] if isinstance(told, str) else list(told)
