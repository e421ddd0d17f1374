"""Collecting: case files as tests of pytest, whose selection, workers and reports then serve them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals import jobs, load, report, runner
from evals.errors import EvalError
from evals.jobs import CaseResult, Job
from planner import settings


class CaseFailed(Exception):
    """A case did not pass."""

    def __init__(self, line: str) -> None:
        super().__init__(line)


class CaseFile(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterator["CaseItem"]:
        """Yield an item for each case of the file.

        Raises:
            CollectError: something in the file is wrong; every problem is told.
        """
        try:
            listed = jobs.listed(load.load([self.path]))
        except EvalError as exc:
            problems = "\n".join(str(problem) for problem in getattr(exc, "problems", ()))
            raise self.CollectError(problems or str(exc)) from exc
        for job in listed:
            yield CaseItem.from_parent(self, name=job.case.id, job=job)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, job: Job, **more: Any) -> None:
        super().__init__(**more)
        self.job = job
        self.add_marker("evals")
        self.extra_keyword_matches |= set(job.case.tags)

    def runtest(self) -> None:
        """Play the case.

        Raises:
            CaseFailed: it did not pass.
        """
        result = runner.run(self.job)
        self.user_properties.append(("virtual_s", result.trace.virtual_s if result.trace else 0.0))
        if result.status in {"expected", "pending"}:
            pytest.xfail(_line(result))
        if result.status != "passed":
            raise CaseFailed(_line(result))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return the line of the case, and the whole trace only where the harness broke."""
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the case stands, and its name."""
        return self.path, None, self.job.name


def _line(result: CaseResult) -> str:
    return report.line(report.case(result, settings.load().masking))
