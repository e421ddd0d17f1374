"""Jobs: cases that are to be run, and what became of them."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from pydantic import Field

from evals import cases, matrix
from evals.cases import Case, Setting, Suite
from evals.checks import Check
from evals.project import Project
from evals.trace import Trace
from graphs import pinning
from planner.definition import Workflow
from tools.records import Record

Status = Literal["passed", "failed", "error", "unscripted", "expected", "pending"]
"""`unscripted`: something was asked for that the case has no answer to. `expected`: did not pass, as it is
known not to. `pending`: did not pass, and nobody has reviewed the case yet."""


class Loaded(NamedTuple):
    """A suite with what it is about."""

    file: str
    suite: Suite
    project: Project


class Job(NamedTuple):
    """One case to be run."""

    loaded: Loaded
    case: Case

    @property
    def name(self) -> str:
        """The case's name among all cases."""
        return f"{self.loaded.suite.suite}/{self.case.id}"

    @property
    def setting(self) -> Setting:
        """The case with the defaults of its suite."""
        return cases.setting(self.loaded.suite, self.case)

    @property
    def workflow(self) -> str:
        """Name of the workflow that it runs."""
        return self.case.workflow or self.loaded.suite.workflow or ""

    @property
    def definitions(self) -> list[Workflow]:
        """The workflow and all that it runs; none where the project does not hold it."""
        project = self.loaded.project
        workflow = project.workflows.get(self.workflow)
        return [] if workflow is None else [workflow, *pinning.closure(workflow, project.find).values()]


def listed(loaded: Iterable[Loaded]) -> list[Job]:
    """Return every case of the suites, in the order of the files; one with a matrix becomes several.

    Raises:
        MatrixInvalid: a matrix makes no cases.
    """
    return [Job(each, made) for each in loaded for case in each.suite.cases for made in matrix.expanded(case)]


class CaseResult(Record):
    """What became of one case."""

    suite: str
    file: str
    id: str
    title: str = ""
    tags: tuple[str, ...] = ()
    cluster: str = ""
    """What it counts together with; its own name unless told."""
    review: Literal["pending", "accepted"] = "accepted"
    """Whether somebody has still to look at the case; until then it closes no gate."""
    workflow: str
    definition: str = ""
    """Digest of the case and of the workflows of its project that it runs."""
    scenario: str = ""
    """The same without what is expected: results of one scenario can be scored anew."""
    engine: str
    status: Status
    """`error` or `unscripted` where it could not be judged at all."""
    is_aside: bool = False
    """Whether a real model took the way without answers, which counts neither for nor against the case."""
    reason: str = ""
    """The first difference, or what kept it from being judged."""
    code: str = ""
    """A stable name of the error."""
    is_harness_error: bool = False
    """Whether the harness or the engine broke, and not the case."""
    drift: tuple[str, ...] = ()
    """What is different from what a recorded case was recorded from, a sentence each."""
    checks: tuple[Check, ...] = ()
    trace: Trace | None = None
    """None where it did not come to an end."""
    decided: tuple[dict[str, Any], ...] = Field(default=(), exclude=True)
    """Decision records, also where it did not come to an end."""
    ms: float
    """Real time that it took."""
