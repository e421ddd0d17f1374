"""Calibration: how far confidence can be relied on, from decisions whose right choice is known. Pure.

Sources: the multi-class Brier score is Brier (1950), the sum over all options; risk, coverage and the area
under their curve (AURC) with its excess over the best possible order (E-AURC) are Geifman, Uziel and El-Yaniv
(2019); the upper bound is Clopper and Pearson (1934), one-sided.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from planner import comparison

RISK = 0.05
"""Share of accepted choices that may be wrong, where a threshold is looked for, unless told."""
_STEPS = 60


class Sure(NamedTuple):
    """How sure a choice was, and whether it was right."""

    confidence: float
    is_right: bool


class Cut(NamedTuple):
    """What accepting choices from a confidence on comes to."""

    min_confidence: float
    accepted: int
    wrong: int
    coverage: float
    """Share of all choices that is accepted."""
    risk: float
    """Share of the accepted ones that is wrong."""
    at_most: float
    """Upper bound of the true risk, with 95 % confidence."""


class Areas(NamedTuple):
    """The area under the risk-coverage curve."""

    aurc: float
    e_aurc: float
    """What of it a perfect order of the same choices would not have."""


def brier(probabilities: Mapping[str, float], truth: str) -> float:
    """Return the Brier score of one choice: 0 where the truth was certain, 2 where another option was."""
    names = {*probabilities, truth}
    return math.fsum((probabilities.get(name, 0.0) - (name == truth)) ** 2 for name in names)


def upper(wrong: int, n: int, *, alpha: float = comparison.ALPHA) -> float:
    """Return the Clopper-Pearson upper bound of a share of which `wrong` of `n` were seen."""
    if wrong >= n:
        return 1.0
    low, high = wrong / n, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if 1.0 - comparison.at_least(wrong + 1, n, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def curve(choices: Sequence[Sure]) -> list[Cut]:
    """Return the risk at every coverage that a threshold can give, the most demanding one first."""
    cuts = []
    accepted = wrong = 0
    for confidence, group in groupby(sorted(choices, reverse=True), key=lambda each: each.confidence):
        told = list(group)
        accepted += len(told)
        wrong += sum(not each.is_right for each in told)
        cuts.append(
            Cut(
                confidence,
                accepted,
                wrong,
                accepted / len(choices),
                wrong / accepted,
                upper(wrong, accepted),
            )
        )
    return cuts


def areas(choices: Sequence[Sure]) -> Areas:
    """Return the mean risk over all coverages; choices that are equally sure share their errors evenly.

    Raises:
        ValueError: there are no choices.
    """
    if not choices:
        raise ValueError("there are no choices, so there is no curve")
    risks: list[float] = []
    before = Cut(1.0, 0, 0, 0.0, 0.0, 1.0)
    for cut in curve(choices):
        size, wrong = cut.accepted - before.accepted, cut.wrong - before.wrong
        risks += [(before.wrong + wrong * k / size) / (before.accepted + k) for k in range(1, size + 1)]
        before = cut
    n, rights = len(choices), len(choices) - before.wrong
    best = math.fsum(max(0, k - rights) / k for k in range(1, n + 1)) / n
    aurc = math.fsum(risks) / n
    return Areas(aurc, aurc - best)


def threshold(choices: Sequence[Sure], *, risk: float) -> Cut | None:
    """Return the smallest confidence from which the upper bound of the risk is at most `risk`, if any is.

    The bound holds for a threshold that was chosen on other choices; on the same ones it is a little bold.
    """
    return next((cut for cut in reversed(curve(choices)) if cut.at_most <= risk), None)
