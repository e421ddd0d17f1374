"""Measures: what trials tell of a model, by decision point. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from statistics import fmean
from typing import Any

from evals import calibration, pairing, permuting, report
from evals.calibration import RISK, Areas, Cut, Sure
from evals.live import Endpoint
from evals.permuting import Consistency
from evals.trials import Made, Played, Trial
from planner import comparison
from planner.agreement import Share
from tools.records import Record


class Reliance(Record):
    """How far the confidence of one source can be relied on."""

    source: str
    choices: int
    curve: tuple[Cut, ...]
    areas: Areas
    at_risk: Cut | None
    """The smallest threshold from which at most that share is wrong, by its upper bound; None: none is."""


class Point(Record):
    """What the trials tell of one decision point."""

    point: str
    decisions: int
    first_try: Share
    """Answers that were usable at once."""
    after_repair: Share
    """Answers that were usable in the end."""
    fallback: Share
    """Decisions that took `otherwise`."""
    abstained: Share
    """Those of them for want of confidence."""
    accuracy: Share | None
    """Of labelled decisions, those where the model chose what is right."""
    confusion: dict[str, dict[str, int]]
    """How often the model chose what, by what is right."""
    brier: float | None
    """Mean, of labelled decisions with probabilities."""
    reliance: tuple[Reliance, ...]
    consistency: Consistency
    expected_cost: float | None
    """Mean of what the labelled decisions cost by the cases' own figures."""


class Measures(Record):
    """What the trials tell in all."""

    cases: int
    trials: int
    passed: Share
    """Of the trials that the cases could judge."""
    unscripted: int
    pass_all: dict[int, float]
    """By k: how likely a case passes k times in a row, over the cases that were judged so often."""
    agreement: float | None
    """Mean share of the repeats of a case that decide as most of them do."""
    consistency: Consistency
    risk: float
    """Share of accepted choices that may be wrong, where a threshold is looked for."""
    points: tuple[Point, ...]
    tokens: int
    cost_usd: str | None
    p50_ms: float | None
    p95_ms: float | None
    """Time that a decision took."""


def measure(trials: Sequence[Trial], *, risk: float = RISK) -> Measures:
    """Return what trials tell, with the thresholds that keep the risk."""
    made = [each for trial in trials for each in trial.decisions]
    judged = [trial for trial in trials if trial.is_judged]
    costs = [each.cost_usd for each in made]
    return Measures(
        cases=len({trial.case for trial in trials}),
        trials=len(trials),
        passed=_share(judged, _is_passed),
        unscripted=sum(trial.is_aside for trial in trials),
        pass_all=_pass_all(judged),
        agreement=_agreement(trials),
        consistency=permuting.consistency(trials),
        risk=risk,
        points=tuple(
            _point(name, own, permuting.consistency(trials, point=name), risk)
            for name, own in _by_point(made).items()
        ),
        tokens=sum(each.tokens for each in made),
        cost_usd=None if None in costs else str(sum((Decimal(each or 0) for each in costs), Decimal(0))),
        p50_ms=_quantile(made, 0.5),
        p95_ms=_quantile(made, 0.95),
    )


def told(played: Played, endpoint: Endpoint | None, *, risk: float) -> dict[str, Any]:
    """Return trials and what they tell as members of the document of results."""
    live = None
    if endpoint is not None:
        cap = endpoint.cap
        live = {
            "tokens": endpoint.tokens,
            "max_tokens": cap.tokens,
            "cost_usd": str(endpoint.cost_usd),
            "max_cost_usd": str(cap.cost_usd),
        }
    return {
        "live": live,
        "unplayed": [each.model_dump(mode="json") for each in played.unplayed],
        "trials": [trial.model_dump(mode="json") for trial in played.trials],
        "measures": measure(played.trials, risk=risk).model_dump(mode="json"),
    }


def lines(played: Played, endpoint: Endpoint | None, *, risk: float) -> Iterator[str]:
    """Yield what trials tell, for people."""
    found = measure(played.trials, risk=risk)
    yield f"{found.trials} trials of {found.cases} cases: {_said(found.passed)} passed"
    if found.unscripted:
        yield f"  {found.unscripted} unscripted: the model took a way that the case has no answers for"
    if found.pass_all:
        shown = ", ".join(f"pass^{k} {share:.1%}" for k, share in found.pass_all.items())
        yield f"  {shown}" + ("" if found.agreement is None else f"; agreement {found.agreement:.1%}")
    if found.trials > found.cases:
        yield "  repeats of a case are not independent: the intervals over them are too narrow"
    yield from _lines_of_orders(found.consistency)
    for point in found.points:
        yield from _lines_of(point, found.risk)
    if found.p50_ms is not None:
        cost = "" if found.cost_usd is None else f", {Decimal(found.cost_usd).normalize():f} USD"
        yield f"{found.tokens} tokens{cost}; p50 {found.p50_ms:.0f} ms, p95 {found.p95_ms:.0f} ms"
    if endpoint is not None:
        yield endpoint.spent
    yield from (f"not played: {each.sentence}" for each in played.unplayed)


