import pytest

from planner.decisions import Offered, Question
from planner.model import inquiries, prompts
from planner.model.answers import Envelope, Unusable

QUESTION = Question(
    point="w/s",
    question="Which?",
    options=(Offered(id="z", means="Last."), Offered(id="gone", available=False), Offered(id="a")),
)


def of(count):
    return QUESTION.model_copy(update={"options": tuple(Offered(id=f"o{n}") for n in range(count))})


def test_a_decisions_endpoint_is_asked_one_question_with_the_shown_options():
    ask = inquiries.choosing(QUESTION.model_copy(update={"order_seed": 1}), "decisions")
    assert ask.backend == "decisions"
    assert ask.schema["choices"] == [{"value": "a"}, {"value": "z", "description": "Last."}]
    assert ask.schema["type"] == "choice"


def test_a_short_prompt_allows_what_is_offered_and_a_long_one_what_is_declared():
    short = inquiries.choosing(QUESTION, "chat")
    long = inquiries.choosing(QUESTION.model_copy(update={"given": "x" * 5000}), "chat")
    assert short.schema["properties"]["choice"]["enum"] == ["z", "a"]
    assert long.schema["properties"]["choice"]["enum"] == ["a", "gone", "z"]
    with pytest.raises(Unusable, match="'gone' was not offered"):
        long.read('{"reason": "", "choice": "gone", "confidence": 1}', Envelope())


def test_labels_are_read_back_as_options():
    ask = inquiries.choosing(QUESTION, "chat", logprobs=True)
    assert ask.schema["properties"]["choice"]["enum"] == ["A", "B"]
    read = ask.read('{"choice": "B", "reason": "r", "confidence": 0.4}', Envelope())
    assert (read.choice, read.confidence, read.source) == ("a", 0.4, "stated")
    assert read.anomalies == ("logprobs_unusable",)
    with pytest.raises(Unusable, match="not offered"):
        ask.read('{"choice": "z", "reason": "r"}', Envelope())


def test_more_options_than_labels_are_asked_for_by_their_ids():
    most = len(prompts.LABELS)
    assert inquiries.choosing(of(most), "chat", logprobs=True).logprobs
    assert not inquiries.choosing(of(most + 1), "chat", logprobs=True).logprobs


@pytest.mark.parametrize(
    ("question", "backend", "why"),
    [
        (of(0), "chat", "nothing_offered"),
        (of(1), "chat", None),
        (of(1), "decisions", "options_uncountable"),
        (of(255), "decisions", None),
        (of(256), "decisions", "options_uncountable"),
        (of(256), "chat", None),
        (of(1).model_copy(update={"options": of(1).options * 2}), "chat", "options_repeated"),
    ],
)
def test_what_cannot_be_asked_is_not_sent(question, backend, why):
    assert inquiries.unaskable(question, backend) == why
