"""Every case has an address of its own, at which it tells how it stands and is begun anew."""

import json

from evals.mock.exchange import Request
from evals.mock.front import Front

TWO = """
- id: one
  input: {order: o-1, amount: 5.0}
  services: {bank.look: {return: {id: l-1, amount: 1}}}
  expect: {status: succeeded}
- id: two
  model: absent
  input: {order: o-1, amount: 5.0}
  matrix: {axes: {/services/bank.look/fault: [refuse, "status:500/not_applied"]}}
  services: {bank.look: {fault: refuse}}
  expect: {status: failed}
"""
LOOK = "/services/bank/looks"


def test_all_cases_are_listed_with_what_the_planner_is_told(desk, front):
    served = front()

    listed = json.loads(served.answer(Request("GET", "/", {"host": "127.0.0.1:1"}, b"")).body)["cases"]

    at = "http://127.0.0.1:1/small/one-case"
    assert listed[0]["state"] == at
    assert listed[0]["environment"] == {
        "PLANNER_SERVICES": json.dumps({"bank": f"{at}/services/bank"}),
        "PLANNER_MODEL__BASE_URL": f"{at}/model/v1",
        "PLANNER_MODEL__NAME": "scripted",
    }


def test_cases_know_nothing_of_each_other_and_any_name_can_be_an_address(desk):
    served = Front(desk.jobs(TWO))
    places = [each["state"].removeprefix("http://h") for each in served.listing("http://h")]

    told = [
        served.answer(
            Request("POST", f"{place}{LOOK}", {"content-type": "application/json"}, b'{"order":"o"}')
        )
        for place in places
    ]

    assert [each.status for each in told] == [200, 422, 500]
    assert "PLANNER_MODEL__BASE_URL" not in served.listing("http://h")[1]["environment"]


def test_a_case_is_begun_anew(front, request_to):
    served = front()
    body = {"order": "o-1"}
    assert served.answer(request_to(LOOK, body)).status == 200
    assert served.answer(request_to(LOOK, body)).status == 400

    assert served.answer(request_to("", method="DELETE")).status == 204

    assert json.loads(served.answer(request_to("", method="GET")).body)["asked"] == []
    assert served.answer(request_to(LOOK, body)).status == 200


def test_only_cases_of_which_something_was_asked_are_in_trouble(front, request_to):
    served = front()
    assert list(served.trouble()) == []
    served.answer(request_to(LOOK, {"order": "o-1"}))
    assert list(served.trouble()) == [
        "small/one-case: decision point 'how': answer 1 of 1 was never asked for",
        "small/one-case: operation 'bank.charge': answer 1 of 1 was never asked for",
    ]


def test_unused_answers_may_be_ignored(front, request_to):
    head = "schema: evals/1\nsuite: small\nworkflow: pay\ndefaults: {unused: ignore}\ncases:\n"
    served = front(head=head)
    served.answer(request_to(LOOK, {"order": "o-1"}))
    assert list(served.trouble()) == []


def test_a_case_that_is_not_there_and_a_method_that_it_does_not_know_are_told(front, request_to):
    served = front()
    assert b"GET / lists all" in served.answer(Request("GET", "/small/other/model/v1/models", {}, b"")).body
    assert b"DELETE begins it anew" in served.answer(request_to("", method="PUT")).body
