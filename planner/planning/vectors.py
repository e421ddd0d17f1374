"""Vectors: which operations mean what a goal means, by the angle between what a model made of both. Pure.

A vector is kept as its direction: float32, little endian, of length 1. Without a library for numbers, the
angle to each of many thousands takes seconds; so the signs of their parts are compared first, which is one
operation on integers for each, and only the likeliest are compared part by part.
"""

import heapq
import math
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import mul

from planner.planning.signatures import words
from tools.operations import HttpBinding, Operation

COMPARED = 400_000
"""Numbers that one search multiplies; so many vectors are compared part by part, those that agree in most
signs."""
LONGEST_TEXT = 1000
"""Characters of an operation that are embedded at most."""
_BYTES = 4
_SIGN = 0x80


class Vectors:
    """The directions of many texts by name; built once, asked often, from any thread."""

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        """Build it from directions of one length; takes about 7 µs for each."""
        self._names, self._directions = list(kept), list(kept.values())
        self._signs = [_signs(each) for each in self._directions]

    def __len__(self) -> int:
        return len(self._names)

    def nearest(self, wanted: bytes, *, most: int) -> list[str]:
        """Return the names of those that point where `wanted` does, the nearest first."""
        signs = _signs(wanted)
        differing = [(signs ^ each).bit_count() for each in self._signs]
        places = range(len(self._names))
        parts = numbers(wanted)
        exactly = max(most, COMPARED // len(parts))
        likely = heapq.nsmallest(exactly, places, key=differing.__getitem__)
        cosines = {place: sum(map(mul, parts, numbers(self._directions[place]))) for place in likely}
        likely.sort(key=lambda place: (-cosines[place], place))
        return [self._names[place] for place in likely[:most]]


def direction(values: Sequence[float]) -> bytes | None:
    """Return the direction in which a vector points, as it is kept; None where it points nowhere."""
    try:
        length = math.hypot(*values)
    except OverflowError:
        return None
    if not 0 < length < math.inf:
        return None
    return struct.pack(f"<{len(values)}f", *(value / length for value in values))


def numbers(kept: bytes) -> tuple[float, ...]:
    """Return the parts of a direction."""
    return struct.unpack(f"<{size(kept)}f", kept)


def size(kept: bytes) -> int:
    """Return how many parts a direction has."""
    return len(kept) // _BYTES


def text(operation: Operation) -> str:
    """Return what is embedded of an operation: its name, path, summary and arguments, and no value."""
    binding = operation.binding
    path = binding.path if isinstance(binding, HttpBinding) else ""
    named = dict.fromkeys(word for part in (operation.name, path) for word in words(part))
    taken = [" ".join(words(name)) for name in operation.input.get("properties", {})]
    told = [" ".join(named), operation.summary.rstrip("."), f"takes {', '.join(taken)}" if taken else ""]
    return ". ".join(filter(None, told))[:LONGEST_TEXT]


def _signs(kept: bytes) -> int:
    """Return the signs of the parts as bits; which bit is whose is the same for all of one length."""
    highest = kept[_BYTES - 1 :: _BYTES]
    alone = (int.from_bytes(highest, "big") & _mask(len(highest))).to_bytes(len(highest), "big")
    # Every eighth byte moves its one bit to a place of its own, so that eight bytes lie in one.
    found = 0
    for shift in range(8):
        found |= int.from_bytes(alone[shift::8], "big") >> shift
    return found


@lru_cache(maxsize=8)
def _mask(count: int) -> int:
    return int.from_bytes(bytes([_SIGN]) * count, "big")
