"""The runner: from a case to its result; what breaks in one case does not stop the others."""

import logging
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from evals import checks, custom, drift, stage
from evals.cases import Case, KnownFailure
from evals.checks import Check
from evals.custom import CustomCheckBroken
from evals.errors import (
    AnswerImpossible,
    BudgetSpent,
    CaseStale,
    EvalError,
    LimitReached,
    ScriptUnmatched,
)
from evals.jobs import CaseResult, Job, Status
from evals.live import Asking
from evals.match import Difference
from evals.trace import Trace
from planner.decisions import digest

log = logging.getLogger(__name__)

_CASE_ERRORS = (ScriptUnmatched, AnswerImpossible, LimitReached, CustomCheckBroken, CaseStale, BudgetSpent)
"""What is wrong with the case and not with what plays it."""

_ASIDE = {"title", "tags", "source", "known_failure", "cluster", "score", "review"}
"""Fields of a case that change nothing of what happens, nor of what is expected."""

UNUSED = "/unused"
"""Name of the check that every answer was asked for."""


def run(job: Job, *, engine: str = "langgraph", asking: Asking | None = None) -> CaseResult:
    """Return what becomes of one case; never raises for what the case or the engine does wrong."""
    setting = job.setting
    scripts = stage.Scripts(setting, asking)
    is_live = asking is not None and asking.endpoint is not None
    began = time.perf_counter()
    trace: Trace | None = None
    harness = Harness()
    with harness:
        trace = stage.play(setting, job.loaded.project, scripts, engine=engine)
    unused = scripts.unused() if setting.unused == "error" and not is_live else []
    found: list[Check] = []
    if trace is not None:
        found = checks.judge(job.case.expect, trace, job.loaded.project.catalog)
        with harness:
            found += custom.judge(job.case, trace)
        found += map(_unused, unused)
    digests = digested(job)
    return CaseResult(
        suite=job.loaded.suite.suite,
        file=job.loaded.file,
        id=job.case.id,
        title=job.case.title,
        tags=job.case.tags,
        cluster=job.case.cluster or job.name,
        review=job.case.review,
        drift=drifted(job, scripts.decisions),
        workflow=setting.workflow,
        definition=digests.definition,
        scenario=digests.scenario,
        engine=engine,
        checks=tuple(found),
        trace=trace,
        decided=tuple(scripts.decisions),
        ms=(time.perf_counter() - began) * 1000,
        **verdict(harness.error, found, job.case),
    )


def judge(job: Job, trace: Trace) -> list[Check]:
    """Return a check for everything that a case expects of what happened.

    Raises:
        CustomCheckBroken: a check of the case's own cannot be found, or broke.
    """
    return [*checks.judge(job.case.expect, trace, job.loaded.project.catalog), *custom.judge(job.case, trace)]


class Digests(NamedTuple):
    """What a case is, in short."""

    definition: str = ""
    scenario: str = ""


def digested(job: Job) -> Digests:
    """Return the digests of a case together with the workflows that it runs."""
    setting, project = job.setting, job.loaded.project
    sha256s = sorted(each.sha256 for each in job.definitions)
    if not sha256s:
        return Digests()
    told = setting.model_dump(mode="json", exclude={"case": _ASIDE})
    definition = digest([told, sha256s, project.catalog.revision])
    del told["case"]["expect"]
    return Digests(definition, digest([told, sha256s, project.catalog.revision]))


def drifted(job: Job, decisions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what is different from what a case was recorded from, a sentence each."""
    recorded, catalog = job.case.recorded, job.loaded.project.catalog
    if recorded is None:
        return ()
    return drift.drift(recorded, job.definitions, catalog.revision, decisions)


class _Verdict(NamedTuple):
    status: Status
    reason: str = ""
    code: str = ""
    is_harness_error: bool = False


def verdict(error: Exception | None, found: list[Check], case: Case | None) -> dict[str, Any]:
    """Return how a case ended, and why, as fields of its result."""
    judged = _judged(error, found)
    known = None if case is None else case.known_failure
    if known is not None and not judged.is_harness_error:
        judged = _as_known(judged, known)
    is_bad = judged.status in {"failed", "error", "unscripted"} and not judged.is_harness_error
    if is_bad and case is not None and case.review == "pending":
        judged = judged._replace(status="pending")
    return judged._asdict()


def _as_known(judged: "_Verdict", known: KnownFailure) -> "_Verdict":
    if judged.status == "passed":
        return _Verdict("failed", f"it passes, though it is known to fail ({known.issue}); take that out")
    return judged._replace(status="expected", reason=f"{known.issue}: {judged.reason}")


def _judged(error: Exception | None, found: list[Check]) -> _Verdict:
    if error is not None:
        is_ours = isinstance(error, EvalError)
        reason = str(error) if is_ours else f"{type(error).__name__}: {error}"
        code = str(getattr(error, "code", "internal"))
        status: Status = "unscripted" if isinstance(error, ScriptUnmatched) else "error"
        return _Verdict(status, reason, code, not isinstance(error, _CASE_ERRORS))
    broken = next((check for check in found if not check.ok), None)
    return _Verdict("passed") if broken is None else _Verdict("failed", broken.reason)


def _unused(sentence: str) -> Check:
    difference = Difference(pointer=UNUSED, expected="every answer to be asked for", found=sentence)
    return Check(name=UNUSED, ok=False, difference=difference)


class Harness:
    """Takes whatever breaks while a case is played, so that it becomes the result of that case."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = _inner(error)
        if not isinstance(self.error, _CASE_ERRORS):
            log.debug("a case broke off", exc_info=error)
        return True


def _inner(error: Exception) -> Exception:
    """Return what was raised inside a group, however deep."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
