"""Evidence: how far what differs between two results can be more than chance. Pure.

Cases are paired, after the repeats of each were averaged; cases of one cluster count together.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evals import calibration, pairing
from evals.figures import METRICS, Figures, Metric
from evals.pairing import Bounds
from planner import comparison
from tools.records import Record

FEW = 10
"""Clusters of which fewer make an interval that is too narrow."""


class Pair(NamedTuple):
    """One case in both results."""

    case: str
    cluster: str
    before: Figures
    after: Figures


class Flips(Record):
    """Cases that pass in one of the results only."""

    broke: int
    fixed: int
    p: float
    """Exact two-sided p-value of McNemar's test; it takes the cases as independent."""


class Weighed(Record):
    """One metric in both results."""

    metric: Metric
    is_primary: bool
    pairs: int
    clusters: int
    before: float
    after: float
    gain: float
    """How much better it became: positive is better, also where less of the metric is."""
    low: float
    """Bounds of the gain, with 95 % confidence, by the bootstrap of whole clusters."""
    high: float
    p: float
    """Of the sign-flip permutation of whole clusters."""
    p_holm: float | None
    """The same, corrected for all metrics but the primary one; None for that one."""

    @property
    def is_worse(self) -> bool:
        """Tell whether it became worse by more than chance."""
        return self.gain < 0 and self.p <= comparison.ALPHA


class Evidence(Record):
    """What the pairs of two results tell."""

    flips: Flips
    metrics: tuple[Weighed, ...]
    """The primary one first."""
    detectable: str
    """The smallest change that so many pairs could show."""
    remarks: tuple[str, ...]
    """What must be known to read it rightly."""

    @property
    def primary(self) -> Weighed | None:
        """The metric that decides; None where no pair has it."""
        return next((each for each in self.metrics if each.is_primary), None)


def weigh(pairs: Sequence[Pair], primary: Metric) -> Evidence:
    """Return what pairs tell."""
    judged = [pair for pair in pairs if pair.before.passed is not None and pair.after.passed is not None]
    broke = sum(pair.before.passed == 1 != pair.after.passed for pair in judged)
    fixed = sum(pair.after.passed == 1 != pair.before.passed for pair in judged)
    order = (primary, *(metric for metric in METRICS if metric != primary))
    found = [each for metric in order if (each := _weighed(metric, pairs, is_primary=metric == primary))]
    others = pairing.holm({each.metric: each.p for each in found if not each.is_primary})
    clusters = found[0].clusters if found and found[0].is_primary else 0
    return Evidence(
        flips=Flips(broke=broke, fixed=fixed, p=comparison.mcnemar(broke, fixed)),
        metrics=tuple(each.model_copy(update={"p_holm": others.get(each.metric)}) for each in found),
        detectable=comparison.detectable(clusters).sentence,
        remarks=tuple(_remarks(pairs, len({pair.cluster for pair in pairs}))),
    )


def lines(evidence: Evidence) -> Iterator[str]:
    """Yield evidence for people; the smallest detectable change is always told."""
    flips = evidence.flips
    yield f"{flips.broke} broke, {flips.fixed} fixed: exact McNemar p = {flips.p:.3g}"
    for each in evidence.metrics:
        corrected = "" if each.p_holm is None else f", {each.p_holm:.3g} after Holm"
        yield (
            f"{each.metric}{' (primary)' if each.is_primary and len(evidence.metrics) > 1 else ''}: "
            f"{each.before:.3f} before, {each.after:.3f} now; better by {each.gain:+.3f} "
            f"(95 %: {each.low:+.3f} to {each.high:+.3f}), p = {each.p:.3g}{corrected}"
        )
    yield from evidence.remarks
    yield evidence.detectable


def _weighed(metric: Metric, pairs: Sequence[Pair], *, is_primary: bool) -> Weighed | None:
    told = [
        (before, after, pair.cluster)
        for pair in pairs
        if (before := pair.before.of(metric)) is not None and (after := pair.after.of(metric)) is not None
    ]
    if not told:
        return None
    gains = [METRICS[metric] * (after - before) for before, after, _ in told]
    clusters = [cluster for _, _, cluster in told]
    sums: dict[str, list[float]] = {}
    for gain, cluster in zip(gains, clusters, strict=True):
        sums.setdefault(cluster, []).append(gain)
    most = max(1.0, *(max(before, after) for before, after, _ in told))
    bounds = _bounds(gains, clusters, most)
    return Weighed(
        metric=metric,
        is_primary=is_primary,
        pairs=len(told),
        clusters=len(sums),
        before=math.fsum(before for before, _, _ in told) / len(told),
        after=math.fsum(after for _, after, _ in told) / len(told),
        gain=bounds.mean,
        low=bounds.low,
        high=bounds.high,
        p=_chance([math.fsum(each) for each in sums.values()]),
        p_holm=None,
    )


def _chance(gains: Sequence[float]) -> float:
    """Return the p-value of flipping the signs of gains; where each flips whole, that is McNemar's test."""
    if set(gains) <= {-1, 0, 1}:
        return comparison.mcnemar(gains.count(-1), gains.count(1))
    return pairing.permutation(gains)


def _bounds(gains: Sequence[float], clusters: Sequence[str], most: float) -> Bounds:
    """Return the gain with its bounds; where all are alike, as wide as what so few may have missed."""
    is_alike = len(set(gains)) == 1
    bounds = Bounds(gains[0], 0, 0) if is_alike else pairing.bootstrap(gains, clusters)
    if bounds.high - bounds.low > 0:
        return bounds
    missed = most * calibration.upper(0, len(set(clusters)), alpha=comparison.ALPHA / 2)
    return Bounds(bounds.mean, max(-most, bounds.mean - missed), min(most, bounds.mean + missed))


def _remarks(pairs: Sequence[Pair], clusters: int) -> Iterator[str]:
    repeats = [count for pair in pairs for count in (pair.before.judged, pair.after.judged)]
    if any(count > 1 for count in repeats):
        yield "repeats are not independent: they are averaged by case, and a case passes when all of them do"
    if any(pair.before.judged != pair.after.judged for pair in pairs if pair.after.judged):
        yield "some cases were judged more often in one result, where it is harder to pass every time"
    if clusters < len(pairs):
        yield f"{len(pairs)} cases count as {clusters} clusters; McNemar takes all as independent"
    if 0 < clusters < FEW:
        yield f"{clusters} clusters of cases are few: the intervals are too narrow"
