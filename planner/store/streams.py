"""Streams: the part of the log that this process alone writes, chained as each group is committed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from planner.clock import Clock
from planner.log import chain, envelopes
from planner.log.chain import Tip
from planner.log.envelopes import Keeping, Sealed
from planner.store import rows, tables
from planner.store.statements import Insert

OPTION = "planner_stream"
"""Under which a writing connection carries its stream."""
KNOWN = 16
"""How many other streams a new one vouches for."""

_heads = tables.heads
_TO_LOG, _TO_BLOBS = Insert(tables.log), Insert(tables.blobs)
_TO_HEADS = Insert(_heads, replaces=("seq", "hash", "updated_at"))


class Stream:
    """One process's stream: what waits to be chained, and where it ends; used by the writer thread alone."""

    def __init__(self, name: str, keeping: Keeping, clock: Clock) -> None:
        self.name = name
        self.keeping = keeping
        self._clock = clock
        self._waiting: list[Sealed] = []
        self._tip: Tip | None = None
        """None while it must be read from the database first."""
        self._next: Tip | None = None

    @property
    def waiting(self) -> int:
        """How many records wait for the end of the transaction."""
        return len(self._waiting)

    def add(self, records: Sequence[Sealed]) -> None:
        """Take in records; they are chained and written when the transaction ends."""
        self._waiting.extend(records)

    def drop(self, waiting: int) -> None:
        """Forget the records that came after there were so many, since their savepoint is undone."""
        del self._waiting[waiting:]

    def flush(self, tx: Connection) -> None:
        """Chain and write what waits, and move the head, all within the transaction."""
        if not self._waiting:
            return
        tip = self._tip or _tip(tx, self.name)
        if tip == chain.EMPTY:
            self._waiting.insert(0, envelopes.genesis(self.name, self._clock.now(), _known(tx)))
        waiting = self._waiting
        links = list(chain.extend(tip, (record.body for record in waiting)))
        _TO_LOG(
            tx, [rows.of_log(self.name, record, link) for record, link in zip(waiting, links, strict=True)]
        )
        _TO_BLOBS(tx, [row for record in waiting for row in rows.of_blobs(record)])
        self._next = Tip(links[-1].seq, links[-1].hash)
        _move(tx, self.name, self._next, self._clock)

    def committed(self) -> None:
        """Go on from what was written."""
        if self._waiting:
            self._tip = self._next
        self._waiting = []

    def undone(self) -> None:
        """Forget what was not written; after a failed commit nobody knows, so the head is read again."""
        self._waiting = []
        self._tip = None


def of(tx: Connection) -> Stream:
    """Return the stream of the process that writes in this transaction."""
    stream: Stream = tx.get_execution_options()[OPTION]
    return stream


def _tip(tx: Connection, name: str) -> Tip:
    row = tx.execute(select(_heads.c.seq, _heads.c.hash).where(_heads.c.stream == name)).one_or_none()
    return chain.EMPTY if row is None else Tip(row.seq, row.hash)


def _known(tx: Connection) -> list[dict[str, Any]]:
    """Return where the streams stand that moved last, so that none of them can vanish unseen."""
    query = select(_heads.c.stream, _heads.c.seq, _heads.c.hash).order_by(_heads.c.updated_at.desc())
    return [
        {"stream": stream, "seq": seq, "hash": found.hex()}
        for stream, seq, found in tx.execute(query.limit(KNOWN))
    ]


def _move(tx: Connection, name: str, tip: Tip, clock: Clock) -> None:
    _TO_HEADS(tx, [{"stream": name, "seq": tip.seq, "hash": tip.hash, "updated_at": clock.now()}])
