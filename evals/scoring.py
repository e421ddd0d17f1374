"""Scoring: judges what was written down by what cases expect now, without running anything."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from evals import report, results, runner
from evals.checks import Check
from evals.custom import CustomCheckBroken
from evals.errors import CaseStale
from evals.runner import UNUSED, Job
from evals.trace import Trace
from planner.log.masking import MASK


def score(document: Mapping[str, Any], jobs: Sequence[Job]) -> dict[str, Any]:
    """Return a new document in which every case is judged by what it expects now.

    A case that did not come to an end stays as it was. One of which more than the expectations changed, or
    that is gone, cannot be judged and becomes an error.

    Args:
        document: results, which stay as they are.
        jobs: the cases as they are now.
    """
    known = {job.name: job for job in jobs}
    cases = [_scored(case, known.get(f"{case['suite']}/{case['id']}")) for case in document["cases"]]
    return report.sealed({**document, "cases": cases, "totals": report.totals(cases)})


def _scored(case: Mapping[str, Any], job: Job | None) -> dict[str, Any]:
    trace = results.trace(case)
    if trace is None:
        return dict(case)
    found: list[Check] = []
    error: Exception | None = None
    try:
        found = [*_judged(case, job, trace), *_unused(case)]
    except (CaseStale, CustomCheckBroken) as exc:
        error = exc
    judged = runner.verdict(error, found, None if job is None else job.case.known_failure)
    told = {
        "status": judged["status"],
        "reason": judged["reason"],
        "code": judged["code"],
        "is_harness_error": False,
    }
    checks = [check.model_dump(mode="json") for check in found]
    now = {} if job is None else {"definition": runner.digested(job).definition, "tags": list(job.case.tags)}
    return {**case, **told, **now, "checks": checks}


def _judged(case: Mapping[str, Any], job: Job | None, trace: Trace) -> list[Check]:
    if job is None:
        raise CaseStale("the case is not in the files any more")
    if runner.digested(job).scenario != case["scenario"]:
        raise CaseStale("its input, answers, workflow or catalogue changed; run it again")
    if job.case.expect.invariants is not None and not trace.is_witnessed:
        raise CaseStale("invariants were not looked at when it ran; run it again")
    found = runner.judge(job, trace)
    for check in found:
        if check.difference is not None and MASK in orjson.dumps(check.difference.found).decode():
            raise CaseStale(f"what {check.name} is about was masked when it was written down; run it again")
    return found


def _unused(case: Mapping[str, Any]) -> Iterator[Check]:
    """Yield what was found of answers that were never asked for, which expectations do not change."""
    return (Check.model_validate(check) for check in case["checks"] if check["name"] == UNUSED)
