"""Search: which texts are about a goal, ranked by SQLite's full-text index."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple

from planner.errors import StoreUnavailable

LONGEST_QUERY_WORDS = 64
_WORD = re.compile(r"[^\W_]+")
_TABLE = "CREATE VIRTUAL TABLE texts USING fts5(name, words, tokenize='porter unicode61 remove_diacritics 2')"
_QUERY = """
SELECT name, -bm25(texts, 0.0, 1.0) AS score FROM texts WHERE texts MATCH ? ORDER BY score DESC, rowid
"""


class Ranked(NamedTuple):
    """A candidate and how well it fits."""

    name: str
    score: float
    """Higher fits better; 0 where no word is shared."""


def rank(goal: str, candidates: Mapping[str, str]) -> list[Ranked]:
    """Return every candidate, best first, by how many telling words its text shares with the goal.

    Raises:
        StoreUnavailable: this Python's SQLite has no full-text index.
    """
    query = " OR ".join(f'"{word}"' for word in dict.fromkeys(_words(goal)[:LONGEST_QUERY_WORDS]))
    found = _matches(query, candidates) if query else []
    named = {ranked.name for ranked in found}
    return [*found, *(Ranked(name, 0.0) for name in candidates if name not in named)]


def available() -> bool:
    """Tell whether this Python's SQLite has a full-text index."""
    with closing(sqlite3.connect(":memory:")) as connection:
        return bool(connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])


def _matches(query: str, candidates: Mapping[str, str]) -> list[Ranked]:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(_TABLE)
        except sqlite3.OperationalError as exc:
            raise StoreUnavailable(
                "this Python's SQLite was built without FTS5, which ranking needs"
            ) from exc
        rows = [(name, " ".join(_words(f"{name} {text}"))) for name, text in candidates.items()]
        # A word that half of the rows hold counts for nothing: blank rows keep a small table telling.
        blanks = [("", "")] * (len(rows) + 1)
        connection.executemany("INSERT INTO texts VALUES (?, ?)", [*rows, *blanks])
        return [Ranked(*row) for row in connection.execute(_QUERY, (query,))]


def _words(text: str) -> list[str]:
    return _WORD.findall(text)
