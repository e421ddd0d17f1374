"""Chain: hashes that bind every record of a stream to all those before it. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

START = bytes(32)
"""What stands where the hash before a stream's first record would be."""
_LEAF = b"\x00"
"""Keeps these hashes apart from any other use of the same function."""


class Tip(NamedTuple):
    """Where a stream ends."""

    seq: int
    """Number of its last record; -1 before the first one, whose number is 0."""
    hash: bytes


class Link(NamedTuple):
    """The place of one record in its stream."""

    seq: int
    prev_hash: bytes
    hash: bytes


EMPTY = Tip(-1, START)
"""The end of a stream that holds nothing yet."""


def digest(prev_hash: bytes, seq: int, body: bytes) -> bytes:
    """Return the hash of a record: of the hash before it, of its number, and of its very bytes."""
    return hashlib.sha256(_LEAF + prev_hash + seq.to_bytes(8, "big") + body).digest()


def extend(tip: Tip, bodies: Iterable[bytes]) -> Iterator[Link]:
    """Yield the places of further records, in order."""
    seq, prev_hash = tip
    for body in bodies:
        seq += 1
        found = digest(prev_hash, seq, body)
        yield Link(seq, prev_hash, found)
        prev_hash = found
