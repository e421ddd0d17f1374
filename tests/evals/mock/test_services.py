"""The served services answer with what the case has, and tell what it has not."""

import json

CHARGE = "/services/bank/charges"
BODY = {"order": "o-1", "amount": 5.0}


def said(told):
    return json.loads(told.body)


def test_a_service_answers_as_the_case_says(front, request_to):
    served = front()

    told = served.answer(request_to(CHARGE, BODY))

    assert (told.status, said(told)) == (200, {"id": "c-1", "amount": 5.0})


def test_an_answer_that_is_used_up_is_an_error(front, request_to):
    served = front()
    served.answer(request_to(CHARGE, BODY))

    told = served.answer(request_to(CHARGE, BODY))

    assert (told.status, told.headers["content-type"]) == (400, "application/problem+json")
    assert "its only answer is used up" in said(told)["detail"]
    assert any("its only answer is used up" in each for each in served.trouble())


def test_the_nearest_answer_is_told_with_the_first_difference(front, request_to):
    served = front(
        "services: {bank.charge: {when: {order: o-2, amount: 5.0}, return: {id: c, amount: 5.0}}}\n"
        "expect: {status: succeeded}"
    )

    assert (
        'the nearest differs at /order expected "o-2"'
        in said(served.answer(request_to(CHARGE, BODY)))["detail"]
    )


def test_arguments_that_the_operation_does_not_take_are_told(front, request_to):
    told = front().answer(request_to(CHARGE, {"order": "o-1", "amount": "five"}))

    assert told.status == 404
    assert "bank.charge does not take these arguments" in said(told)["detail"]


def test_an_answer_that_the_real_service_could_not_give_is_told(front, request_to):
    served = front("services: {bank.charge: {return: {id: c-1, amount: 6.0}}}\nexpect: {status: failed}")

    told = served.answer(request_to(CHARGE, BODY))

    assert (told.status, said(told)["title"]) == (500, "answer-impossible")


def test_what_is_nowhere_is_told_with_what_there_is(front, request_to):
    served = front()

    assert "it holds ['bank']" in said(served.answer(request_to("/services/clerk/stamp", {})))["detail"]
    assert "bank.charge (POST /charges)" in said(served.answer(request_to("/services/bank/x", {})))["detail"]
    assert "a case serves /model/v1/" in said(served.answer(request_to("/elsewhere")))["detail"]


def test_a_reset_breaks_the_connection_and_a_refused_one_cannot_be_served(front, request_to):
    reset = front("services: {bank.charge: {fault: reset, applied: true}}\nexpect: {status: failed}")
    refused = front("services: {bank.charge: {fault: connect}}\nexpect: {status: failed}")

    assert reset.answer(request_to(CHARGE, BODY)).raw is not None
    assert "the request is here already" in said(refused.answer(request_to(CHARGE, BODY)))["detail"]
