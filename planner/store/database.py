"""Database: opening one, reading from it in threads, and writing to it on the writer thread."""

import asyncio
import importlib
from collections.abc import Callable
from concurrent import futures
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from planner.clock import Clock, SystemClock, new_id
from planner.errors import StoreUnavailable
from planner.journal import Append
from planner.log.envelopes import Keeping
from planner.store import faults, journal, sealing
from planner.store.bells import Bell, Queue
from planner.store.streams import Stream
from planner.store.writer import Call, Stats, Unit, Writer

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
"""Threads that read."""
BUSY_MS = 5_000
"""How long a write waits for another process's lock, in milliseconds."""
IDLE_MS = 4_000
"""How long PostgreSQL lets a process that stands still amid a write keep its locks; others wait longer."""
_WRITES = "planner_writes"


class Database:
    """One database of one process; the event loop never waits for its disk."""

    def __init__(self, engine: Engine, clock: Clock, stream: Stream, queue: Queue | None) -> None:
        self.name = engine.url.render_as_string(hide_password=True)
        """Its URL without the password."""
        self.bell = Bell(stream.name, queue)
        """What tells other processes that a run can be taken up."""
        self._engine = engine
        self._clock = clock
        self._closed = False
        self._readers = futures.ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._keeping = stream.keeping
        self._writer = Writer(engine.execution_options(**{_WRITES: True}), self.name, stream, self.bell)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def keeping(self) -> Keeping:
        """How it keeps records and the values of runs."""
        return self._keeping

    @property
    def stats(self) -> Stats:
        """What was written so far: commits, jobs and rows."""
        return self._writer.stats

    async def read(
        self, fn: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return `fn(connection, …)`, run in a reader thread on one consistent state.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        self._check_open()
        work = partial(self.read_sync, fn, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return `fn(transaction, …)` once it is on disk; what it raises undoes only its own rows.

        The function may run again when others of its group broke the transaction, so it must only write rows.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(Call(lambda tx: fn(tx, *args, **kwargs), future))
        return await future

    async def append(self, unit: Append) -> None:
        """Write what a run brings under its lease, and return once it is on disk; see `submit`.

        Raises:
            LeaseLost: the epoch is stale, the run has ended, or an entry's number is taken.
            DecisionClosed: a question that timed out was answered meanwhile.
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        await self.submit(unit)

    def submit(self, unit: Append) -> asyncio.Future[None]:
        """Hand in what a run brings under its lease, in one transaction with whatever else waits.

        Units are written in the order in which they are handed in; after one that could not be written, none
        of that lease is. The future is settled once the unit is on disk, or fails as `append` does.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.submit(Unit(journal.prepare(unit, self._clock.now(), self._keeping), future))
        return future

    def read_sync(
        self, fn: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return `fn(connection, …)`, run in this thread."""
        self._check_open()
        with faults.translated(self.name), self._engine.connect() as connection:
            return fn(connection, *args, **kwargs)

    def write_sync(
        self, fn: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return `fn(transaction, …)` once it is on disk; for where no event loop runs."""
        future: futures.Future[T] = futures.Future()
        self._writer.submit(Call(lambda tx: fn(tx, *args, **kwargs), future))
        return future.result()

    def append_sync(self, unit: Append) -> None:
        """Write what a run brings under its lease; for where no event loop runs."""
        future: futures.Future[None] = futures.Future()
        self._writer.submit(Unit(journal.prepare(unit, self._clock.now(), self._keeping), future))
        future.result()

    def close(self) -> None:
        """Write what waits, then close every connection; closing again does nothing."""
        self._writer.close()
        self._closed = True
        self._readers.shutdown()
        self._engine.dispose()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"the database {self.name} cannot be used: it was closed")


def open_database(
    url: str,
    *,
    clock: Clock | None = None,
    busy_ms: int = BUSY_MS,
    instance: str = "local",
    keeping: Keeping | None = None,
) -> Database:
    """Return the database at the URL without touching its schema; folders of an SQLite file are made.

    Args:
        url: where it is.
        clock: the system's unless told.
        busy_ms: how long a write waits for another process's lock.
        instance: which process this is; the stream that it writes in the decision log is named after it.
        keeping: what is masked and sealed, and how long decisions are kept.

    Raises:
        StoreUnavailable: the URL names no database that can be used.
    """
    try:
        parsed = make_url(url)
        engine = (
            _sqlite(parsed, busy_ms) if parsed.get_backend_name() == "sqlite" else _server(parsed, busy_ms)
        )
        queue = None if engine.dialect.name == "sqlite" else _queue(engine)
    except exc.ArgumentError as error:
        message = f"the database URL cannot be read ({error}); write it as sqlite:///file.db"
        raise StoreUnavailable(message) from error
    except ModuleNotFoundError as error:
        message = f"the database URL needs the driver {error.name!r}; install it or use sqlite:///file.db"
        raise StoreUnavailable(message) from error
    ticking, kept = clock or SystemClock(), keeping or Keeping()
    engine = engine.execution_options(**{sealing.OPTION: kept})
    # The id tells apart, and sorts, what one instance writes after each of its starts.
    stream = Stream(f"{instance}/{new_id()}", kept, ticking)
    return Database(engine, ticking, stream, queue)


def _sqlite(url: URL, busy_ms: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreUnavailable(
            "a database in memory is lost with its process; name a file: sqlite:///file.db"
        )
    if not url.database.startswith("file:"):
        _make_folder(Path(url.database).parent)
    engine = create_engine(url, pool_size=READERS + 2)
    event.listen(engine, "connect", partial(_prepare_sqlite, busy_ms))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _server(url: URL, busy_ms: int) -> Engine:
    if url.get_backend_name() != "postgresql":
        raise StoreUnavailable(
            f"the database URL names {url.get_backend_name()!r}; write sqlite:///file.db or postgresql+psycopg://…"
        )
    plain = url.drivername == "postgresql"
    engine = create_engine(
        url.set(drivername="postgresql+psycopg") if plain else url, pool_size=READERS + 2, pool_pre_ping=True
    )
    event.listen(engine, "engine_connect", partial(_prepare_server, busy_ms))
    return engine


def _queue(engine: Engine) -> Queue:
    """Return the queue of a server's database; its module needs what only PostgreSQL's extra brings."""
    arguments = engine.dialect.create_connect_args(engine.url)[1]
    queue: Queue = importlib.import_module("planner.store.queue").Queue(arguments)
    return queue


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {str(folder)!r} of the database cannot be made: {error.strerror}"
        raise StoreUnavailable(message) from error


def _prepare_sqlite(busy_ms: int, connection: Any, record: Any) -> None:
    """Let us begin transactions ourselves, and have every commit on disk before it returns."""
    del record
    connection.isolation_level = None
    for pragma in (f"busy_timeout={busy_ms}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_server(busy_ms: int, connection: Connection) -> None:
    """Bound how long a write waits for a lock and keeps its own, where the address does not."""
    if not connection.get_execution_options().get(_WRITES, False):
        return
    driver = connection.connection
    bounds = {"lock_timeout": busy_ms, "idle_in_transaction_session_timeout": IDLE_MS}
    for name, value in bounds.items():
        unless_set = f"SELECT set_config('{name}', '{value}', false) WHERE current_setting('{name}') = '0'"
        driver.cursor().execute(unless_set)
    driver.commit()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where something will be written; a lock taken later may fail half-way."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")
