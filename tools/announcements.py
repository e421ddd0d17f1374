"""Announcements: events that a document says may happen, with the form of their data."""

from collections.abc import Iterable

from tools.operations import JsonSchema
from tools.records import Record


class Announcement(Record):
    """One type of event, as a document announces it."""

    type: str
    """Type of the event (CloudEvents 1.0)."""

    summary: str = ""
    """One line on what happened."""

    data: JsonSchema | None = None
    """JSON Schema 2020-12 of the event's data; None where the document does not tell."""

    channel: str = ""
    """Where it is told, as its document has it."""


def joined(announcements: Iterable[Announcement]) -> dict[str, Announcement]:
    """Return the announcements by type; where several tell different data of one type, either may come."""
    found: dict[str, Announcement] = {}
    for each in announcements:
        known = found.get(each.type)
        found[each.type] = each if known is None else _either(known, each)
    return found


def _either(one: Announcement, other: Announcement) -> Announcement:
    if one.data is None or other.data is None or one.data == other.data:
        return one if one.data is None or other.data is not None else other
    if "$defs" in one.data or "$defs" in other.data:
        # Their definitions could bear the same names, so nothing is said rather than something wrong.
        return one.model_copy(update={"data": None})
    return one.model_copy(update={"data": {"anyOf": [*_kinds(one.data), other.data]}})


def _kinds(data: JsonSchema) -> list[JsonSchema]:
    return data["anyOf"] if data.keys() == {"anyOf"} else [data]
