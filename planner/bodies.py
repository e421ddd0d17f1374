"""Bodies: JSON as the store keeps it, compact and without loss. Pure."""

import json
from typing import Any

import orjson

_WIDE = " "
"""Stands before a document that only the slower reader gives back unchanged."""


def encode(value: Any) -> str:
    """Return the value as compact JSON text.

    Raises:
        TypeError: a value is no JSON.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Services do answer integers beyond 64 bits and lone surrogates; losing them would change a replay.
        return _WIDE + json.dumps(value, separators=(",", ":"))


def decode(text: str | None) -> Any:
    """Return the value that was encoded; None for what was never stored."""
    if text is None:
        return None
    return json.loads(text) if text.startswith(_WIDE) else orjson.loads(text)
