"""Keys: which run or plan an Idempotency-Key made, so that a repeated request makes no second one."""

from datetime import datetime

from sqlalchemy import Connection, select

from planner.errors import KeyReused
from planner.store import tables


def claim(tx: Connection, key: str, *, request_sha256: str, run_id: str, now: datetime) -> str | None:
    """Bind the key to the run or plan; return the one it was bound to before, or None when it is new.

    Raises:
        KeyReused: the key came with another request.
    """
    row = {"key": key, "request_sha256": request_sha256, "run_id": run_id, "created_at": now}
    if tables.insert_or_skip(tx, tables.keys, row):
        return None
    return find(tx, key, request_sha256=request_sha256)


def find(tx: Connection, key: str, *, request_sha256: str) -> str | None:
    """Return the run or plan that the key made with this same request, or None when it is new.

    Raises:
        KeyReused: the key came with another request.
    """
    found = tx.execute(select(tables.keys).where(tables.keys.c.key == key)).one_or_none()
    if found is None:
        return None
    if found.request_sha256 != request_sha256:
        raise KeyReused(key)
    return str(found.run_id)
