"""Writer: the one thread that writes, and commits in one transaction whatever waits."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from itertools import groupby
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine

from planner.errors import StoreUnavailable
from planner.store import bells, faults, journal, streams
from planner.store.bells import Bell
from planner.store.streams import Stream

MAX_GROUP = 1000
"""Jobs in one transaction at most, so that nobody waits long for the first ones of a flood."""

AnyFuture = asyncio.Future[Any] | futures.Future[Any]


class Stats:
    """What the writer has done so far."""

    def __init__(self) -> None:
        self.commits = 0
        self.jobs = 0
        """Writes and appends committed."""
        self.rows = 0
        """Rows that appends added."""


class Caught:
    """A block of code that keeps what it raised, for those whom it concerns."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        self.error = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep the error; it belongs to whoever asked for the work, and the writer goes on."""
        # A future refuses StopIteration, which would leave its whole group unsettled.
        self.error = RuntimeError("the function raised StopIteration") if kind is StopIteration else error
        return True


class _Failed(Exception):
    """A function of a group failed, so that what the group has written must be undone."""


class Job(Caught):
    """One thing to write, and whom to tell what came of it."""

    rows = 0
    """How many rows of the journal it adds."""

    def __init__(self, future: AnyFuture) -> None:
        super().__init__()
        self.result: Any = None
        self._future = future

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop on which the future must be settled, if on any."""
        return None if isinstance(self._future, futures.Future) else self._future.get_loop()

    def settle(self) -> None:
        """Tell whoever still waits."""
        if self._future.done():
            return
        if self.error is not None:
            self._future.set_exception(self.error)
        else:
            self._future.set_result(self.result)


class Call(Job):
    """A function to run in a transaction."""

    def __init__(self, fn: Callable[[Connection], Any], future: AnyFuture) -> None:
        super().__init__(future)
        self.fn = fn


class Unit(Job):
    """What one run wants appended under its lease."""

    def __init__(self, prepared: journal.Prepared, future: AnyFuture) -> None:
        super().__init__(future)
        self.prepared = prepared
        self.run_id = prepared.unit.run_id
        self.rows = prepared.rows


class Writer:
    """A thread that writes jobs in the order in which they came, as many as wait at once."""

    def __init__(self, engine: Engine, name: str, stream: Stream, bell: Bell) -> None:
        self.stats = Stats()
        self._engine = engine.execution_options(**{streams.OPTION: stream, bells.OPTION: bell})
        self._stream, self._bell = stream, bell
        self._name = name
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        """Used by the thread alone; taking one from the pool for each group costs as much as an insert."""
        self._broken: dict[str, int] = {}
        """Epochs under which an append of a run could not be written: nothing may follow the gap."""

    def submit(self, job: Job) -> None:
        """Queue the job; its future is settled once it is on disk or has failed.

        Raises:
            StoreUnavailable: the writer is closed.
        """
        with self._gate:
            if self._closed:
                raise StoreUnavailable(f"the database {self._name} cannot be used: it was closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
                self._thread.start()
            self._queue.put(job)

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
            thread = self._thread
        if thread is not None:
            thread.join()

    def _loop(self) -> None:
        going = True
        while going:
            jobs, going = self._waiting()
            self._write(jobs)
            _settle(jobs)
        self._disconnect()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Begin a transaction on the thread's own connection, which is made anew once it was lost."""
        if self._connection is None or self._connection.invalidated:
            self._disconnect()
            self._connection = self._engine.connect()
        with self._connection.begin():
            yield self._connection

    def _disconnect(self, *, lost: bool = False) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with Caught():
                if lost:
                    connection.invalidate()
                connection.close()

    def _waiting(self) -> tuple[list[Job], bool]:
        """Return the jobs that wait, at least one, and whether more may follow."""
        jobs: list[Job] = []
        item = self._queue.get()
        while item is not None:
            jobs.append(item)
            if len(jobs) == MAX_GROUP:
                return jobs, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return jobs, True
        return jobs, False

    def _write(self, jobs: Sequence[Job], *, again: bool = True, apart: bool = False) -> None:
        """Write the jobs in one transaction; when one of them breaks it, each in its own.

        Functions are first taken to succeed. When one fails, all is undone and done again with each of them
        `apart`, in a savepoint: two statements for each, which those that succeed would pay for nothing.
        A connection that was lost before the commit took nothing with it, so a new one is tried once.
        """
        begun = finished = False
        for job in jobs:
            job.error = None
        self._bell.reset()
        with Caught() as attempt, self._transaction() as tx:
            begun = True
            _perform(tx, jobs, self._broken, apart=apart)
            self._stream.flush(tx)
            self._bell.flush(tx)
            finished = True
        if attempt.error is None:
            self._stream.committed()
            self._count(jobs)
        else:
            self._stream.undone()
            if faults.is_lost(attempt.error):
                self._disconnect(lost=True)
            # Not after a failed BEGIN, which would fail again, nor a COMMIT, which perhaps took effect.
            broken = begun and (not finished or faults.is_undone(attempt.error))
            if broken and again and faults.is_lost(attempt.error):
                self._write(jobs, again=False, apart=apart)
            elif isinstance(attempt.error, _Failed):
                self._write(jobs, again=again, apart=True)
            elif broken and len(jobs) > 1:
                for job in jobs:
                    self._write([job])
            else:
                self._tell(jobs, faults.unsure(attempt.error) if finished else attempt.error)
        for job in jobs:
            job.error = faults.ours(job.error, self._name)

    def _tell(self, jobs: Sequence[Job], error: BaseException) -> None:
        for job in jobs:
            job.error = error
            if isinstance(job, Unit):
                self._broken[job.run_id] = job.prepared.unit.epoch

    def _count(self, jobs: Sequence[Job]) -> None:
        good = [job for job in jobs if job.error is None]
        self.stats.commits += 1
        self.stats.jobs += len(good)
        self.stats.rows += sum(job.rows for job in good)


