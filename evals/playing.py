"""Playing: runs cases, several processes at once if wanted, and tells each as soon as it is there."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evals import report, runner
from evals.garbage import rarely_collected
from evals.jobs import Job
from planner.log.masking import Masking

_FORK = "fork"


class Played(NamedTuple):
    """What became of the cases."""

    cases: list[dict[str, Any]]
    """As reports tell them, in the order in which they were asked for."""
    seconds: float
    """Real time that it took."""


class _Task(NamedTuple):
    """What every process has from the one that it came from."""

    jobs: Sequence[Job]
    engine: str
    policy: Masking

    def play(self, place: int) -> dict[str, Any]:
        """Return what becomes of the case at a place."""
        return report.case(runner.run(self.jobs[place], engine=self.engine), self.policy)


def play(
    jobs: Sequence[Job],
    *,
    engine: str,
    policy: Masking,
    told: Callable[[Mapping[str, Any]], None],
    processes: int = 1,
) -> Played:
    """Return what becomes of every case.

    Args:
        jobs: the cases.
        engine: what moves the runs.
        policy: what is masked.
        told: hears of each case, in their order.
        processes: how many run cases at once; where processes cannot be forked, it is one.
    """
    began, cases = time.perf_counter(), []
    with rarely_collected():
        for case in _played(_Task(jobs, engine, policy), processes):
            cases.append(case)
            told(case)
    return Played(cases, time.perf_counter() - began)


def _played(task: _Task, processes: int) -> Iterator[dict[str, Any]]:
    places = range(len(task.jobs))
    if min(processes, len(places)) < 2 or _FORK not in multiprocessing.get_all_start_methods():  # noqa: PLR2004
        yield from map(task.play, places)
        return
    # Forked, so that what was loaded, which cannot be sent, is there already.
    context = multiprocessing.get_context(_FORK)
    with context.Pool(min(processes, len(places)), _begin, (task,)) as pool:
        yield from pool.imap(_one, places, chunksize=4)


_task: list[_Task] = []


def _begin(task: _Task) -> None:
    _task[:] = [task]


def _one(place: int) -> dict[str, Any]:
    return _task[0].play(place)
