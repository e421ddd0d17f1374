"""Pairing: what the same cases tell of two results; repeats of a case are averaged before. Pure.

Sources: the sign-flip permutation test is Fisher (1935), with the count of Phipson and Smyth (2010) where not
every flip is tried; the bootstrap of whole clusters with percentile bounds is Davison and Hinkley (1997);
step-down correction is Holm (1979); pass^k is Yao et al. (2024).
"""

import math
import random
from collections.abc import Hashable, Mapping, Sequence
from itertools import product
from statistics import fmean
from typing import NamedTuple

from planner.comparison import ALPHA

DRAWS = 10_000
SEED = 7
"""Draws are the same each time, so that a comparison can be repeated."""
MOST_EXACT = 12
"""Differences of which every flip of signs is tried."""
_TINY = 1e-12


class Bounds(NamedTuple):
    """A mean and the bounds within which the true one lies with 95 % confidence."""

    mean: float
    low: float
    high: float


def permutation(differences: Sequence[float]) -> float:
    """Return how easily chance alone would show a mean difference as far from none, either way."""
    moved = [each for each in differences if each]
    if not moved:
        return 1.0
    seen = abs(math.fsum(moved)) - _TINY
    if len(moved) <= MOST_EXACT:
        sums = [
            abs(math.fsum(sign * each for sign, each in zip(signs, moved, strict=True)))
            for signs in product((1, -1), repeat=len(moved))
        ]
        return sum(each >= seen for each in sums) / len(sums)
    source = random.Random(SEED)  # noqa: S311 - the same draws each time, nothing to guard
    hits = sum(
        abs(math.fsum(each if source.random() < 1 / 2 else -each for each in moved)) >= seen
        for _ in range(DRAWS)
    )
    return (hits + 1) / (DRAWS + 1)


def bootstrap(differences: Sequence[float], clusters: Sequence[Hashable]) -> Bounds:
    """Return the mean difference with its bounds; what belongs to one cluster is drawn together.

    Raises:
        ValueError: there are no differences, or not as many clusters.
    """
    groups: dict[Hashable, list[float]] = {}
    for difference, cluster in zip(differences, clusters, strict=True):
        groups.setdefault(cluster, []).append(difference)
    if not groups:
        raise ValueError("there are no differences to draw from")
    totals = [(math.fsum(group), len(group)) for group in groups.values()]
    source = random.Random(SEED)  # noqa: S311 - the same draws each time, nothing to guard
    means = sorted(_mean(source.choices(totals, k=len(totals))) for _ in range(DRAWS))
    cut = int(DRAWS * ALPHA / 2)
    return Bounds(fmean(differences), means[cut], means[-1 - cut])


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """Return p-values by name, corrected for there being several."""
    adjusted: dict[str, float] = {}
    worst = 0.0
    for place, (name, p) in enumerate(sorted(ps.items(), key=lambda each: each[1])):
        worst = max(worst, min(1.0, (len(ps) - place) * p))
        adjusted[name] = worst
    return {name: adjusted[name] for name in ps}


def pass_all(rights: int, repeats: int, k: int) -> float:
    """Return how likely all of k repeats are right, where `rights` of `repeats` were: pass^k.

    Raises:
        ValueError: k is more than there are repeats.
    """
    if not 1 <= k <= repeats:
        raise ValueError(f"k must be between 1 and the {repeats} repeats, not {k}")
    return math.comb(rights, k) / math.comb(repeats, k)


def _mean(drawn: Sequence[tuple[float, int]]) -> float:
    return math.fsum(total for total, _ in drawn) / sum(count for _, count in drawn)
