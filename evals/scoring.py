"""Scoring: judges what was written down by what cases expect now, without running anything."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from evals import measures, report, results, runner, trials
from evals.checks import Check
from evals.custom import CustomCheckBroken
from evals.errors import CaseStale
from evals.jobs import Job
from evals.runner import UNUSED
from evals.trace import Trace
from evals.trials import Trial
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
    repeats = Counter(trial["case"] for trial in document.get("trials", ()))
    named = [(f"{case['suite']}/{case['id']}", case) for case in document["cases"]]
    cases = [_scored(case, known.get(name), repeats[name]) for name, case in named]
    tried = {} if "trials" not in document else _tried(document, cases, known)
    return report.sealed({**document, **tried, "cases": cases, "totals": report.totals(cases)})


def counted(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the cases of a document that count: those of which some trial passed or failed."""
    if "trials" not in document:
        return list(document["cases"])
    return trials.judged(document["cases"], [Trial.model_validate(each) for each in document["trials"]])


def _tried(
    document: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], known: Mapping[str, Job]
) -> dict[str, Any]:
    """Return the trials by the labels of now, and what they tell."""
    scored = {f"{case['suite']}/{case['id']}": case for case in cases}
    changed = {
        name
        for name, case in ((f"{case['suite']}/{case['id']}", case) for case in document["cases"])
        if case["definition"] != scored[name]["definition"] or scored[name]["code"] == CaseStale.code
    }
    found = []
    for trial in (Trial.model_validate(each) for each in document["trials"]):
        job = known.get(trial.case)
        is_now = trial.case in changed and trial.is_judged
        status = scored[trial.case]["status"] if is_now else trial.status
        made = trial.decisions
        if job is not None:
            made = tuple(trials.labelled(each, job.case.score) for each in made)
        found.append(trial.model_copy(update={"status": status, "decisions": made}))
    measured = measures.measure(found, risk=document["measures"]["risk"])
    return {
        "trials": [trial.model_dump(mode="json") for trial in found],
        "measures": measured.model_dump(mode="json"),
    }


def _scored(case: Mapping[str, Any], job: Job | None, repeats: int) -> dict[str, Any]:
    trace = results.trace(case)
    if trace is None:
        return dict(case)
    found: list[Check] = []
    error: Exception | None = None
    try:
        found = [*_judged(case, job, trace, repeats), *_unused(case)]
    except (CaseStale, CustomCheckBroken) as exc:
        error = exc
    judged = runner.verdict(error, found, None if job is None else job.case)
    told = {
        "status": judged["status"],
        "reason": judged["reason"],
        "code": judged["code"],
        "is_harness_error": False,
    }
    checks = [check.model_dump(mode="json") for check in found]
    now = (
        {}
        if job is None
        else {
            "definition": runner.digested(job).definition,
            "tags": list(job.case.tags),
            "cluster": job.case.cluster or job.name,
        }
    )
    return {**case, **told, **now, "checks": checks}


def _judged(case: Mapping[str, Any], job: Job | None, trace: Trace, repeats: int) -> list[Check]:
    if job is None:
        raise CaseStale("the case is not in the files any more")
    if runner.digested(job).scenario != case["scenario"]:
        raise CaseStale("its input, answers, workflow or catalogue changed; run it again")
    if repeats > 1 and runner.digested(job).definition != case["definition"]:
        raise CaseStale(f"only one of its {repeats} repeats was written down whole; run it again")
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
