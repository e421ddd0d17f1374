from datetime import UTC, datetime

import pytest

from planner.choosing import Where, conclude, instead, preset
from planner.decisions import Answer, Confidence, Offered, Question, digest

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def question(*available, excluded=()):
    options = [Offered(id=name) for name in available]
    options += [Offered(id=name, available=False, excluded_by="its guard is false") for name in excluded]
    return Question(point="w/s", question="What now?", given={"a": 1}, options=tuple(options))


def decide(asked, answer, *, by="model", otherwise="person", **more):
    return conclude(asked, answer, Where("d", "r"), by=by, otherwise=otherwise, ts=NOW, **more)


def ok(choice, confidence=None):
    sure = None if confidence is None else Confidence(value=confidence, gates=True)
    return Answer(outcome_class="ok", choice=choice, reason="because", confidence=sure)


def test_one_option_left_is_taken_without_asking():
    assert preset(question("a", excluded=["b"]), otherwise="b", by="model") == ("only_option", "a", "ok", "")
    decision = decide(question("a", excluded=["b"]), None)
    assert (decision.decided_by, decision.choice, decision.outcome_class) == ("only_option", "a", "ok")
    assert decision.deadline_ms is None


def test_no_option_left_takes_otherwise():
    decision = decide(question(excluded=["a", "b"]), None, otherwise="b")
    assert (decision.decided_by, decision.choice, decision.outcome_class) == ("otherwise", "b", "ok")


def test_a_rule_takes_the_first_that_is_available():
    decision = decide(question("b", "c", excluded=["a"]), None, by="rule")
    assert (decision.decided_by, decision.choice) == ("rule", "b")


@pytest.mark.parametrize("by", ["model", "person"])
def test_several_options_need_an_answer(by):
    assert preset(question("a", "b"), otherwise="b", by=by) is None


def test_the_models_choice_is_taken_and_explained():
    decision = decide(question("a", "b"), ok("b", 0.9), min_confidence=0.7, given_fields=["/input/a"])
    assert (decision.decided_by, decision.choice, decision.proposed) == ("model", "b", None)
    assert decision.reason == "because"
    assert decision.option_order == ("a", "b")
    assert decision.given_sha256 == digest({"a": 1})
    assert decision.given_fields == ("/input/a",)
    assert decision.deadline_ms == 30_000


@pytest.mark.parametrize("confidence", [None, 0.0, 0.69])
def test_an_unsure_choice_abstains_and_is_kept_as_a_proposal(confidence):
    decision = decide(question("a", "b"), ok("b", confidence), min_confidence=0.7)
    assert (decision.decided_by, decision.choice) == ("otherwise", "person")
    assert (decision.outcome_class, decision.proposed, decision.reason) == ("abstained", "b", "because")


def test_a_confidence_from_a_source_that_is_not_trusted_passes_no_threshold():
    told = Answer(outcome_class="ok", choice="b", confidence=Confidence(value=1.0))
    decision = decide(question("a", "b"), told, min_confidence=0.1)
    assert (decision.choice, decision.outcome_class, decision.proposed) == ("person", "abstained", "b")
    assert decision.anomalies == ("confidence_not_trusted",)
    assert decide(question("a", "b"), told).choice == "b"


def test_the_record_tells_the_order_that_was_seen_and_what_was_measured():
    told = ok("b", 0.9).model_copy(update={"probabilities": {"a": "0.1", "b": "0.9"}})
    decision = decide(question("a", "b").model_copy(update={"order_seed": 1}), told)
    assert decision.option_order == ("b", "a")
    assert decision.probabilities == {"a": "0.1", "b": "0.9"}


def test_without_a_least_confidence_none_is_needed():
    assert decide(question("a", "b"), ok("b")).choice == "b"


def test_a_person_needs_no_confidence():
    decision = decide(question("a", "b"), ok("b"), by="person", min_confidence=0.9, actor="u1", comment="yes")
    assert (decision.decided_by, decision.choice, decision.actor, decision.comment) == (
        "person",
        "b",
        "u1",
        "yes",
    )
    assert decision.deadline_ms is None


@pytest.mark.parametrize("choice", ["c", "z", None, "A"])
def test_a_choice_that_was_not_available_is_invalid(choice):
    decision = decide(question("a", "b", excluded=["c"]), ok(choice))
    assert (decision.decided_by, decision.choice, decision.outcome_class) == (
        "otherwise",
        "person",
        "invalid",
    )
    assert decision.proposed == choice


@pytest.mark.parametrize("outcome_class", ["invalid", "refused", "timeout", "budget", "quota", "unavailable"])
def test_anything_but_ok_takes_otherwise_and_says_so(outcome_class):
    decision = decide(question("a", "b"), Answer(outcome_class=outcome_class, choice="a"))
    assert (decision.decided_by, decision.choice) == ("otherwise", "person")
    assert decision.outcome_class == outcome_class


@pytest.mark.parametrize(("by", "outcome_class"), [("model", "unavailable"), ("person", "timeout")])
def test_nobody_answering_takes_otherwise(by, outcome_class):
    decision = decide(question("a", "b"), None, by=by)
    assert (decision.decided_by, decision.outcome_class) == ("otherwise", outcome_class)


def test_an_answer_that_was_asked_for_counts_even_with_one_option():
    decision = decide(question("a"), ok("a"), by="person", actor="u1")
    assert (decision.decided_by, decision.choice) == ("person", "a")


def test_a_decision_in_the_place_of_another_keeps_what_was_offered_and_none_of_what_was_answered():
    where = Where("d", "r", path="s", visit=2)
    old = conclude(question("a", "b", excluded=["c"]), ok("a", 0.9), where, by="model", otherwise="b", ts=NOW)

    made = instead(old, "b", decision_id="d2", ts=NOW, actor="u-1", comment="no", overrides="d", attempt=2)

    assert (made.options, made.given, made.path, made.visit) == (old.options, old.given, "s", 2)
    assert (made.choice, made.decided_by, made.actor, made.comment) == ("b", "person", "u-1", "no")
    assert (made.confidence, made.model, made.attempts, made.overrides) == (None, None, (), "d")
