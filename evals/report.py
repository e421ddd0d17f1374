"""Reports: results for people, one line a case, and for machines, one JSON document. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from evals import provenance
from evals.checks import Check
from evals.jobs import CaseResult
from evals.provenance import Provenance
from evals.trace import Trace
from planner.decisions import digest
from planner.log import detectors, masking
from planner.log.echoes import Echoes
from planner.log.masking import Masking
from tools import pointers

SCHEMA = "evals-result/1"

PASSED, FAILED, HARNESS, NOTHING = 0, 1, 3, 5
"""Exit codes; 2 stands for a wrong command line or file."""

LABEL_WIDTH = 5

STATUSES = ("passed", "failed", "error", "unscripted", "expected", "pending")
PASSING = frozenset({"passed", "expected"})
"""What counts as passed."""
GOOD = PASSING | {"pending"}
"""What closes no gate."""

_DATA = ("reason", "drift", "checks", "run", "decisions", "calls", "entries", "effects", "violations")
"""Members of a case's report that hold what the case, services and models said."""
_RUN = ("run_id", "status", "output", "error", "virtual_s", "executions", "model_calls")
"""Fields of a trace that stand together."""
_LABELS = {
    "passed": "PASS",
    "failed": "FAIL",
    "error": "ERROR",
    "expected": "KNOWN",
    "pending": "PEND",
    "unscripted": "UNSCR",
}
_ASIDE = "ASIDE"
"""Label of a case that a real model left the script of."""


def case(result: CaseResult, policy: Masking) -> dict[str, Any]:
    """Return a result as data, masked."""
    trace = _trace(result.trace)
    echoes = Echoes(policy, [trace])
    hidden = _masked(result, policy, echoes)
    told = hidden.model_dump(mode="json", exclude={"trace"}) | trace
    data = {name: told[name] for name in _DATA if name in told}
    masked: dict[str, Any] = echoes.veil(masking.mask(data, policy, at="/case").value)
    return {**told, **masked}


def line(case: Mapping[str, Any]) -> str:
    """Return the one line of a case, and below it a line for everything that is not as it was recorded."""
    label = _ASIDE if case.get("is_aside") else _LABELS[case["status"]]
    head = f"{label:<{LABEL_WIDTH}} {case['suite']}/{case['id']}"
    told = f"{head}: {case['reason']}" if case["reason"] else f"{head} ({case['ms']:.0f} ms)"
    return "\n".join([told, *(f"{'DRIFT':<{LABEL_WIDTH}} {sentence}" for sentence in case.get("drift", ()))])


def summary(cases: Sequence[Mapping[str, Any]], seconds: float) -> str:
    """Return the last line."""
    counts = Counter(case["status"] for case in cases)
    told = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
    count = f"{len(cases)} case{'s' if len(cases) != 1 else ''}"
    return f"{count}: {', '.join(told) or 'none played'} in {seconds:.2f} s"


def exit_code(cases: Sequence[Mapping[str, Any]]) -> int:
    """Return the exit code that the cases call for; nothing run is no success."""
    if not cases:
        return NOTHING
    if any(case["is_harness_error"] for case in cases):
        return HARNESS
    return PASSED if all(case["status"] in GOOD for case in cases) else FAILED


def document(
    cases: Sequence[Mapping[str, Any]],
    *,
    origin: Provenance | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return all cases as one document, where they come from, and what more they tell."""
    suites = list(dict.fromkeys(case["suite"] for case in cases))
    return sealed(
        {
            "schema": SCHEMA,
            "provenance": None if origin is None else provenance.data(origin, cases),
            "suite": suites[0] if len(suites) == 1 else None,
            "suites": suites,
            "cases": list(cases),
            "totals": totals(cases),
            **(more or {}),
        }
    )


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the SHA-256 of all the rest of it, so that a later change shows."""
    rest = {name: value for name, value in document.items() if name != "sha256"}
    return {**rest, "sha256": digest(orjson.loads(text(rest)))}


def totals(cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many cases ended how, and what they used."""
    counts = Counter(case["status"] for case in cases)
    runs = [case["run"] for case in cases if case["run"] is not None]
    return {
        "cases": len(cases),
        **{status: counts[status] for status in STATUSES},
        "decisions": sum(len(case["decisions"]) for case in cases),
        "service_calls": sum(call["sent"] for case in cases for call in case["calls"]),
        "model_calls": sum(run["model_calls"] for run in runs),
        "tokens": sum(run["tokens"] for run in runs),
        "virtual_s": round(sum(run["virtual_s"] for run in runs), 3),
        "ms": round(sum(case["ms"] for case in cases), 1),
    }


def text(data: Any) -> str:
    """Return data as indented JSON."""
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _masked(result: CaseResult, policy: Masking, echoes: Echoes) -> CaseResult:
    """Return a result whose differences and reason hold nothing that is masked."""
    checks = tuple(shown(check, policy, echoes) for check in result.checks)
    broken = next((check for check in checks if not check.ok), None)
    reason = broken.reason if result.status == "failed" and broken is not None else result.reason
    scrubbed = echoes.scrub(detectors.scrub(reason, policy.detectors).text)
    return result.model_copy(update={"checks": checks, "reason": scrubbed})


def shown(check: Check, policy: Masking, echoes: Echoes) -> Check:
    """Return a check whose difference holds nothing that is masked."""
    told = check.difference
    if told is None:
        return check
    # The place bears the name that the value has lost.
    hidden = any(masking.is_never(part, policy.never) for part in pointers.parts(told.pointer))
    values = {"expected": told.expected, "found": told.found}
    seen = dict.fromkeys(values, masking.MASK) if hidden else masking.mask(values, policy, at="/case").value
    return check.model_copy(update={"difference": told.model_copy(update=echoes.veil(seen))})


def _trace(trace: Trace | None) -> dict[str, Any]:
    """Return a trace as a case's report holds it; `evals.results` makes it a trace again."""
    if trace is None:
        return {"run": None, "path": [], "decisions": [], "calls": []}
    told = trace.model_dump(mode="json")
    run = {name: told.pop(name) for name in _RUN}
    return {"run": {**run, "tokens": trace.tokens, "undone": trace.undone}, **told}
