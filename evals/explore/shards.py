"""Shards: scenarios share no state, so each is searched for itself, in processes side by side."""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection
from operator import attrgetter, methodcaller
from types import TracebackType
from typing import Any, Protocol, Self

from evals.explore.findings import Findings
from evals.explore.search import Bounds, Search
from evals.explore.subject import Subject
from evals.garbage import rarely_collected

Mapped = Callable[[Callable[[Any], Any], Sequence["Shard"]], Iterable[Any]]
"""What has all shards do something: one after the other, or side by side."""


Made = Callable[[Subject, Bounds], Search]


class Shard(Protocol):
    """The search of one scenario."""

    @property
    def waiting(self) -> int:
        """Ways that are left to be taken with one more fault; a measure of the work to come."""
        ...

    def explore(self, level: int) -> bool:
        """Explore what takes so many faults, and tell whether to go on with one more."""
        ...

    def finish(self) -> Findings:
        """Return what was found, once it was checked."""
        ...


def search(subject: Subject, bounds: Bounds, *, jobs: int, made: Made = Search) -> Search:
    """Search every scenario of a subject, level by level, and return what was found of all of them.

    How many processes explore at the same time changes nothing of what is found.

    Args:
        subject: what is explored.
        bounds: how far.
        jobs: how many processes.
        made: what makes the search of a subject within bounds.
    """
    began = time.perf_counter()
    with rarely_collected():
        whole = _joined(made(subject, bounds), _searched(subject, bounds, jobs=jobs, made=made))
    whole.seconds = time.perf_counter() - began
    return whole


def _searched(subject: Subject, bounds: Bounds, *, jobs: int, made: Made) -> list[Findings]:
    parts = [made(replace(subject, scenarios=(each,)), bounds) for each in subject.scenarios]
    if jobs == 1 or len(parts) == 1:
        return _together(parts, bounds, map)
    with ThreadPoolExecutor(jobs) as pool, ExitStack() as stack:
        processes = [stack.enter_context(_Process(each)) for each in parts]
        return _together(processes, bounds, pool.map)


def _together(shards: Sequence[Shard], bounds: Bounds, mapped: Mapped) -> list[Findings]:
    """Take all shards through each level before the next, those first that have most to do."""
    for level in range(bounds.faults + 1):
        by_work = sorted(shards, key=attrgetter("waiting"), reverse=True)
        if not all(list(mapped(methodcaller("explore", level), by_work))):
            break
    return list(mapped(methodcaller("finish"), shards))


def _joined(whole: Search, found: Sequence[Findings]) -> Search:
    for each in found:
        whole.join(each)
    whole.levels = min(each.levels for each in found)
    if whole.states >= whole.bounds.states and whole.is_complete:
        whole.reasons.append(f"the bound of {whole.bounds.states} states was reached")
    return whole


class _Process:
    """A shard in a process of its own, which begins with all that this one has."""

    def __init__(self, part: Search) -> None:
        context = multiprocessing.get_context("fork")
        self.waiting = part.waiting
        self._ours, self._theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(part, self._theirs), daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._process.terminate()
        self._process.join()
        self._ours.close()

    def explore(self, level: int) -> bool:
        """Have a level explored."""
        self._ours.send(level)
        goes_on, self.waiting = self._ours.recv()
        return bool(goes_on)

    def finish(self) -> Findings:
        """Have the findings told."""
        self._ours.send(None)
        found: Findings = self._ours.recv()
        return found


def _serve(part: Search, theirs: Connection) -> None:
    while (level := theirs.recv()) is not None:
        theirs.send((part.explore(level), part.waiting))
    theirs.send(part.finish())