def _perform(tx: Connection, jobs: Sequence[Job], broken: Mapping[str, int], *, apart: bool) -> None:
    """Do the work in the order in which it came, appends that follow each other at once."""
    for _, group in groupby(jobs, key=type):
        listed = list(group)
        _append(tx, [job for job in listed if isinstance(job, Unit)], broken)
        for job in listed:
            if isinstance(job, Call):
                _call(tx, job, alone=len(jobs) == 1, apart=apart)


def _append(tx: Connection, units: Sequence[Unit], broken: Mapping[str, int]) -> None:
    whole = []
    for unit in units:
        if broken.get(unit.run_id) == unit.prepared.unit.epoch:
            unit.error = StoreUnavailable(f"what run {unit.run_id} wrote before could not be written")
        else:
            whole.append(unit)
    if whole:
        verdicts = journal.append(tx, [unit.prepared for unit in whole])
        for unit, verdict in zip(whole, verdicts, strict=True):
            unit.error = verdict


def _call(tx: Connection, job: Call, *, alone: bool, apart: bool) -> None:
    """Run one function; its failure must undo its own rows and no others'.

    Raises:
        _Failed: it failed among others that it is not kept apart from.
    """
    if alone:
        job.result = job.fn(tx)
    elif apart:
        _call_apart(tx, job)
    else:
        with job:
            job.result = job.fn(tx)
        if job.error is not None:
            raise job.error if faults.is_fatal(job.error) else _Failed from job.error


def _call_apart(tx: Connection, job: Call) -> None:
    stream = streams.of(tx)
    waiting = stream.waiting
    savepoint = tx.begin_nested()
    with job:
        job.result = job.fn(tx)
    if job.error is None:
        savepoint.commit()
    elif faults.is_fatal(job.error):
        raise job.error
    else:
        savepoint.rollback()
        stream.drop(waiting)


def _settle(jobs: Sequence[Job]) -> None:
    """Tell each event loop once of all its jobs."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, group in by_loop.items():
        if loop is None:
            _settle_all(group)
            continue
        try:
            loop.call_soon_threadsafe(_settle_all, group)
        except RuntimeError:  # the loop was closed, so nobody waits any more
            continue


def _settle_all(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.settle()
