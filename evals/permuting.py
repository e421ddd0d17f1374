"""Permuting: whether a model chooses the same however its options are ordered. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from statistics import fmean

from evals.trials import Made, Trial
from tools.records import Record


class Consistency(Record):
    """How often two repeats of one decision, with the same options and usable answers, choose the same."""

    across: float | None
    """Where the options stood in another order: permutation consistency. None where they never did."""
    within: float | None
    """Where they stood in the same order: what repeating alone changes. None where they never did."""
    decisions: int
    """Decisions of which there are two repeats in another order."""


def consistency(trials: Sequence[Trial], *, point: str | None = None) -> Consistency:
    """Return how far choices stay the same, each decision counted once; at one decision point, or at all."""
    across: list[float] = []
    within: list[float] = []
    for repeats in _decisions(trials, point):
        pairs = [(one, other) for one, other in combinations(repeats, 2) if _is_alike(one, other)]
        across += _same((one, other) for one, other in pairs if one.options != other.options)
        within += _same((one, other) for one, other in pairs if one.options == other.options)
    return Consistency(
        across=fmean(across) if across else None,
        within=fmean(within) if within else None,
        decisions=len(across),
    )


def _same(pairs: Iterable[tuple[Made, Made]]) -> list[float]:
    """Return the share of pairs that choose the same, where there are any."""
    same = [one.said == other.said for one, other in pairs]
    return [fmean(same)] if same else []


def _decisions(trials: Sequence[Trial], point: str | None) -> Iterator[list[Made]]:
    """Yield the repeats of each decision: at one point of one case, for the same time."""
    found: dict[tuple[str, str, int], list[Made]] = {}
    for trial in trials:
        times = Counter[str]()
        for made in trial.decisions:
            times[made.point] += 1
            if made.said is not None and point in {None, made.point}:
                found.setdefault((trial.case, made.point, times[made.point]), []).append(made)
    yield from found.values()


def _is_alike(one: Made, other: Made) -> bool:
    return set(one.options) == set(other.options)
