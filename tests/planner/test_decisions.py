from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from planner.decisions import Answer, Confidence, Decision, Offered, Question, Usage, digest, ids

OPTIONS = (Offered(id="a"), Offered(id="b", available=False, excluded_by="its guard is false"))


def decision(**changes):
    told = {
        "decision_id": "d",
        "kind": "choose",
        "run_id": "r",
        "point": "w/s",
        "ts": datetime(2026, 1, 5, tzinfo=UTC),
        "question": "What now?",
        "options": OPTIONS,
        "decided_by": "model",
        "choice": "a",
    }
    return Decision.model_validate({**told, **changes})


def test_only_what_is_available_may_be_chosen():
    question = Question(point="w/s", question="?", options=OPTIONS)
    assert ids(question.available) == ("a",)
    assert ids(question.options) == ("a", "b")


def test_equal_values_have_equal_digests_whatever_their_order():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_a_record_goes_through_json_and_comes_back_the_same():
    record = decision(confidence=Confidence(value=0.5), usage=Usage(input=1, output=2))
    written = record.model_dump(mode="json", by_alias=True)
    assert written["schema"] == "decision/1"
    assert Decision.model_validate(written) == record


def test_a_record_takes_no_unknown_fields_and_no_unknown_classes():
    with pytest.raises(ValidationError):
        decision(extra=1)
    with pytest.raises(ValidationError):
        decision(outcome_class="perhaps")
    with pytest.raises(ValidationError):
        Answer.model_validate({"outcome_class": "great"})


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        decision().choice = "b"


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_confidence_lies_between_none_and_certain(value):
    with pytest.raises(ValidationError):
        Confidence(value=value)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValidationError):
        decision(ts=datetime(2026, 1, 5))  # noqa: DTZ001 - that is what is refused
