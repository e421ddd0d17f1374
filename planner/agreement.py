"""Agreement: how far two ways of choosing agree on logged decisions, and what it is worth. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal as Money
from statistics import fmean, median

from planner import comparison
from planner.comparison import Interval
from planner.decisions import ModelInfo
from planner.reasking import Asked, Pair, Side, Unasked
from tools.records import Record

COMPARABLE = (
    "Only the first differing decision of a run is comparable: behind it the run would have gone elsewhere, "
    "so its later decisions are asked but not counted."
)


class Share(Record):
    """A part of a whole, with the bounds within which the true share lies with 95 % confidence."""

    count: int
    of: int
    share: float
    low: float
    high: float


class OptionAgreement(Record):
    """What became of the decisions that took one option."""

    agreed: Share
    now: dict[str, int]
    """How often each option is taken now."""


class PointAgreement(Record):
    """Agreement at one decision point."""

    point: str
    agreed: Share
    options: dict[str, OptionAgreement]
    """By the option that was taken before."""


class Flip(Record):
    """A decision that would be made otherwise now."""

    decision_id: str
    run_id: str
    point: str
    before: str
    after: str
    before_by: str
    after_by: str
    after_outcome_class: str
    after_reason: str
    comparable: bool
    """False behind the first difference of its run."""


class Spending(Record):
    """What one side took, over all pairs."""

    mean_ms: float
    median_ms: float
    requests: int
    tokens: int
    cost_usd: Money | None
    """None where a decision was made without a price."""


class TruthTest(Record):
    """Who is right more often, on the comparable decisions whose right choice is known."""

    before: Share
    after: Share
    broke: int
    """Right before, wrong now."""
    fixed: int
    """Wrong before, right now."""
    p: float
    """Exact McNemar, two-sided: how easily chance alone would show such a difference."""
    smallest_detectable: str


class Report(Record):
    """What asking again came to."""

    model: ModelInfo | None
    """Who answered now."""
    asked: int
    comparable: int
    agreed: Share
    """Of the comparable ones."""
    points: tuple[PointAgreement, ...]
    outcomes_before: dict[str, int]
    outcomes_after: dict[str, int]
    flips: tuple[Flip, ...]
    before: Spending | None
    after: Spending | None
    smallest_detectable: str
    truth: TruthTest | None
    """None where no right choice is known."""
    unasked: tuple[Unasked, ...]
    note: str = COMPARABLE


def report(asked: Asked, truth: Mapping[str, str] | None = None) -> Report:
    """Return what the pairs tell; `truth` names right choices by decision id."""
    pairs = asked.pairs
    counted = [pair for pair in pairs if pair.comparable]
    return Report(
        model=asked.model,
        asked=len(pairs),
        comparable=len(counted),
        agreed=_agreed(counted),
        points=tuple(_point(point, own) for point, own in _by_point(counted).items()),
        outcomes_before=_counted(pair.before.outcome_class for pair in pairs),
        outcomes_after=_counted(pair.after.outcome_class for pair in pairs),
        flips=tuple(_flip(pair) for pair in pairs if not pair.same),
        before=_spending([pair.before for pair in pairs]),
        after=_spending([pair.after for pair in pairs]),
        smallest_detectable=comparison.detectable(len(counted)).sentence,
        truth=_truth(counted, truth or {}),
        unasked=tuple(asked.unasked),
    )


def lines(found: Report) -> Iterator[str]:
    """Yield the report for people."""
    yield f"Asked again: {found.asked} decisions{_of(found.model)}"
    for why, count in Counter(each.why for each in found.unasked).items():
        yield f"Not asked: {count}, because {why}"
    if not found.asked:
        return
    yield f"Comparable: {found.comparable}. {found.note}"
    yield f"Agreement: {_share(found.agreed)}"
    yield f"  {found.smallest_detectable}"
    for point in found.points:
        yield f"{point.point}: {_share(point.agreed)}"
        for option, own in point.options.items():
            now = ", ".join(f"{name} {count}" for name, count in own.now.items())
            yield f"  {option}: {_share(own.agreed)}; now {now}"
    yield f"Outcomes before: {_listed(found.outcomes_before)}; now: {_listed(found.outcomes_after)}"
    yield from _spent(found)
    yield from _tested(found.truth)
    yield f"Flips: {len(found.flips)}"
    for flip in found.flips:
        tail = "" if flip.comparable else "  (not comparable: behind the first difference of its run)"
        why = "" if flip.after_outcome_class == "ok" else f" ({flip.after_outcome_class})"
        yield f"  {flip.decision_id}  {flip.point}  {flip.before} -> {flip.after}{why}{tail}"


def _by_point(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=lambda each: each.point):
        found.setdefault(pair.point, []).append(pair)
    return found


def _point(point: str, pairs: Sequence[Pair]) -> PointAgreement:
    by_option: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=lambda each: each.before.choice):
        by_option.setdefault(pair.before.choice, []).append(pair)
    options = {
        option: OptionAgreement(agreed=_agreed(own), now=_counted(pair.after.choice for pair in own))
        for option, own in by_option.items()
    }
    return PointAgreement(point=point, agreed=_agreed(pairs), options=options)


def _agreed(pairs: Sequence[Pair]) -> Share:
    return _part(sum(pair.same for pair in pairs), len(pairs))


def _part(count: int, of: int) -> Share:
    found: Interval = comparison.wilson(count, of)
    return Share(count=count, of=of, **found._asdict())


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _flip(pair: Pair) -> Flip:
    return Flip(
        decision_id=pair.decision_id,
        run_id=pair.run_id,
        point=pair.point,
        before=pair.before.choice,
        after=pair.after.choice,
        before_by=pair.before.decided_by,
        after_by=pair.after.decided_by,
        after_outcome_class=pair.after.outcome_class,
        after_reason=pair.after.reason,
        comparable=pair.comparable,
    )


def _spending(sides: Sequence[Side]) -> Spending | None:
    if not sides:
        return None
    costs = [side.cost_usd for side in sides]
    priced = [cost for cost in costs if cost is not None]
    return Spending(
        mean_ms=round(fmean(side.ms for side in sides), 3),
        median_ms=round(median(side.ms for side in sides), 3),
        requests=sum(side.requests for side in sides),
        tokens=sum(side.tokens for side in sides),
        cost_usd=sum(priced, Money(0)) if len(priced) == len(costs) else None,
    )


def _truth(pairs: Sequence[Pair], truth: Mapping[str, str]) -> TruthTest | None:
    known = [(pair, truth[pair.decision_id]) for pair in pairs if pair.decision_id in truth]
    if not known:
        return None
    rights = [(pair.before.choice == right, pair.after.choice == right) for pair, right in known]
    broke = sum(before and not after for before, after in rights)
    fixed = sum(after and not before for before, after in rights)
    return TruthTest(
        before=_part(sum(before for before, _ in rights), len(rights)),
        after=_part(sum(after for _, after in rights), len(rights)),
        broke=broke,
        fixed=fixed,
        p=comparison.mcnemar(broke, fixed),
        smallest_detectable=comparison.detectable(len(rights)).sentence,
    )


def _spent(found: Report) -> Iterator[str]:
    before, after = found.before, found.after
    if before is None or after is None:
        return
    yield (
        f"Latency: mean {before.mean_ms:.1f} ms before, {after.mean_ms:.1f} ms now "
        f"({after.mean_ms - before.mean_ms:+.1f}); median {before.median_ms:.1f}, {after.median_ms:.1f}"
    )
    yield (
        f"Cost: {before.requests} requests and {before.tokens} tokens before{_money(before)}, "
        f"{after.requests} and {after.tokens} now{_money(after)} ({after.tokens - before.tokens:+d} tokens"
        f"{_difference(before, after)})"
    )


def _tested(test: TruthTest | None) -> Iterator[str]:
    if test is None:
        yield "Right choices: none is known, so nothing tells which side is better"
        return
    yield f"Right before: {_share(test.before)}; now: {_share(test.after)}"
    yield f"  broke {test.broke}, fixed {test.fixed}; exact McNemar p = {test.p:.4g}"
    yield f"  {test.smallest_detectable}"


def _money(spent: Spending) -> str:
    return "" if spent.cost_usd is None else f" for {spent.cost_usd.normalize():f} USD"


def _difference(before: Spending, after: Spending) -> str:
    if before.cost_usd is None or after.cost_usd is None:
        return ""
    return f", {after.cost_usd - before.cost_usd:+f} USD"


def _of(model: ModelInfo | None) -> str:
    if model is None:
        return ""
    scripted = ", a scripted endpoint" if model.system_fingerprint == "scripted" else ""
    return f" by {model.responded or model.requested} at {model.host} ({model.backend}){scripted}"


def _share(part: Share) -> str:
    return f"{part.count} of {part.of} = {part.share:.1%} ({part.low:.1%} to {part.high:.1%})"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
