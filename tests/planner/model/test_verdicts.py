import json

import pytest

from planner.model import verdicts
from planner.model.answers import Unusable

SHOWN = ("refund", "reship")


def said(**changes):
    answer = {
        "type": "choice",
        "name": "choice",
        "choice": "refund",
        "confidence": 0.5,
        "probabilities": [{"value": "refund", "probability": 0.9}, {"value": "reship", "probability": 0.1}],
        **changes,
    }
    return json.dumps({"answers": [answer]})


def broken(content):
    with pytest.raises(Unusable) as caught:
        verdicts.read(content, SHOWN)
    return caught.value.outcome_class, str(caught.value)


def test_a_choice_comes_with_the_probability_of_every_option():
    choice = verdicts.read(said(), SHOWN)
    assert (choice.choice, choice.confidence, choice.source) == ("refund", 0.9, "probabilities")
    assert choice.probabilities == {"refund": "0.9", "reship": "0.1"}


def test_probabilities_are_kept_as_the_server_wrote_them():
    content = said().replace("0.9", "0.900000000001").replace("0.1}", "1e-1}")
    assert verdicts.read(content, SHOWN).probabilities == {"refund": "0.900000000001", "reship": "0.1"}


def test_of_equally_likely_options_either_may_be_chosen():
    even = [{"value": value, "probability": 0.5} for value in SHOWN]
    assert verdicts.read(said(choice="reship", probabilities=even), SHOWN).choice == "reship"


def test_a_refusal_is_no_choice():
    assert broken(said(type="refusal"))[0] == "refused"


def test_a_less_likely_choice_contradicts_itself():
    assert "another option is more likely" in broken(said(choice="reship"))[1]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "score"}, "of type 'score'"),
        ({"name": "other"}, "another question"),
        ({"choice": "steal"}, "'steal' was not offered"),
        ({"choice": True}, "'True' was not offered"),
        ({"probabilities": []}, "not those of the options"),
        ({"probabilities": [{"value": "refund", "probability": 1.0}] * 2}, "not those of the options"),
        ({"probabilities": [{"value": 1, "probability": 1}, {"value": 2}]}, "not those of the options"),
    ],
)
def test_what_breaks_the_contract_is_named(changes, told):
    outcome_class, message = broken(said(**changes))
    assert outcome_class == "invalid"
    assert told in message


@pytest.mark.parametrize(
    "number", ["1.1", "-0.1", "NaN", "Infinity", "true", "null", '"0.9"', "1e999999999999999999999"]
)
def test_what_is_no_probability_is_refused(number):
    assert "no number from 0 to 1" in broken(said().replace("0.9", number))[1]


def test_probabilities_make_one_whole():
    assert "sum up to 0.600" in broken(said().replace("0.9", "0.5"))[1]
    assert verdicts.read(said().replace("0.9", "0.905"), SHOWN).choice == "refund"


def test_a_number_beyond_all_sense_is_none_at_all():
    content = said().replace("0.9", "1.0").replace("0.1}", "1e-99999999999999999999}")
    assert verdicts.read(content, SHOWN).probabilities == {"refund": "1", "reship": "0"}


def test_the_frame_tells_the_model_and_the_tokens():
    usage = {"input_tokens": 7, "output_tokens": 1}
    envelope = verdicts.read_envelope(json.dumps({"model": "m", "answers": [], "usage": usage}).encode())
    assert (envelope.model, envelope.usage.total, envelope.anomalies) == ("m", 8, ())
    assert verdicts.read_envelope(b"{}").anomalies == ("usage_missing",)
