"""The ledger: what a service knows, and every effect it ever applied, in one SQLite file.

An effect and its record are one transaction, so the records are proof: what is in them happened, once each.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson

from examples.shop.services.documents import Document, conflict

D = TypeVar("D", bound=Document)
Seed = Mapping[str, Document]
"""Documents by id; ids are unique in a service."""

FIRST_NUMBER = 9001
"""Numbers below it belong to the seed."""

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (kind TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS numbers (prefix TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  operation TEXT NOT NULL, arguments BLOB NOT NULL, idempotency_key TEXT, answer BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS one_effect_per_key ON records (operation, idempotency_key);
"""
_SELECT = "SELECT seq, at, operation, arguments, idempotency_key, answer FROM records"


class Effect(Document):
    """One effect that the service applied."""

    seq: int
    at: str
    operation: str
    arguments: dict[str, Any]
    idempotency_key: str | None
    answer: dict[str, Any]


class Ledger:
    """Documents by class and id, and the records of effects."""

    def __init__(self, file: Path | None = None, *, seed: Seed | None = None) -> None:
        name = str(file) if file else ":memory:"
        self._db = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_TABLES)
        if seed and not self._db.execute("SELECT 1 FROM documents LIMIT 1").fetchone():
            self._plant(seed)

    def close(self) -> None:
        self._db.close()

    def get(self, kind: type[D], name: str) -> D | None:
        row = self._db.execute(
            "SELECT body FROM documents WHERE kind = ? AND id = ?", (kind.__name__, name)
        ).fetchone()
        return kind.model_validate_json(row[0]) if row else None

    def put(self, name: str, document: Document) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            (type(document).__name__, name, document.model_dump_json()),
        )

    def all(self, kind: type[D]) -> list[D]:
        rows = self._db.execute("SELECT body FROM documents WHERE kind = ? ORDER BY id", (kind.__name__,))
        return [kind.model_validate_json(row[0]) for row in rows]

    def number(self, prefix: str) -> str:
        """Return the next free id, such as `o-9001`."""
        row = self._db.execute(
            "INSERT INTO numbers VALUES (?, ?) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
            (prefix, FIRST_NUMBER),
        ).fetchone()
        return f"{prefix}-{row[0]}"

    def apply(
        self,
        kind: type[D],
        operation: str,
        arguments: Mapping[str, Any],
        *,
        act: Callable[[], D],
        key: str | None = None,
    ) -> D:
        """Do `act` and record it, in one transaction; with a key that was used before, answer as before."""
        with self._transaction():
            if key is not None and (before := self._recorded(operation, key)):
                if before.arguments != arguments:
                    raise conflict(f"the key {key!r} came before with other arguments: {before.arguments}")
                return kind.model_validate(before.answer)
            answer = act()
            self._db.execute(
                "INSERT INTO records (operation, arguments, idempotency_key, answer) VALUES (?, ?, ?, ?)",
                (operation, orjson.dumps(arguments), key, answer.model_dump_json()),
            )
            return answer

    def records(self) -> list[Effect]:
        return [_effect(row) for row in self._db.execute(f"{_SELECT} ORDER BY seq")]

    def _recorded(self, operation: str, key: str) -> Effect | None:
        row = self._db.execute(
            f"{_SELECT} WHERE operation = ? AND idempotency_key = ?", (operation, key)
        ).fetchone()
        return _effect(row) if row else None

    def _plant(self, seed: Seed) -> None:
        with self._transaction():
            for name, document in seed.items():
                self.put(name, document)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _effect(row: tuple[Any, ...]) -> Effect:
    return Effect(
        seq=row[0],
        at=row[1],
        operation=row[2],
        arguments=orjson.loads(row[3]),
        idempotency_key=row[4],
        answer=orjson.loads(row[5]),
    )
