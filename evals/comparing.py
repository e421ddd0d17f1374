"""Comparing: what changed between two results, case by case. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from evals.baseline import Baseline, Kept
from planner import comparison as statistics
from tools.records import Record

Verdict = Literal[
    "newly failing",
    "newly passing",
    "still failing",
    "changed definition",
    "other decisions",
    "new",
    "removed",
]
_ORDER: tuple[Verdict, ...] = (
    "newly failing",
    "removed",
    "changed definition",
    "other decisions",
    "still failing",
    "newly passing",
    "new",
)
MOST_LISTED = 50
"""Cases that a section of Markdown names; the comment of a pull request has an end."""
CRITICAL = "critical"
"""Tag of cases that count twice: no gate lets one of them fail."""


class Change(Record):
    """One case of which something changed, or that still fails."""

    case: str
    verdict: Verdict
    told: str = ""
    """What, in words."""
    is_critical: bool = False


class Comparison(Record):
    """What changed between two results."""

    changes: tuple[Change, ...]
    """The worst first; cases of which nothing changed are left out."""
    comparable: int
    """Cases that both have, with one definition."""
    same: int
    """Those of them that came to the same."""

    def of(self, *verdicts: Verdict) -> tuple[Change, ...]:
        """Return the changes of these kinds."""
        return tuple(each for each in self.changes if each.verdict in verdicts)

    def fails(self, gate: Literal["regression", "any", "critical"]) -> bool:
        """Tell whether a gate is closed.

        Args:
            gate: `regression`: a case newly fails or was removed. `any`: anything changed, or a case fails.
                `critical`: a case that is tagged so newly fails, was removed, or still fails.
        """
        if gate == "any":
            return bool(self.of(*_ORDER[:5]))
        if gate == "critical":
            return any(each.is_critical for each in self.of("newly failing", "removed", "still failing"))
        return bool(self.of("newly failing", "removed"))


def compare(base: Baseline, head: Baseline) -> Comparison:
    """Return what changed from one to the other."""
    changes = [each for name in sorted({*base.cases, *head.cases}) for each in _change(name, base, head)]
    shared = [name for name in base.cases.keys() & head.cases.keys() if _is_same_case(name, base, head)]
    same = [name for name in shared if not any(each.case == name for each in changes)]
    ordered = sorted(changes, key=lambda each: (_ORDER.index(each.verdict), not each.is_critical, each.case))
    return Comparison(changes=tuple(ordered), comparable=len(shared), same=len(same))


def text(comparison: Comparison) -> str:
    """Return the changes as lines for a terminal."""
    lines = [
        f"{each.verdict:<18} {each.case}{f': {each.told}' if each.told else ''}"
        for each in comparison.changes
    ]
    return "\n".join([*lines, _summary(comparison), _power(comparison)])


def markdown(comparison: Comparison) -> str:
    """Return the changes for the comment of a pull request."""
    lines = [f"**Evals**: {_summary(comparison)}"]
    for verdict in _ORDER:
        found = comparison.of(verdict)
        if found:
            lines += ["", f"### {verdict.capitalize()} ({len(found)})", ""]
            lines += listed(map(_cell, found))
    return "\n".join([*lines, "", _power(comparison)])


def _change(name: str, base: Baseline, head: Baseline) -> Iterator[Change]:
    before, after = base.cases.get(name), head.cases.get(name)
    critical = any(kept is not None and CRITICAL in kept.tags for kept in (before, after))
    verdict, told = _verdict(before, after)
    if verdict is not None:
        yield Change(case=name, verdict=verdict, told=told, is_critical=critical)


def _verdict(before: Kept | None, after: Kept | None) -> tuple[Verdict | None, str]:
    if before is None or after is None:
        return ("new", after.reason) if after is not None else ("removed", "")
    if before.definition != after.definition:
        return "changed definition", f"{before.status} before, {after.status} now; not comparable"
    if before.is_good is not after.is_good:
        return ("newly passing", "") if after.is_good else ("newly failing", after.reason)
    if before.decisions != after.decisions:
        return "other decisions", _first_other(before.decisions, after.decisions)
    return (None, "") if after.is_good else ("still failing", after.reason)


def _first_other(before: Sequence[str], after: Sequence[str]) -> str:
    place = next(
        (index for index, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(after)),
    )
    told = [list(each)[place] if place < len(each) else "nothing" for each in (before, after)]
    return f"{told[0]} became {told[1]}"


def _is_same_case(name: str, base: Baseline, head: Baseline) -> bool:
    return base.cases[name].definition == head.cases[name].definition


def _summary(comparison: Comparison) -> str:
    counts = [f"{len(found)} {verdict}" for verdict in _ORDER if (found := comparison.of(verdict))]
    told = ", ".join(counts) or "nothing changed"
    return f"{told}; {comparison.same} of {comparison.comparable} comparable cases came to the same"


def _power(comparison: Comparison) -> str:
    """Return how easily chance alone would show as many flips, and what so few cases could show at all."""
    broke, fixed = (len(comparison.of(verdict)) for verdict in ("newly failing", "newly passing"))
    p = statistics.mcnemar(broke, fixed)
    return f"exact McNemar p = {p:.3g}; {statistics.detectable(comparison.comparable).sentence}"


def listed(lines: Iterable[str]) -> list[str]:
    """Return lines as a list in Markdown; a comment holds only so many."""
    found = list(lines)
    rest = [f"* and {len(found) - MOST_LISTED} more"] if len(found) > MOST_LISTED else []
    return [*(f"* {line}" for line in found[:MOST_LISTED]), *rest]


def quoted(text: str) -> str:
    """Return text as code in Markdown, so that nothing in it is a mark-up, a mention or a link."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _cell(change: Change) -> str:
    mark = " **critical**" if change.is_critical else ""
    return f"`{change.case}`{mark}{f': {quoted(change.told)}' if change.told else ''}"
