"""Decisions over HTTP: the log, the inbox, and a person's answer."""

import asyncio

import pytest

from planner.testing import ScriptedModel

PICK = """
workflow: pick
steps:
  choose:
    decide: Which one?
    options: {left: {then: a}, right: {then: b}}
    otherwise: left
  a: {set: {x: 1}, then: end}
  b: {set: {x: 2}}
"""


@pytest.fixture
def asked(client):
    """Return the open question of a waiting run."""
    return client.run("approve", {"amount": 5})["questions"][0]


@pytest.fixture
def doubtful(client):
    """Return the open question of a run whose payment is in doubt."""
    return client.run("doubt")["questions"][0]


def answered(client, question, **body):
    return client.post(f"/v1/decisions/{question['decision_id']}/answer", json=body)


def ended(client, question):
    return client.get(f"/v1/runs/{question['run_id']}", headers={"Prefer": "wait=5"}).json()


def test_an_answer_lets_the_run_go_on(client, asked):
    answer = answered(client, asked, choice="pay", comment="fine", actor="u-7")

    assert answer.status_code == 200
    assert answer.json()["status"] == "answered"
    assert answer.json()["answer"]["actor"] == "u-7"
    assert ended(client, asked)["status"] == "succeeded"
    decision = client.get(f"/v1/decisions/{asked['decision_id']}").json()
    assert (decision["status"], decision["choice"], decision["comment"]) == ("decided", "pay", "fine")
    assert (decision["decided_by"], decision["actor"]) == ("person", "u-7")


def test_who_answers_is_a_person_unless_told(client, asked):
    assert answered(client, asked, choice="leave").json()["answer"]["actor"] == "person"


def test_an_open_question_stands_in_the_inbox_and_at_its_own_address(client, asked):
    inbox = client.get("/v1/questions").json()["items"]
    alone = client.get(f"/v1/decisions/{asked['decision_id']}").json()

    assert [each["decision_id"] for each in inbox] == [asked["decision_id"]]
    assert alone == inbox[0] == asked
    assert alone["status"] == "open"
    excluded = {option["id"]: option["excluded_by"] for option in alone["options"]}
    assert excluded["never"] == "its guard is false: input.amount > 1000"
    assert client.get("/v1/questions", params={"workflow": "doubt"}).json()["items"] == []


def test_an_answered_question_leaves_the_inbox(client, asked):
    answered(client, asked, choice="leave")

    assert client.get("/v1/questions").json()["items"] == []


def test_a_second_answer_is_told_what_happened(client, asked):
    answered(client, asked, choice="leave", actor="u-1")

    answer = answered(client, asked, choice="pay")

    assert answer.status_code == 409
    assert answer.json()["code"] == "decision-closed"
    assert "u-1 answered 'leave'" in answer.json()["detail"]


def test_of_two_answers_at_once_exactly_one_wins(client, asked):
    path = f"/v1/decisions/{asked['decision_id']}/answer"

    async def both():
        return await asyncio.gather(
            *(client.http.post(path, json={"choice": choice}) for choice in ("pay", "leave"))
        )

    assert sorted(answer.status_code for answer in client.do(both())) == [200, 409]


def test_the_question_of_a_cancelled_run_is_closed(client, asked):
    client.post(f"/v1/runs/{asked['run_id']}/cancel")
    ended(client, asked)

    answer = answered(client, asked, choice="pay")

    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("choice", "why"), [("never", "declared but not offered"), ("perhaps", "not among the options")]
)
def test_a_choice_that_was_not_offered_is_refused(client, asked, choice, why):
    answer = answered(client, asked, choice=choice)

    assert answer.status_code == 422
    assert answer.json()["code"] == "answer-invalid"
    assert why in answer.json()["detail"]
    assert "pay or leave" in answer.json()["detail"]


def test_a_person_can_say_what_a_call_in_doubt_answered(client, doubtful):
    answer = answered(client, doubtful, choice="applied", value={"id": "p-9"})

    assert doubtful["trigger"]["outcome"] == "unknown"
    assert answer.status_code == 200
    assert ended(client, doubtful)["output"] == {"id": "p-9"}


def test_a_value_of_another_form_is_refused_with_its_place(client, doubtful):
    answer = answered(client, doubtful, choice="applied", value={"id": 9})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "/value/id"
    assert client.get(f"/v1/decisions/{doubtful['decision_id']}").json()["status"] == "open"


def test_a_value_comes_only_with_the_option_that_takes_one(client, asked, doubtful):
    for question, choice in ((asked, "pay"), (doubtful, "fail")):
        answer = answered(client, question, choice=choice, value=1)
        assert answer.status_code == 422
        assert "'applied'" in answer.json()["detail"]


