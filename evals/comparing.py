"""Comparing: what changed between two results, case by case. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from evals import evidence
from evals.baseline import Baseline, Kept
from evals.errors import EvalError
from evals.evidence import Evidence, Pair
from evals.figures import Metric
from tools.records import Record

Verdict = Literal[
    "newly failing",
    "newly passing",
    "still failing",
    "changed definition",
    "other decisions",
    "not judged",
    "new",
    "removed",
]
FailOn = Literal["regression", "any", "critical"]
"""`regression`: a case newly fails or was removed; where a real model answered, the primary metric became
worse by more than chance. `any`: anything changed for the worse, or a case fails. `critical`: a case that is
tagged so fails or was removed."""
_ORDER: tuple[Verdict, ...] = (
    "newly failing",
    "removed",
    "changed definition",
    "other decisions",
    "still failing",
    "not judged",
    "newly passing",
    "new",
)
MOST_LISTED = 50
"""Cases that a section of Markdown names; the comment of a pull request has an end."""
CRITICAL = "critical"
"""Tag of cases that must not break, whatever else is let through."""
_BROKEN: tuple[Verdict, ...] = ("newly failing", "removed")


class MetricMissing(EvalError):
    """Two results are to be compared by what no case of both has."""

    code = "metric-missing"

    def __init__(self, metric: Metric) -> None:
        super().__init__(
            f"no case of both results has {metric!r}; cases need `score`, and results `--repeat` or `--live`"
        )


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
    is_live: bool
    """Whether a real model answered in one of them."""
    evidence: Evidence

    def of(self, *verdicts: Verdict) -> tuple[Change, ...]:
        """Return the changes of these kinds."""
        return tuple(each for each in self.changes if each.verdict in verdicts)

    def failures(self, on: FailOn, margin: float | None = None) -> tuple[str, ...]:
        """Return why the comparison fails, in words; nothing where it does not.

        Args:
            on: what it must not show.
            margin: how much worse the primary metric may have become; that must be shown, and under
                `regression` it takes the place of single cases.
        """
        listed = [
            f"{each.case} ({each.verdict}{', critical' if each.is_critical else ''})"
            for each in self.changes
            if self._is_against(each, on, margin)
        ]
        return (*listed, *self._worse(on, margin))

    def _is_against(self, change: Change, on: FailOn, margin: float | None) -> bool:
        if on == "any":
            return change.verdict in _ORDER[: _ORDER.index("not judged")]
        if change.is_critical and change.verdict in _BROKEN:
            return True
        if on == "critical":
            return change.is_critical and change.verdict == "still failing"
        by_case = not self.is_live and margin is None
        return change.verdict == "removed" or (by_case and change.verdict == "newly failing")

    def _worse(self, on: FailOn, margin: float | None) -> Iterator[str]:
        primary = self.evidence.primary
        if margin is not None:
            if primary is None:
                yield f"no case can be compared, so that a margin of {margin:g} is not shown to be kept"
            elif primary.low < -margin:
                worst = f"{-primary.low:.3f}, more than the margin of {margin:g}"
                yield f"{primary.metric} may be worse by {worst}"
        elif self.is_live and on != "critical" and primary is not None and primary.is_worse:
            yield f"{primary.metric} became worse by {-primary.gain:.3f}, p = {primary.p:.3g}"


def compare(base: Baseline, head: Baseline, *, by: Metric = "passed") -> Comparison:
    """Return what changed from one to the other.

    Args:
        base: what was before.
        head: what is now.
        by: the primary metric; the others are corrected for being several.

    Raises:
        MetricMissing: no case of both has another primary metric than `passed`.
    """
    names = sorted({*base.cases, *head.cases})
    changes = [each for name in names for each in _change(name, base, head)]
    shared = [name for name in names if _is_same_case(name, base, head)]
    judged = [name for name in shared if base.cases[name].is_judged and head.cases[name].is_judged]
    changed = {each.case for each in changes}
    weighed = evidence.weigh([_pair(name, base, head) for name in shared], by)
    if weighed.primary is None and by != "passed":
        raise MetricMissing(by)
    ordered = sorted(changes, key=lambda each: (_ORDER.index(each.verdict), not each.is_critical, each.case))
    return Comparison(
        changes=tuple(ordered),
        comparable=len(judged),
        same=sum(name not in changed for name in judged),
        is_live=base.is_live or head.is_live,
        evidence=weighed,
    )


def text(comparison: Comparison) -> str:
    """Return the changes as lines for a terminal."""
    lines = [
        f"{each.verdict:<18} {each.case}{f': {each.told}' if each.told else ''}"
        for each in comparison.changes
    ]
    return "\n".join([*lines, _summary(comparison), *evidence.lines(comparison.evidence)])


def markdown(comparison: Comparison) -> str:
    """Return the changes for the comment of a pull request."""
    lines = [f"**Evals**: {_summary(comparison)}"]
    for verdict in _ORDER:
        found = comparison.of(verdict)
        if found:
            lines += ["", f"### {verdict.capitalize()} ({len(found)})", ""]
            lines += listed(map(_cell, found))
    return "\n".join([*lines, "", *(f"{line}  " for line in evidence.lines(comparison.evidence))]).rstrip()


def _change(name: str, base: Baseline, head: Baseline) -> Iterator[Change]:
    before, after = base.cases.get(name), head.cases.get(name)
    critical = any(kept is not None and CRITICAL in kept.tags for kept in (before, after))
    verdict, told = _verdict(before, after)
    why = next((each.unplayed[name] for each in (base, head) if name in each.unplayed), None)
    if why is not None:
        verdict, told = "not judged", why
    if verdict is not None:
        yield Change(case=name, verdict=verdict, told=told, is_critical=critical)


def _verdict(before: Kept | None, after: Kept | None) -> tuple[Verdict | None, str]:
    if before is None or after is None:
        return ("new", after.reason) if after is not None else ("removed", "")
    if before.definition != after.definition:
        return "changed definition", f"{before.status} before, {after.status} now; not comparable"
    if not (before.is_judged and after.is_judged):
        return "not judged", "the model took a way that the case has no answers for"
    if before.is_good is not after.is_good:
        told = _told(before, after)
        return ("newly passing", told) if after.is_good else ("newly failing", told)
    if before.decisions != after.decisions:
        return "other decisions", _first_other(before.decisions, after.decisions)
    return (None, "") if after.is_good else ("still failing", _told(before, after))


def _told(before: Kept, after: Kept) -> str:
    """Return how often it passes, where it was repeated, and why it does not always."""
    counts = [each.figures.sentence for each in (after, before)]
    is_repeated = max(each.figures.judged for each in (before, after)) > 1
    why = f"unscripted: {after.reason}" if after.status == "unscripted" else after.reason
    return "; ".join([*([f"{counts[0]}, {counts[1]} before"] if is_repeated else []), *filter(None, [why])])


def _pair(name: str, base: Baseline, head: Baseline) -> Pair:
    before, after = base.cases[name], head.cases[name]
    return Pair(name, after.cluster or before.cluster or name, before.figures, after.figures)


def _first_other(before: Sequence[str], after: Sequence[str]) -> str:
    place = next(
        (index for index, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(after)),
    )
    told = [list(each)[place] if place < len(each) else "nothing" for each in (before, after)]
    return f"{told[0]} became {told[1]}"


def _is_same_case(name: str, base: Baseline, head: Baseline) -> bool:
    before, after = base.cases.get(name), head.cases.get(name)
    return before is not None and after is not None and before.definition == after.definition


def _summary(comparison: Comparison) -> str:
    counts = [f"{len(found)} {verdict}" for verdict in _ORDER if (found := comparison.of(verdict))]
    told = ", ".join(counts) or "nothing changed"
    return f"{told}; {comparison.same} of {comparison.comparable} comparable cases came to the same"


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
