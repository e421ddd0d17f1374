"""Bells: at commit, one of the other processes is told that a run can be taken up."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from sqlalchemy import Connection

OPTION = "planner_bell"
"""Under which a writing connection carries its bell."""

Heard = Callable[[], Awaitable[None]]


class Queue(Protocol):
    """What brings it to the other processes of a database, each time to one of them."""

    def install(self, tx: Connection, *, only_pre: bool = False) -> None:
        """Make its tables, or bring them up to date as far as programs of before bear it, or all the way."""

    def check(self, connection: Connection) -> None:
        """Return when its tables are those that this code was written for.

        Raises:
            StoreUnavailable: they are older, newer, absent or somebody else's.
        """

    def put(self, tx: Connection, name: str) -> None:
        """Tell one process once the transaction is committed, in place of what the name told unheard."""

    async def listen(self, heard: Heard) -> None:
        """Await `heard` each time this process is the one that is told, for ever."""


class Bell:
    """What one process tells the others, at most once a transaction; the writer thread rings it."""

    def __init__(self, name: str, queue: Queue | None) -> None:
        """Make it.

        Args:
            name: of this process, told apart from any other.
            queue: what brings it to others; None where they look by themselves.
        """
        self.takes_own = False
        """Whether this process itself takes up the runs that it wakes."""
        self._name, self._queue = name, queue
        self._is_rung = False

    @property
    def queue(self) -> Queue | None:
        """What brings it to others; None where they look by themselves, often."""
        return self._queue

    def reset(self) -> None:
        """Begin a transaction in which nothing was rung yet."""
        self._is_rung = False

    def ring(self) -> None:
        """Tell somebody when the transaction is committed."""
        self._is_rung = True

    def flush(self, tx: Connection) -> None:
        """Write down that it was rung, within the transaction."""
        if self._is_rung and self._queue is not None:
            self._queue.put(tx, self._name)


_SILENT = Bell("", None)
"""That of a connection that only reads."""


def of(tx: Connection) -> Bell:
    """Return the bell of the process that writes."""
    bell: Bell = tx.get_execution_options().get(OPTION, _SILENT)
    return bell


def ring(tx: Connection) -> None:
    """Tell one of the processes, once this is committed, that there is something to take up."""
    of(tx).ring()


def ring_for_others(tx: Connection) -> None:
    """Do so, unless this process takes it up by itself."""
    bell = of(tx)
    if not bell.takes_own:
        bell.ring()
