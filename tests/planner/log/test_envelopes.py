from datetime import UTC, datetime, timedelta

import pytest

from planner.clock import new_salt
from planner.decisions import Attempt, Decision, Filled, ModelInfo, Offered, Trigger
from planner.log import envelopes
from planner.log.envelopes import Keeping
from planner.log.masking import Masking, Rule

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decision(**fields):
    attempt = Attempt(n=1, started=AT, ms=5, outcome_class="ok", error="odd", raw_digest="cd" * 32)
    defaults = {
        "decision_id": "d-1",
        "kind": "choose",
        "run_id": "r-1",
        "point": "w/s",
        "ts": AT,
        "question": "What now?",
        "options": (Offered(id="pay"), Offered(id="wait", available=False, excluded_by="late")),
        "decided_by": "model",
        "choice": "pay",
        "reason": "words of the model",
        "given": {"b": 1, "a": [1, None, "x"]},
        "given_sha256": "ab" * 32,
        "raw_output": "{raw}",
        "comment": "a comment",
        "attempts": (attempt, attempt.model_copy(update={"n": 2})),
        "trigger": Trigger(operation="bank.pay", outcome="unknown", effect="write", error="a trace"),
        "filled": Filled(outcome_class="ok", value={"name": "Ann"}, attempts=(attempt,)),
        "model": ModelInfo(requested="m", host="h:1", request_sha256="ef" * 32),
    }
    return Decision(**defaults | fields)


def sealed(made, keeping=None):
    return envelopes.of_decision(made, keeping or Keeping(), new_salt)


def contents(found):
    return {blob.name: blob.content for blob in found.blobs}


def test_a_decision_comes_back_whole():
    made = decision()
    found = sealed(made)

    assert envelopes.to_decision(envelopes.decode(found.body), contents(found)) == made


def test_an_envelope_holds_no_word_of_the_content_and_no_digest_that_gives_it_away():
    made = decision()
    body = sealed(made).body.decode()

    for word in (
        "words of the model",
        "raw}",
        "a comment",
        "a trace",
        "Ann",
        "odd",
        "ab" * 32,
        "cd" * 32,
        "ef" * 32,
    ):
        assert word not in body
    assert "late" in body


def test_content_is_bound_by_its_salted_digest():
    found = sealed(decision())
    told = envelopes.decode(found.body)["content"]

    assert told == {blob.name: envelopes.digest(blob.salt, blob.content) for blob in found.blobs}
    assert len({blob.salt for blob in found.blobs}) == len(found.blobs) == 7


@pytest.mark.parametrize(
    ("name", "emptied"),
    [
        ("reason", {"reason": ""}),
        ("comment", {"comment": None}),
    ],
)
def test_content_that_is_gone_is_empty_and_told(name, emptied):
    made = decision()
    found = sealed(made)
    left = {each: content for each, content in contents(found).items() if each != name}

    again = envelopes.to_decision(envelopes.decode(found.body), left)

    assert again == made.model_copy(update=emptied | {"erased": (f"/{name}",)})


def test_everything_gone_leaves_what_was_offered_and_chosen():
    made = decision()
    again = envelopes.to_decision(envelopes.decode(sealed(made).body), {})

    assert (again.choice, again.options, again.given, again.filled.value) == ("pay", made.options, None, None)
    assert set(again.erased) == {
        "/given",
        "/given_sha256",
        "/model/request_sha256",
        "/reason",
        "/raw_output",
        "/attempts/0/raw_digest",
        "/attempts/1/raw_digest",
        "/filled/attempts/0/raw_digest",
        "/attempts/0/error",
        "/attempts/1/error",
        "/filled/attempts/0/error",
        "/trigger/error",
        "/comment",
        "/filled/value",
    }


def test_content_expires_as_the_retention_says():
    assert sealed(decision()).expires_at == AT + timedelta(days=30)


@pytest.mark.parametrize("odd", [2**70, "\ud800", -(2**64)])
def test_what_services_answer_beyond_json_survives(odd):
    made = decision(given={"odd": odd})
    found = sealed(made)

    assert envelopes.to_decision(envelopes.decode(found.body), contents(found)).given == {"odd": odd}


def test_what_is_masked_is_told_and_its_digests_go_with_it():
    made = decision(given={"api_key": "hunter2", "total": 5})
    found = sealed(made)

    again = envelopes.to_decision(envelopes.decode(found.body), contents(found))

    assert again.given == {"api_key": "[masked]", "total": 5}
    assert again.masked == ("/given/api_key", "/given_sha256", "/model/request_sha256")
    assert again.given_sha256 == again.model.request_sha256 == ""
    assert b"hunter2" not in b"".join([found.body, *contents(found).values()])


def test_a_secret_in_the_models_words_takes_the_digests_of_its_answers_along():
    made = decision(reason="use password=hunter2", raw_output='{"reason": "use password=hunter2"}')
    found = sealed(made)

    again = envelopes.to_decision(envelopes.decode(found.body), contents(found))

    assert again.reason == "use [masked:named]"
    assert [attempt.raw_digest for attempt in again.attempts] == [None, None]
    assert "hunter2" not in again.model_dump_json()


def test_a_rule_names_a_place_in_the_decision():
    keeping = Keeping(Masking(rules=(Rule(at="/given/customer/*", action="remove"),)))
    found = sealed(decision(given={"customer": {"name": "Ann"}, "total": 5}), keeping)

    again = envelopes.to_decision(envelopes.decode(found.body), contents(found))

    assert again.given == {"customer": {}, "total": 5}
    assert again.masked[0] == "/given/customer/name"
