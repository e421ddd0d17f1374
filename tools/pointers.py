"""Pointers: JSON pointers (RFC 6901) and the references inside one schema."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

_LONGEST_CHAIN = 50


def pointer(parts: Iterable[str | int]) -> str:
    """Write the parts of a path as a JSON pointer."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def parts(text: str) -> tuple[str, ...]:
    """Read a JSON pointer into its parts."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def find(root: Any, text: str) -> Any:
    """Return what a JSON pointer names; raise LookupError where it names nothing."""
    value = root
    for part in parts(text):
        if isinstance(value, Mapping):
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, str) and part.isdecimal():
            value = value[int(part)]
        else:
            raise LookupError(text)
    return value


def target(reference: str, root: Any) -> Any:
    """Return what a local `$ref` such as `#/$defs/Order` names; raise LookupError for any other."""
    if not reference.startswith("#"):
        raise LookupError(reference)
    return find(root, unquote(reference[1:]))


def follow(schema: Any, root: Any) -> Any:
    """Return the schema behind a chain of bare `$ref`s; an unknown or endless one gives True."""
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        try:
            found = target(str(schema["$ref"]), root)
        except LookupError:
            return True
        rest = {name: value for name, value in schema.items() if name not in {"$ref", "$defs"}}
        schema = {"allOf": [found, rest]} if rest else found
    return True
