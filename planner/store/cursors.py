"""Cursors: pages of a long list, and the place where the next one begins."""

import base64
import binascii
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
from sqlalchemy import Column, Connection, Row, Select, literal, tuple_

from planner.errors import CursorInvalid

T = TypeVar("T")

LIMIT = 50
"""Items on a page unless told."""
MAX_LIMIT = 1000
"""Items on a page at most."""


class Page(NamedTuple, Generic[T]):
    """Some items of a list, and how to get the next ones."""

    items: tuple[T, ...]
    next_cursor: str | None
    """None on the last page."""


class Order(NamedTuple):
    """What a list is sorted by, newest first; the id settles ties."""

    noun: str
    """What the list holds; a cursor of another list is refused."""
    at: Column[datetime]
    id: Column[str]


def all_pages(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Yield every item of a list, page by page; `page` is given the cursor of each."""
    cursor: str | None = None
    while True:
        found = page(cursor)
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return


def write(noun: str, *position: str | int) -> str:
    """Return the cursor of a position in a list of `noun`."""
    return base64.urlsafe_b64encode(orjson.dumps([noun, *position])).decode().rstrip("=")


def read(noun: str, cursor: str, *kinds: type) -> list[Any]:
    """Return the position that a cursor holds, its parts being of these types.

    Raises:
        CursorInvalid: it was not written by `write` for this noun.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        value = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError) as error:
        raise CursorInvalid(cursor) from error
    if not isinstance(value, list) or [type(part) for part in value] != [str, *kinds] or value[0] != noun:
        raise CursorInvalid(cursor)
    return value[1:]


def newest_first(
    tx: Connection,
    query: Select[Any],
    order: Order,
    *,
    make: Callable[[Row[Any]], T],
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """Return the page of `query` that begins at the cursor, newest first."""
    if cursor is not None:
        at, identity = _position(order, cursor)
        here = tuple_(literal(at, order.at.type), literal(identity, order.id.type))
        query = query.where(tuple_(order.at, order.id) < here)
    size = min(max(limit, 1), MAX_LIMIT)
    rows = tx.execute(query.order_by(order.at.desc(), order.id.desc()).limit(size + 1)).all()
    shown = rows[:size]
    after = None
    if len(rows) > size:
        last = shown[-1]._mapping  # noqa: SLF001 - the documented way to read a row by column
        after = write(order.noun, last[order.at].isoformat(), last[order.id])
    return Page(tuple(make(row) for row in shown), after)


def _position(order: Order, cursor: str) -> tuple[datetime, str]:
    at, identity = read(order.noun, cursor, str, str)
    try:
        return datetime.fromisoformat(at).astimezone(UTC), identity
    except (ValueError, OverflowError) as error:
        raise CursorInvalid(cursor) from error
