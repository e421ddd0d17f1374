"""Time and ids: the one place that reads the clock or makes something random."""

import asyncio
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol

_last = 0
"""Milliseconds and a counter of 12 bits, as the newest id bears them; it never goes back with the clock."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562): sortable by time, also within a millisecond of this process."""
    global _last  # noqa: PLW0603 - the ids of one process must not repeat
    _last = max((time.time_ns() // 1_000_000) << 12, _last + 1)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = ((_last >> 12) & ((1 << 48) - 1)) << 80 | 7 << 76 | (_last & 0xFFF) << 64 | 2 << 62 | tail
    return str(uuid.UUID(int=value))


def new_salt() -> bytes:
    """Return 32 random bytes, so that a digest does not give away what could be guessed."""
    return random_bytes(32)


def random_bytes(count: int) -> bytes:
    """Return bytes that nobody can guess."""
    return os.urandom(count)