def _lines_of_orders(found: Consistency) -> Iterator[str]:
    if found.across is not None:
        within = "" if found.within is None else f", {found.within:.1%} in the same one"
        yield f"  the same choice in another order of the options: {found.across:.1%}{within}"


def _lines_of(point: Point, risk: float) -> Iterator[str]:
    yield f"{point.point}: {point.decisions} decisions; usable at once {_said(point.first_try)}"
    yield f"  in the end {_said(point.after_repair)}; fell back {_said(point.fallback)}"
    yield from _lines_of_orders(point.consistency)
    if point.accuracy is None:
        return
    cost = "" if point.expected_cost is None else f"; expected cost {point.expected_cost:.3g}"
    brier = "" if point.brier is None else f"; Brier {point.brier:.3f}"
    yield f"  right {_said(point.accuracy)}{cost}{brier}"
    for truth, chosen in point.confusion.items():
        yield f"  {truth}: " + ", ".join(f"{name} {count}" for name, count in chosen.items())
    for each in point.reliance:
        head = f"  {each.source}: AURC {each.areas.aurc:.3f}, E-AURC {each.areas.e_aurc:.3f}"
        cut = each.at_risk
        if cut is None:
            yield f"{head}; no min_confidence is proven to keep errors at {risk:.1%} or less"
        else:
            yield (
                f"{head}; min_confidence {cut.min_confidence:g} keeps errors at {cut.at_most:.1%} or less "
                f"and accepts {cut.coverage:.0%}"
            )


def _point(name: str, made: Sequence[Made], consistency: Consistency, risk: float) -> Point:
    known = [each for each in made if each.truth is not None]
    confusion: dict[str, Counter[str]] = {}
    for each in known:
        confusion.setdefault(each.truth or "", Counter())[each.said or "(nothing usable)"] += 1
    scores = [score for each in known if (score := each.brier) is not None]
    return Point(
        point=name,
        decisions=len(made),
        first_try=_share(made, lambda each: each.said is not None and not each.repaired),
        after_repair=_share(made, lambda each: each.said is not None),
        fallback=_share(made, lambda each: each.decided_by == "otherwise"),
        abstained=_share(made, lambda each: each.outcome_class == "abstained"),
        accuracy=_share(known, lambda each: bool(each.is_right)) if known else None,
        confusion={truth: dict(counts.most_common()) for truth, counts in sorted(confusion.items())},
        brier=fmean(scores) if scores else None,
        reliance=tuple(_reliance(known, risk)),
        consistency=consistency,
        expected_cost=fmean(each.loss or 0.0 for each in known) if known else None,
    )


def _reliance(known: Sequence[Made], risk: float) -> Iterator[Reliance]:
    by_source: dict[str, list[Sure]] = {}
    for each in known:
        if each.confidence is not None and each.source is not None:
            by_source.setdefault(each.source, []).append(Sure(each.confidence, bool(each.is_right)))
    for source, sure in sorted(by_source.items()):
        yield Reliance(
            source=source,
            choices=len(sure),
            curve=tuple(calibration.curve(sure)),
            areas=calibration.areas(sure),
            at_risk=calibration.threshold(sure, risk=risk),
        )


def _pass_all(judged: Sequence[Trial]) -> dict[int, float]:
    rights: dict[str, list[bool]] = {}
    for trial in judged:
        rights.setdefault(trial.case, []).append(_is_passed(trial))
    most = max((len(each) for each in rights.values()), default=0)
    return {
        k: fmean(pairing.pass_all(sum(each), len(each), k) for each in rights.values() if len(each) >= k)
        for k in range(1, most + 1)
    }


def _agreement(trials: Sequence[Trial]) -> float | None:
    ways: dict[str, Counter[tuple[tuple[str, str], ...]]] = {}
    for trial in (trial for trial in trials if trial.status != "spent"):
        way = tuple((each.point, each.choice) for each in trial.decisions)
        ways.setdefault(trial.case, Counter())[way] += 1
    repeated = [counts for counts in ways.values() if counts.total() > 1]
    return fmean(max(counts.values()) / counts.total() for counts in repeated) if repeated else None


def _by_point(made: Sequence[Made]) -> dict[str, list[Made]]:
    found: dict[str, list[Made]] = {}
    for each in sorted(made, key=lambda each: each.point):
        found.setdefault(each.point, []).append(each)
    return found


def _is_passed(trial: Trial) -> bool:
    return trial.status in report.PASSING


def _share(items: Sequence[Any], holds: Callable[[Any], bool]) -> Share:
    count = sum(map(holds, items))
    return Share(count=count, of=len(items), **comparison.wilson(count, len(items))._asdict())


def _said(part: Share) -> str:
    return f"{part.count} of {part.of} ({part.low:.0%} to {part.high:.0%})"


def _quantile(made: Sequence[Made], share: float) -> float | None:
    times = sorted(each.ms for each in made)
    return times[math.ceil(share * len(times)) - 1] if times else None
