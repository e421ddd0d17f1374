"""Moments: points in time as texts (RFC 3339)."""

from datetime import datetime
from typing import Any


def moment(value: Any) -> datetime | None:
    """Return the moment that a text tells, or None where it is no full date and time with an offset."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if found.tzinfo is None else found
