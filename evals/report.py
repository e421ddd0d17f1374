"""Reports: results for people, one line a case, and for machines, one JSON document. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from evals.checks import Check
from evals.runner import CaseResult
from evals.trace import Trace
from planner.log import detectors, masking
from planner.log.echoes import Echoes
from planner.log.masking import Masking
from tools import pointers

SCHEMA = "evals-result/1"

PASSED, FAILED, HARNESS, NOTHING = 0, 1, 3, 5
"""Exit codes; 2 stands for a wrong command line or file."""

LABEL_WIDTH = 5

_DATA = ("reason", "checks", "run", "decisions", "calls")
"""Members of a case's report that hold what the case, services and models said."""
_LABELS = {"passed": "PASS", "failed": "FAIL", "error": "ERROR", "expected": "KNOWN"}


def line(result: CaseResult, policy: Masking) -> str:
    """Return the one line of a case, masked."""
    head = f"{_LABELS[result.status]:<{LABEL_WIDTH}} {result.suite}/{result.id}"
    reason = _masked(result, policy).reason
    return f"{head}: {reason}" if reason else f"{head} ({result.ms:.0f} ms)"


def summary(results: Sequence[CaseResult]) -> str:
    """Return the last line."""
    counts = Counter(result.status for result in results)
    told = [
        f"{counts[status]} {status}" for status in ("passed", "failed", "error", "expected") if counts[status]
    ]
    seconds = sum(result.ms for result in results) / 1000
    cases = f"{len(results)} case{'s' if len(results) != 1 else ''}"
    return f"{cases}: {', '.join(told)} in {seconds:.2f} s"


def exit_code(results: Sequence[CaseResult]) -> int:
    """Return the exit code that the results call for; nothing run is no success."""
    if not results:
        return NOTHING
    if any(result.is_harness_error for result in results):
        return HARNESS
    return PASSED if all(result.status in {"passed", "expected"} for result in results) else FAILED


def document(results: Sequence[CaseResult], policy: Masking) -> dict[str, Any]:
    """Return the results as data, masked."""
    suites = list(dict.fromkeys(result.suite for result in results))
    return {
        "schema": SCHEMA,
        "suite": suites[0] if len(suites) == 1 else None,
        "suites": suites,
        "cases": [_case(result, policy) for result in results],
        "totals": totals(results),
    }


def totals(results: Sequence[CaseResult]) -> dict[str, Any]:
    """Return how many cases ended how, and what they used."""
    counts = Counter(result.status for result in results)
    traces = [result.trace for result in results if result.trace is not None]
    return {
        "cases": len(results),
        "passed": counts["passed"],
        "failed": counts["failed"],
        "error": counts["error"],
        "expected": counts["expected"],
        "decisions": sum(len(trace.decisions) for trace in traces),
        "service_calls": sum(len(trace.sent) for trace in traces),
        "model_calls": sum(trace.model_calls for trace in traces),
        "tokens": sum(trace.tokens for trace in traces),
        "virtual_s": round(sum(trace.virtual_s for trace in traces), 3),
        "ms": round(sum(result.ms for result in results), 1),
    }


def text(data: Any) -> str:
    """Return data as indented JSON."""
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _masked(result: CaseResult, policy: Masking) -> CaseResult:
    """Return a result whose differences and reason hold nothing that is masked."""
    echoes = _echoes(result, policy)
    checks = tuple(_shown(check, policy, echoes) for check in result.checks)
    broken = next((check for check in checks if not check.ok), None)
    reason = broken.reason if result.status == "failed" and broken is not None else result.reason
    scrubbed = echoes.scrub(detectors.scrub(reason, policy.detectors).text)
    return result.model_copy(update={"checks": checks, "reason": scrubbed})


def _echoes(result: CaseResult, policy: Masking) -> Echoes:
    """Return what was sent to services, or answered by them, under telling names."""
    return Echoes(policy, [_trace(result.trace)])


def _shown(check: Check, policy: Masking, echoes: Echoes) -> Check:
    told = check.difference
    if told is None:
        return check
    # The place bears the name that the value has lost.
    hidden = any(masking.is_never(part, policy.never) for part in pointers.parts(told.pointer))
    values = {"expected": told.expected, "found": told.found}
    seen = dict.fromkeys(values, masking.MASK) if hidden else masking.mask(values, policy, at="/case").value
    return check.model_copy(update={"difference": told.model_copy(update=echoes.veil(seen))})


def _case(result: CaseResult, policy: Masking) -> dict[str, Any]:
    hidden = _masked(result, policy)
    told = hidden.model_dump(mode="json", exclude={"trace", "is_harness_error"}) | _trace(result.trace)
    data = {name: told[name] for name in _DATA}
    masked: dict[str, Any] = _echoes(result, policy).veil(masking.mask(data, policy, at="/case").value)
    return {**told, **masked}


def _trace(trace: Trace | None) -> dict[str, Any]:
    if trace is None:
        return {"run": None, "path": [], "decisions": [], "calls": []}
    run = trace.model_dump(
        mode="json", include={"run_id", "status", "output", "error", "virtual_s", "executions"}
    )
    return {
        "run": {**run, "model_calls": trace.model_calls, "tokens": trace.tokens, "undone": trace.undone},
        "path": list(trace.path),
        "decisions": [_decision(each) for each in trace.decisions],
        "calls": [call.model_dump(mode="json") for call in trace.calls],
    }


def _decision(made: dict[str, Any]) -> dict[str, Any]:
    names = (
        "decision_id",
        "path",
        "kind",
        "choice",
        "decided_by",
        "outcome_class",
        "proposed",
        "reason",
        "actor",
    )
    return {name: made[name] for name in names}
