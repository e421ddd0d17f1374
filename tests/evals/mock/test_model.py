"""The served model answers decision by decision, from the same script as a case that is played."""

import json

import pytest

from planner.decisions import Offered, Question
from planner.model import prompts

TWICE = """
model:
  how:
    - {when: {amount: 5.0}, attempts: [{fault: unavailable}, {choose: card, reason: It is cheap.}]}
    - {choose: later}
expect: {status: succeeded}
"""
MODEL = "/model/v1/chat/completions"


@pytest.fixture
def asking():
    def made(point="pay/how", *, given=None):
        question = Question(
            kind="choose",
            point=point,
            question="How?",
            goal="",
            given={"amount": 5.0} if given is None else given,
            options=tuple(Offered(id=each, means="", available=True) for each in ("card", "later")),
            deadline_seconds=1,
        )
        return {"model": "m", "messages": list(prompts.choose(question).messages)}

    return made


def chosen(told):
    return json.loads(json.loads(told.body)["choices"][0]["message"]["content"])["choice"]


def test_the_prompt_of_the_planner_names_its_point_and_its_data(front, request_to, asking):
    served = front()

    told = served.answer(request_to(MODEL, asking()))

    assert (told.status, chosen(told)) == (200, "card")
    state = json.loads(served.answer(request_to("", method="GET")).body)
    assert state["asked"][0]["name"] == "how"
    assert state["unused"] == [
        "operation 'bank.look': answer 1 of 1 was never asked for",
        "operation 'bank.charge': answer 1 of 1 was never asked for",
    ]


def test_a_client_without_the_planners_prompt_names_the_point_in_the_metadata(front, request_to):
    body = {"model": "m", "messages": [{"role": "user", "content": "Card?"}], "metadata": {"point": "how"}}

    assert chosen(front().answer(request_to(MODEL, body))) == "card"


def test_requests_of_one_decision_go_through_its_attempts_and_the_next_decision_takes_the_next_answer(
    front, request_to, asking
):
    served = front(TWICE)

    first = served.answer(request_to(MODEL, asking()))
    second = served.answer(request_to(MODEL, asking()))
    third = served.answer(request_to(MODEL, asking(given={"amount": 9.0})))

    assert first.raw is not None
    assert (chosen(second), chosen(third)) == ("card", "later")


def test_a_fault_stays_for_as_long_as_the_same_is_asked(front, request_to, asking):
    served = front("model: {how: {fault: plain_text}}\nexpect: {status: failed}")

    again = [served.answer(request_to(MODEL, asking())) for _ in range(3)]
    other = served.answer(request_to(MODEL, asking(given={"amount": 9.0})))

    assert all(each.raw is not None for each in again)
    assert other.status == 400


def test_what_no_answer_is_written_for_is_an_error_with_the_nearest_one(front, request_to, asking):
    served = front("model: {how: {when: {amount: 1.0}, choose: card}}\nexpect: {status: failed}")

    told = served.answer(request_to(MODEL, asking()))

    error = json.loads(told.body)["error"]
    assert (told.status, error["code"]) == (400, "script-unmatched")
    assert "the nearest differs at /amount expected 1.0, found 5.0" in error["message"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (MODEL, {"messages": []}, "the request names no decision point"),
        (MODEL, {"stream": True}, "not streamed here"),
        (MODEL, b"no", "no JSON object"),
        ("/model/v1/embeddings", {}, "a model's endpoint has no POST /embeddings"),
    ],
)
def test_a_request_that_is_none_is_told_so(front, request_to, path, body, said):
    served = front()

    told = served.answer(request_to(path, body))

    assert said in json.loads(told.body)["error"]["message"]
    assert len(list(served.trouble())) > 1


def test_a_case_without_a_model_and_a_fault_before_the_request_are_told(front, request_to, asking):
    absent = front("model: absent\nexpect: {status: failed}").answer(request_to(MODEL, asking()))
    early = front("model: {how: {fault: refused}}\nexpect: {status: failed}")

    assert b"model: absent" in absent.body
    assert early.answer(request_to(MODEL, asking())).raw is not None
    unreached = front("model: {how: {fault: connect_refused}}\nexpect: {status: failed}")
    assert b"it ends before the request" in unreached.answer(request_to(MODEL, asking())).body


def test_the_models_are_listed_and_a_decisions_endpoint_answers_too(front, request_to):
    served = front()
    question = {
        "instructions": f"{prompts.POINT_LINE}pay/how",
        "choices": [{"value": "card"}, {"value": "later"}],
    }

    listed = served.answer(request_to("/model/v1/models", method="GET"))
    told = served.answer(request_to("/model/v1/decisions", {"input": [], "questions": [question]}))

    assert json.loads(listed.body)["data"][0]["id"] == "scripted"
    assert json.loads(told.body)["answers"][0]["choice"] == "card"
