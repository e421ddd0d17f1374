"""Search: which texts are about a goal, ranked by SQLite's full-text index."""

import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from planner.errors import StoreUnavailable

LONGEST_QUERY_WORDS = 64
_WORD = re.compile(r"[^\W_]+")


class Ranked(NamedTuple):
    """A candidate and how well it fits."""

    name: str
    score: float
    """Higher fits better; 0 where no word is shared."""


class Texts:
    """Rows of texts by SQLite's full-text index, with porter stems; built once, asked from any thread."""

    def __init__(self, rows: Iterable[Sequence[str]], *, weights: Sequence[float] = (1.0,)) -> None:
        """Index the rows; each has one text for each weight, which says what a word in it counts for.

        Raises:
            StoreUnavailable: this Python's SQLite has no full-text index.
        """
        self._weights = tuple(weights)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        columns = ", ".join(f"c{place}" for place in range(len(self._weights)))
        tokens = "tokenize='porter unicode61 remove_diacritics 2'"
        try:
            self._connection.execute(
                f"CREATE VIRTUAL TABLE texts USING fts5({columns}, content='', {tokens})"
            )
        except sqlite3.OperationalError as exc:
            raise StoreUnavailable(
                "this Python's SQLite was built without FTS5, which ranking needs"
            ) from exc
        marks = ", ".join("?" for _ in self._weights)
        insert = f"INSERT INTO texts(rowid, {columns}) VALUES (?, {marks})"  # noqa: S608 - names of our own
        self._connection.executemany(insert, ((place, *row) for place, row in enumerate(rows)))

    def find(self, wanted: Iterable[str], *, most: int) -> list[tuple[int, float]]:
        """Return the places of the rows that hold any of these words, the most telling first, with scores."""
        query = " OR ".join(f'"{word}"' for word in dict.fromkeys(wanted))
        if not query:
            return []
        marks = ", ".join("?" for _ in self._weights)
        score = f"bm25(texts, {marks})"
        told = f"SELECT rowid, -{score} FROM texts WHERE texts MATCH ? ORDER BY 2 DESC, rowid LIMIT ?"  # noqa: S608
        with self._lock:
            return self._connection.execute(told, (*self._weights, query, most)).fetchall()


def rank(goal: str, candidates: Mapping[str, str]) -> list[Ranked]:
    """Return every candidate, best first, by how many telling words its text shares with the goal.

    Raises:
        StoreUnavailable: this Python's SQLite has no full-text index.
    """
    names = list(candidates)
    rows = [(" ".join(words(f"{name} {text}")),) for name, text in candidates.items()]
    # A word that half of the rows hold counts for nothing: blank rows keep a small table telling.
    texts = Texts([*rows, *([("",)] * (len(rows) + 1))])
    found = texts.find(words(goal)[:LONGEST_QUERY_WORDS], most=len(rows))
    told = {names[place]: score for place, score in found}
    return [
        Ranked(name, told.get(name, 0.0)) for name in [*told, *(each for each in names if each not in told)]
    ]


def available() -> bool:
    """Tell whether this Python's SQLite has a full-text index."""
    with closing(sqlite3.connect(":memory:")) as connection:
        return bool(connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])


def words(text: str) -> list[str]:
    """Return the words of a text, in whatever script."""
    return _WORD.findall(text)
