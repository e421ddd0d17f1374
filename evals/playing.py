"""Playing: runs cases one after the other, and tells each as soon as it is there."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from evals import report, runner
from evals.runner import Job
from planner.log.masking import Masking


class Played(NamedTuple):
    """What became of the cases."""

    cases: list[dict[str, Any]]
    """As reports tell them, in the order in which they were asked for."""
    seconds: float
    """Real time that it took."""


def play(
    jobs: Sequence[Job], *, engine: str, policy: Masking, told: Callable[[Mapping[str, Any]], None]
) -> Played:
    """Return what becomes of every case."""
    began, cases = time.perf_counter(), []
    for job in jobs:
        cases.append(report.case(runner.run(job, engine=engine), policy))
        told(cases[-1])
    return Played(cases, time.perf_counter() - began)
