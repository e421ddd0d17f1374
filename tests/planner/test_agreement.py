"""The report's numbers are those that were put in."""

from decimal import Decimal as Money

import pytest

from planner import agreement
from planner.reasking import Asked, Pair, Side, Unasked, marked


def side(choice, **more):
    fields = {"decided_by": "model", "outcome_class": "ok", "ms": 10.0, "requests": 1, "tokens": 100}
    return Side(choice=choice, **fields | more)


def pair(number, before, after, *, run=None, point="w/pick", **more):
    now = after if isinstance(after, Side) else side(after, ms=30.0, tokens=150, cost_usd=Money("0.01"))
    return Pair(
        decision_id=f"d-{number}",
        run_id=run or f"r-{number}",
        run_seq=number,
        point=point,
        before=side(before, cost_usd=Money("0.03")),
        after=now,
        **more,
    )


def asked(*pairs, unasked=()):
    return Asked(marked(pairs), unasked, None)


def pairs_of(counts):
    """Make pairs by (before, after) and how many."""
    wanted = [ways for ways, count in counts.items() for _ in range(count)]
    return [pair(number, *ways) for number, ways in enumerate(wanted)]


MANY = {("a", "a"): 150, ("a", "b"): 30, ("b", "b"): 60, ("b", "a"): 10}


def test_agreement_is_told_by_point_and_by_option():
    found = agreement.report(asked(*pairs_of(MANY)))

    assert (found.agreed.count, found.agreed.of) == (210, 250)
    assert found.points[0].options["a"].now == {"a": 150, "b": 30}
    assert (found.points[0].options["b"].agreed.count, found.points[0].options["b"].agreed.of) == (60, 70)
    assert len(found.flips) == 40
    assert found.smallest_detectable.startswith("n=250:")


def test_truth_tells_which_side_is_right_more_often():
    truth = {f"d-{number}": "b" for number in range(180)} | {f"d-{number}": "b" for number in range(180, 250)}

    found = agreement.report(asked(*pairs_of(MANY)), truth).truth

    assert (found.before.count, found.after.count, found.after.of) == (70, 90, 250)
    assert (found.broke, found.fixed) == (10, 30)
    assert found.p == pytest.approx(0.002221, rel=1e-3)


def test_without_known_choices_nothing_is_said_of_right_and_wrong():
    found = agreement.report(asked(pair(1, "a", "b")), {"another": "a"})

    assert found.truth is None
    assert any("none is known" in line for line in agreement.lines(found))


def test_what_follows_the_first_difference_of_a_run_is_listed_and_not_counted():
    listed = [pair(n, "a", after, run="r") for n, after in enumerate("abba")]

    found = agreement.report(asked(*listed), {f"d-{n}": "a" for n in range(4)})

    assert (found.asked, found.comparable, found.agreed.count) == (4, 2, 1)
    assert [flip.comparable for flip in found.flips] == [True, False]
    assert found.truth.after.of == 2
    told = list(agreement.lines(found))
    assert any("Only the first differing decision of a run is comparable" in line for line in told)
    assert sum("not comparable" in line for line in told) == 1


def test_latency_and_cost_are_compared():
    found = agreement.report(asked(pair(1, "a", "a"), pair(2, "a", "a")))

    assert (found.before.mean_ms, found.after.mean_ms, found.after.median_ms) == (10.0, 30.0, 30.0)
    assert (found.before.cost_usd, found.after.cost_usd) == (Money("0.06"), Money("0.02"))
    told = "\n".join(agreement.lines(found))
    assert "mean 10.0 ms before, 30.0 ms now (+20.0)" in told
    assert "+100 tokens, -0.04 USD" in told


def test_a_price_that_is_missing_once_makes_no_sum():
    found = agreement.report(asked(pair(1, "a", side("a")), pair(2, "a", "a")))

    assert found.after.cost_usd is None


def test_unusable_answers_are_counted_by_their_class():
    late = side("b", decided_by="otherwise", outcome_class="timeout")

    found = agreement.report(asked(pair(1, "a", late), pair(2, "a", "a")))

    assert found.outcomes_after == {"timeout": 1, "ok": 1}
    assert any("a -> b (timeout)" in line for line in agreement.lines(found))


def test_what_was_not_asked_is_counted_with_the_reason():
    left = [Unasked(decision_id=str(n), why="no model was asked") for n in range(3)]

    told = list(agreement.lines(agreement.report(asked(unasked=left))))

    assert told == ["Asked again: 0 decisions", "Not asked: 3, because no model was asked"]
