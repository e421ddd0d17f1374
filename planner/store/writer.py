"""Writer: the one thread that writes, and commits in one transaction whatever waits."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from itertools import groupby
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine

from planner.errors import StoreUnavailable
from planner.store import faults, journal

MAX_GROUP = 1000
"""Jobs in one transaction at most, so that nobody waits long for the first ones of a flood."""

Work = Callable[[Connection], Any] | journal.Prepared
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


class Job(Caught):
    """One thing to write, and whom to tell what came of it."""

    def __init__(self, work: Work, future: AnyFuture) -> None:
        super().__init__()
        self.work = work
        self.result: Any = None
        self._future = future

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop on which the future must be settled, if on any."""
        return self._future.get_loop() if isinstance(self._future, asyncio.Future) else None

    def settle(self) -> None:
        """Tell whoever still waits."""
        if self._future.done():
            return
        if self.error is not None:
            self._future.set_exception(self.error)
        else:
            self._future.set_result(self.result)


class Writer:
    """A thread that writes jobs in the order in which they came, as many as wait at once."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.stats = Stats()
        self._engine = engine
        self._name = name
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, work: Work, future: AnyFuture) -> None:
        """Queue the work; its future is settled once it is on disk or has failed.

        Raises:
            StoreUnavailable: the writer is closed.
        """
        with self._gate:
            if self._closed:
                raise StoreUnavailable(f"the database {self._name} cannot be used: it was closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
                self._thread.start()
            self._queue.put(Job(work, future))

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

    def _write(self, jobs: Sequence[Job]) -> None:
        """Write the jobs in one transaction; when one of them breaks it, each in its own."""
        begun = finished = False
        for job in jobs:
            job.error = None
        with Caught() as attempt, self._engine.begin() as tx:
            begun = True
            _perform(tx, jobs)
            finished = True
        if attempt.error is None:
            self._count(jobs)
        elif begun and not finished and len(jobs) > 1:
            # Not after a failed BEGIN, which would fail again, nor a COMMIT, which perhaps took effect.
            for job in jobs:
                self._write([job])
        else:
            for job in jobs:
                job.error = attempt.error
        for job in jobs:
            job.error = faults.ours(job.error, self._name)

    def _count(self, jobs: Sequence[Job]) -> None:
        good = [job.work for job in jobs if job.error is None]
        self.stats.commits += 1
        self.stats.jobs += len(good)
        self.stats.rows += sum(work.rows for work in good if isinstance(work, journal.Prepared))


def _perform(tx: Connection, jobs: Sequence[Job]) -> None:
    """Do the work in the order in which it came, appends that follow each other at once."""
    for appends, group in groupby(jobs, key=lambda job: isinstance(job.work, journal.Prepared)):
        if appends:
            _append(tx, list(group))
        else:
            for job in group:
                _call(tx, job, alone=len(jobs) == 1)


def _append(tx: Connection, jobs: Sequence[Job]) -> None:
    units = [job.work for job in jobs if isinstance(job.work, journal.Prepared)]
    for job, verdict in zip(jobs, journal.append(tx, units), strict=True):
        job.result, job.error = None, verdict


def _call(tx: Connection, job: Job, *, alone: bool) -> None:
    """Run one function; among others in a savepoint, so that its failure undoes only its own rows."""
    if isinstance(job.work, journal.Prepared):
        return
    if alone:
        job.result = job.work(tx)
        return
    savepoint = tx.begin_nested()
    with job:
        job.result = job.work(tx)
    if job.error is None:
        savepoint.commit()
    elif faults.is_fatal(job.error):
        raise job.error
    else:
        savepoint.rollback()


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
