"""Brief: results in a few lines of Markdown, for the comment of a pull request. Pure."""

from collections.abc import Mapping
from typing import Any

from evals import baseline, comparing
from evals.baseline import Baseline

_SHOWN = ("failed", "error", "unscripted", "expected", "pending")


def markdown(document: Mapping[str, Any], base: Baseline | None = None) -> str:
    """Return what changed against a baseline; without one, what did not pass."""
    if base is not None:
        found = comparing.compare(base, baseline.of_results(document))
        return comparing.markdown(found) + "\n"
    totals = document["totals"]
    counts = [f"{totals[name]} {name}" for name in ("passed", *_SHOWN) if totals.get(name)]
    lines = [f"**Evals**: {totals['cases']} cases, {', '.join(counts) or 'nothing was run'}"]
    for status in _SHOWN:
        cases = [case for case in document["cases"] if case["status"] == status]
        if cases:
            lines += ["", f"### {status.capitalize()} ({len(cases)})", ""]
            lines += comparing.listed(
                f"`{case['suite']}/{case['id']}`: {comparing.quoted(case['reason'])}" for case in cases
            )
    return "\n".join(lines) + "\n"