def test_a_decision_that_nobody_was_asked_for_cannot_be_answered(client):
    client.register(PICK)
    (decision_id,) = client.run("pick")["decision_ids"]

    answer = client.post(f"/v1/decisions/{decision_id}/answer", json={"choice": "left"})

    assert answer.status_code == 409
    assert "no model is configured" in answer.json()["detail"]


def test_a_decision_that_is_not_there_is_not_found(client):
    assert client.get("/v1/decisions/nowhere").json()["code"] == "decision-unknown"
    assert client.post("/v1/decisions/nowhere/answer", json={"choice": "x"}).status_code == 404


def test_the_log_is_asked_by_what_people_ask_for(opened):
    model = ScriptedModel({"pick/choose": ["right", "left"]})
    with model.serving() as url, opened(model={"name": "scripted", "base_url": url}) as client:
        client.register(PICK)
        runs = [client.run("pick") for _ in range(3)]

        def ids(**query):
            found = client.get("/v1/decisions", params=query).json()["items"]
            return [each["run_id"] for each in found]

        first, second, third = (run["id"] for run in runs)
        log = client.get("/v1/decisions").json()["items"]
        assert ids() == [third, second, first]
        assert ids(choice="right") == [first]
        assert ids(choice="left") == [third, second]
        assert ids(decided_by="otherwise") == ids(outcome_class="rejected") == [third]
        assert ids(run_id=second) == [second]
        assert ids(workflow="pick", point="pick/choose", kind="choose") == [third, second, first]
        assert ids(kind="recover") == ids(workflow="quote") == []
        assert ids(since=log[1]["ts"]) == [third, second]
        assert ids(until=log[1]["ts"]) == [first]
        assert log[2]["options"][0] == {"id": "left", "means": "", "available": True, "excluded_by": None}


def test_the_log_is_read_page_by_page(client):
    client.register(PICK)
    runs = [client.run("pick")["id"] for _ in range(3)]

    first = client.get("/v1/decisions", params={"limit": 2}).json()
    rest = client.get("/v1/decisions", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [each["run_id"] for each in first["items"] + rest["items"]] == runs[::-1]
    assert rest["next_cursor"] is None


def test_a_filter_that_does_not_exist_is_refused_and_not_ignored(client):
    answer = client.get("/v1/decisions", params={"decided": "model"})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "/query/decided"


HELD = """
workflow: held
steps:
  pick:
    decide: Which one?
    options: {left: {then: a}, right: {then: b}, far: {when: "${run.goal == 'nix'}", then: b}}
    otherwise: left
    override_within: PT10M
  a: {set: {x: 1}, then: end}
  b: {set: {x: 2}}
output: "${pick}"
"""


@pytest.fixture
def held(client):
    """Return the decision of a run that waits for an override."""
    client.register(HELD)
    (decision_id,) = client.run("held")["decision_ids"]
    return client.get(f"/v1/decisions/{decision_id}").json()


def overridden(client, decision, **body):
    return client.post(f"/v1/decisions/{decision['decision_id']}/override", json=body)


def test_an_override_takes_another_option_and_both_decisions_tell(client, held):
    answer = overridden(client, held, to="right", comment="It is nearer.", actor="u-7")

    assert answer.status_code == 201
    made = answer.json()
    assert (made["overrides"], made["choice"], made["actor"]) == (held["decision_id"], "right", "u-7")
    assert answer.headers["X-Decision-Id"] == made["decision_id"]
    assert ended(client, held)["output"] == {
        "choice": "right",
        "reason": "It is nearer.",
        "decided_by": "person",
        "comment": "It is nearer.",
        "confidence": None,
    }
    (told,) = client.get(f"/v1/decisions/{held['decision_id']}").json()["overridden"]
    assert (told["from"], told["to"], told["actor"]) == ("left", "right", "u-7")
    story = client.get(f"/v1/runs/{held['run_id']}/explain", params={"format": "text"}).text
    assert "pick: u-7 overrode it with right" in story


def test_an_override_that_was_not_offered_or_comes_too_late_is_told(client, held):
    assert overridden(client, held, to="far").status_code == 422
    assert overridden(client, held, to="right").status_code == 201
    ended(client, held)

    late = overridden(client, held, to="right")

    assert late.status_code == 409
    assert late.json()["code"] in {"run-ended", "decision-closed"}
    assert overridden(client, {"decision_id": "nix"}, to="left").status_code == 404
