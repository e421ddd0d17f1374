"""Wording: how values, names and JSON types appear in messages for people."""

import difflib
from collections.abc import Iterable
from typing import Any

import orjson

_LONGEST_SHOWN = 60
_MANY = 8
_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}


def show(value: Any) -> str:
    """Write a value for a message, cut where it is long."""
    try:
        text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> tuple[str, ...]:
    """Return the known names most like this one, best first."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.6)
    return tuple(by_lower[candidate] for candidate in found)


def hint(name: str, known: Iterable[str]) -> str:
    """Return a remedy for an unknown name: the nearest one, or what there is."""
    names = list(known)
    near = nearest(name, names, count=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known here: {listed(names)}." if names else "Remove it."


def listed(names: Iterable[str]) -> str:
    """Write names as one list, cut where there are many."""
    ordered = sorted(names)
    shown = ", ".join(repr(name) for name in ordered[:_MANY])
    return f"{shown} and {len(ordered) - _MANY} more" if len(ordered) > _MANY else shown


def either(values: Iterable[str]) -> str:
    """Write alternatives with commas and a last `or`."""
    items = list(dict.fromkeys(values))
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} or {items[-1]}"


def type_names(types: Iterable[str]) -> str:
    """Write JSON types for people, such as `a whole number or null`."""
    ordered = sorted(types, key=lambda name: (name == "null", name))
    return either(_TYPES.get(name, name) for name in ordered)
