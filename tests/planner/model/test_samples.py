from datetime import UTC, datetime
from decimal import Decimal

from planner.decisions import Answer, Attempt, Offered, Question, Usage, ids
from planner.model import samples

NOW = datetime(2026, 1, 5, tzinfo=UTC)
QUESTION = Question(point="w/s", question="?", options=tuple(Offered(id=each) for each in "abc"))


def told(choice, outcome_class="ok", **more):
    attempt = Attempt(n=1, started=NOW, ms=1, outcome_class=outcome_class)
    usage = Usage(input=10, output=1, cost_usd=Decimal("0.1"))
    return Answer(outcome_class=outcome_class, choice=choice, attempts=(attempt,), usage=usage, **more)


def test_every_option_comes_first_once_in_as_many_samples():
    orders = [ids(each.shown) for each in samples.permuted(QUESTION, 6)]
    assert orders[:3] == [("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b")]
    assert sorted(order[0] for order in orders[3:]) == ["a", "b", "c"]
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)


def test_one_sample_is_the_question_itself():
    assert samples.permuted(QUESTION, 1) == (QUESTION,)


def test_the_majority_is_chosen_and_its_share_is_the_confidence():
    merged = samples.merged([told("a"), told("b", reason="b it is"), told("b")], gates=True)
    assert (merged.choice, merged.reason) == ("b", "b it is")
    assert merged.confidence is not None
    assert (round(merged.confidence.value, 3), merged.confidence.source, merged.confidence.gates) == (
        0.667,
        "agreement",
        True,
    )
    assert [attempt.n for attempt in merged.attempts] == [1, 2, 3]
    assert (merged.usage.input, merged.usage.cost_usd) == (30, Decimal("0.3"))


def test_a_failed_sample_counts_against_the_choice():
    merged = samples.merged([told("a"), told(None, "invalid")], gates=True)
    assert merged.confidence is not None
    assert (merged.choice, merged.confidence.value) == ("a", 0.5)
    assert merged.anomalies == ("samples_failed",)


def test_of_equally_many_the_first_stands():
    merged = samples.merged([told("b"), told("a"), told("a"), told("b")], gates=True)
    assert (merged.choice, merged.anomalies) == ("b", ("samples_tied",))


def test_where_all_fail_the_first_ones_class_stands():
    merged = samples.merged([told(None, "refused"), told(None, "invalid")], gates=True)
    assert (merged.outcome_class, merged.choice, len(merged.attempts)) == ("refused", None, 2)


def test_measured_probabilities_are_averaged_over_the_orders():
    one, two = {"a": "0.8", "b": "0.2"}, {"a": "0.6", "b": "0.4"}
    merged = samples.merged([told("a", probabilities=one), told("a", probabilities=two)], gates=True)
    assert merged.probabilities == {"a": "0.7", "b": "0.3"}


def test_attempts_bear_the_order_that_they_showed():
    turned = QUESTION.model_copy(update={"order_seed": 1})
    assert samples.ordered(told("a"), turned).attempts[0].option_order == ("b", "c", "a")
