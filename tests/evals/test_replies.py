"""What a scripted answer looks like on the wire."""

import pytest

from evals.answers import ServiceAnswer
from evals.replies import reply


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ({"return": {"a": 1}}, 200, b'{"a":1}'),
        ({"status": 204}, 204, b""),
        ({"status": 404, "body": "no such order"}, 404, b"no such order"),
        ({"fault": "unavailable"}, 503, b'{"detail":"unavailable, as scripted"}'),
        ({"fault": "status:418", "body": {"tea": False}}, 418, b'{"tea":false}'),
        ({"outcome": {"kind": "rejected", "status": 403, "error": "no"}}, 403, b"no"),
        ({"outcome": {"kind": "applied", "output": 5}}, 200, b"5"),
    ],
)
def test_an_answer_becomes_a_response(small, answer, status, body):
    found = reply(small.catalog.operation("bank.look"), ServiceAnswer.model_validate(answer))
    assert (found.status, found.body, found.broken) == (status, body, None)


@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        ({"fault": "timeout"}, "hang"),
        ({"fault": "reset"}, "reset"),
        ({"fault": "connect"}, "connect"),
        ({"outcome": {"kind": "unknown"}}, "reset"),
        ({"outcome": {"kind": "not_sent"}}, "connect"),
    ],
)
def test_some_answers_never_come(small, answer, broken):
    found = reply(small.catalog.operation("bank.look"), ServiceAnswer.model_validate(answer))
    assert found.broken == broken


def test_headers_are_sent_along(small):
    answer = ServiceAnswer.model_validate({"status": 429, "headers": {"retry-after": "2"}})
    assert reply(small.catalog.operation("bank.look"), answer).headers["retry-after"] == "2"
