"""Embeddings: what a model made of texts, kept so that no text is embedded twice."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from planner.store import tables
from planner.store.statements import ByKeys, Insert

KEPT = timedelta(days=30)
"""How long what no process uses is kept."""
NOTED = timedelta(days=1)
"""How old the note that something is used may become before it is written anew."""
_AT_ONCE = 500

_embeddings = tables.embeddings
_insert = Insert(_embeddings, replaces=("direction", "used_at"))
_directions = ByKeys(select(_embeddings.c.sha256, _embeddings.c.direction), _embeddings.c.sha256)


def keep(tx: Connection, directions: Mapping[str, bytes], now: datetime) -> None:
    """Keep the directions by their hashes, in place of what was kept under them."""
    _insert(tx, [{"sha256": each, "direction": kept, "used_at": now} for each, kept in directions.items()])


def find(tx: Connection, hashes: Collection[str]) -> dict[str, bytes]:
    """Return those that are kept of these."""
    return {sha256: bytes(direction) for sha256, direction in _directions(tx, hashes)}


def use(tx: Connection, hashes: Collection[str], now: datetime) -> int:
    """Note that these are used, delete what has long not been, and return how many that were."""
    listed = list(hashes)
    for start in range(0, len(listed), _AT_ONCE):
        some = _embeddings.c.sha256.in_(listed[start : start + _AT_ONCE])
        tx.execute(update(_embeddings).where(some, _embeddings.c.used_at < now - NOTED).values(used_at=now))
    return tx.execute(delete(_embeddings).where(_embeddings.c.used_at < now - KEPT)).rowcount
