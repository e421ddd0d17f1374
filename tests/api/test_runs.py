"""Runs over HTTP: beginning, watching and cancelling them."""

import uuid

import pytest

from planner.model.prompts import FILL_POINT
from planner.testing import ScriptedModel


def test_a_run_is_begun_and_told_where_it_is(client):
    answer = client.post("/v1/runs", json={"workflow": "quote", "input": {"sku": "abc"}})

    assert answer.status_code == 201
    run = answer.json()
    assert answer.headers["location"] == f"/v1/runs/{run['id']}"
    assert run["workflow"]["name"] == "quote"
    assert run["started_by"] == "api"
    assert "Preference-Applied" not in answer.headers


def test_a_client_that_prefers_to_wait_gets_the_output(client):
    headers = {"Prefer": 'respond-async, wait="5"'}

    answer = client.post("/v1/runs", json={"workflow": "quote", "input": {"sku": "abc"}}, headers=headers)

    assert answer.headers["preference-applied"] == "wait=5"
    assert answer.json()["status"] == "succeeded"
    assert answer.json()["output"] == {"amount": 30}


def test_waiting_is_capped_by_the_settings(opened):
    with opened(max_wait_seconds=0.2) as client:
        body = {"workflow": "slow", "input": {"seconds": 30.0}}
        answer = client.post("/v1/runs", json=body, headers={"Prefer": "wait=3000"})

    assert answer.headers["preference-applied"] == "wait=0.2"
    assert answer.json()["status"] == "running"


def test_a_preference_that_cannot_be_read_is_ignored(client):
    for preference in ("wait=soon", "wait=-1", "wait", ""):
        body = {"workflow": "quote", "input": {"sku": "a"}}
        answer = client.post("/v1/runs", json=body, headers={"Prefer": preference})
        assert answer.status_code == 201
        assert "preference-applied" not in answer.headers


def test_waiting_ends_when_a_person_is_asked(client):
    run = client.run("approve", {"amount": 5})

    assert run["status"] == "waiting"
    (question,) = run["questions"]
    assert question["question"] == "Shall it be paid?"
    assert question["given"] == {"amount": 5}
    assert [option["id"] for option in question["options"] if option["available"]] == ["pay", "leave"]


def test_the_same_key_and_body_begin_one_run(client):
    headers = {"Idempotency-Key": str(uuid.uuid4())}  # noqa: TID251 - any key
    body = {"workflow": "quote", "input": {"sku": "abc"}}

    first = client.post("/v1/runs", json=body, headers=headers)
    second = client.post("/v1/runs", json=body, headers=headers)

    assert (first.status_code, second.status_code) == (201, 200)
    assert "idempotent-replay" not in first.headers
    assert second.headers["idempotent-replay"] == "true"
    assert first.json()["id"] == second.json()["id"]
    assert len(client.get("/v1/runs").json()["items"]) == 1


def test_a_key_that_comes_back_with_another_body_is_refused(client):
    headers = {"Idempotency-Key": "k-1"}
    client.post("/v1/runs", json={"workflow": "quote", "input": {"sku": "abc"}}, headers=headers)

    answer = client.post("/v1/runs", json={"workflow": "quote", "input": {"sku": "x"}}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency-key-reused"
    assert "'k-1'" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["", "with blank", "x" * 256, "kö"])
def test_a_key_that_cannot_be_seen_is_refused(client, key):
    body = {"workflow": "quote", "input": {"sku": "abc"}}

    answer = client.post("/v1/runs", json=body, headers={b"Idempotency-Key": key.encode("latin-1")})

    assert answer.status_code == 422
    assert "idempotency-key" in answer.json()["problems"][0]["path"]


def test_two_callers_may_use_the_same_key(opened):
    keys = ("a-key-of-sixteen-1", "a-key-of-sixteen-2")
    with opened(api_keys=keys) as client:
        body = {"workflow": "quote", "input": {"sku": "abc"}}
        answers = [
            client.post("/v1/runs", json=body, headers={"X-API-Key": key, "Idempotency-Key": "same"})
            for key in keys
        ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_an_input_that_does_not_fit_names_its_fields(client):
    answer = client.post("/v1/runs", json={"workflow": "quote", "input": {"skew": 1}})

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "input-invalid"
    assert {each["path"] for each in problem["problems"]} == {"/input/sku", "/input/skew"}
    assert "'sku'" in problem["detail"]
    assert client.get("/v1/runs").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"workflw": "quote"}, "/workflw"),
        ({"workflow": 1}, "/workflow"),
        ({"workflow": "quote", "input": [1]}, "/input"),
        ([], ""),
    ],
)
def test_a_body_of_another_form_is_refused_with_its_place(client, body, path):
    answer = client.post("/v1/runs", json=body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "request-invalid"
    assert [each["path"] for each in answer.json()["problems"]] == [path]


def test_neither_workflow_nor_goal_is_a_clear_problem(client):
    answer = client.post("/v1/runs", json={})

    assert answer.status_code == 422
    assert "neither a workflow nor a goal" in answer.json()["detail"]


def test_a_goal_without_a_model_gives_the_candidates(client):
    answer = client.post("/v1/runs", json={"goal": "tell me the price of the article abc"})

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "route-unclear"
    assert problem["candidates"][0]["workflow"] == "quote"
    assert problem["candidates"][0]["required"] == ["sku"]
    assert answer.headers["x-decision-id"] == problem["decision_id"]
    assert client.get(f"/v1/decisions/{problem['decision_id']}").json()["kind"] == "route"


def test_a_goal_is_routed_and_its_input_filled_by_the_model(opened):
    model = ScriptedModel({"goal/route": "quote", FILL_POINT: {"fill": {"sku": "abcd"}}})
    with model.serving() as url, opened(model={"name": "scripted", "base_url": url}) as client:
        answer = client.post("/v1/runs", json={"goal": "price of abcd"}, headers={"Prefer": "wait=10"})

    run = answer.json()
    assert (run["status"], run["output"]) == ("succeeded", {"amount": 40})
    assert answer.headers["x-decision-id"] == run["decision_ids"][0]


def test_a_goal_that_does_not_tell_the_input_names_what_is_missing(opened):
    model = ScriptedModel({"goal/route": "quote", FILL_POINT: {"fill": {}}})
    with model.serving() as url, opened(model={"name": "scripted", "base_url": url}) as client:
        answer = client.post("/v1/runs", json={"goal": "price, please"})
        decision = client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()

    assert answer.status_code == 422
    assert (decision["choice"], decision["decision_id"]) == ("quote", answer.json()["decision_id"])
    assert answer.json()["code"] == "input-invalid"
    assert "'sku'" in answer.json()["detail"]


def test_runs_are_listed_page_by_page_newest_first(client):
    ids = [client.run("quote", {"sku": "a"})["id"] for _ in range(3)]

    first = client.get("/v1/runs", params={"limit": 2}).json()
    second = client.get("/v1/runs", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [run["id"] for run in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


def test_runs_are_found_by_status_and_workflow(client):
    done, waiting = client.run("quote", {"sku": "a"}), client.run("approve", {"amount": 1})

    by_status = client.get("/v1/runs", params={"status": "waiting"}).json()["items"]
    by_name = client.get("/v1/runs", params={"workflow": "quote"}).json()["items"]

    assert [run["id"] for run in by_status] == [waiting["id"]]
    assert [run["id"] for run in by_name] == [done["id"]]


def test_what_is_inside_stays_inside(client):
    run = client.run("quote", {"sku": "a"})

    for found in (run, client.get("/v1/runs").json()["items"][0]):
        assert not {"worker", "lease_until", "epoch", "nudged"} & found.keys()


def test_a_run_is_read_again_and_can_be_waited_for(client):
    body = {"workflow": "slow", "input": {"seconds": 0.1}}
    begun = client.post("/v1/runs", json=body).json()

    answer = client.get(f"/v1/runs/{begun['id']}", headers={"Prefer": "wait=5"})

    assert answer.headers["preference-applied"] == "wait=5"
    assert answer.json()["status"] == "succeeded"


def test_the_timeline_is_told_as_chapters_and_as_text(client):
    run = client.run("quote", {"sku": "a"})

    chapters = client.get(f"/v1/runs/{run['id']}/timeline").json()["items"]
    text = client.get(f"/v1/runs/{run['id']}/timeline", params={"format": "text"})

    assert [chapter["kind"] for chapter in chapters] == ["began", "answered", "ended"]
    assert text.headers["content-type"].startswith("text/plain")
    assert "floor.price went through" in text.text


def test_effects_decisions_and_journal_are_listed(client):
    run = client.run("approve", {"amount": 1})
    client.post(f"/v1/decisions/{run['questions'][0]['decision_id']}/answer", json={"choice": "pay"})
    ended = client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=5"}).json()
    path = f"/v1/runs/{run['id']}"

    effects = client.get(f"{path}/effects").json()["items"]
    decisions = client.get(f"{path}/decisions").json()["items"]
    first = client.get(f"{path}/journal", params={"limit": 2}).json()
    rest = client.get(f"{path}/journal", params={"cursor": first["next_cursor"]}).json()

    assert [(each["operation"], each["state"]) for each in effects] == [("floor.pay", "applied")]
    assert [each["decision_id"] for each in decisions] == ended["decision_ids"]
    entries = first["items"] + rest["items"]
    assert [each["seq"] for each in entries] == list(range(1, len(entries) + 1))
    assert entries[-1]["kind"] == "finished"
    assert rest["next_cursor"] is None


def test_a_cancelled_run_stops_and_says_so(client):
    run = client.run("approve", {"amount": 1})

    answer = client.post(f"/v1/runs/{run['id']}/cancel")
    ended = client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=5"}).json()

    assert answer.status_code == 202
    assert answer.json()["cancel_requested"] is True
    assert ended["status"] == "cancelled"
    assert ended["questions"] == []


def test_a_running_run_is_cancelled_at_its_next_safe_point(client):
    body = {"workflow": "slow", "input": {"seconds": 0.3}}
    run = client.post("/v1/runs", json=body).json()

    client.post(f"/v1/runs/{run['id']}/cancel")
    ended = client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=5"}).json()

    assert ended["status"] == "cancelled"


def test_an_ended_run_cannot_be_cancelled(client):
    run = client.run("quote", {"sku": "a"})

    answer = client.post(f"/v1/runs/{run['id']}/cancel")

    assert answer.status_code == 409
    assert answer.json()["code"] == "run-ended"


@pytest.mark.parametrize(
    "tail", ["", "/events", "/timeline", "/effects", "/decisions", "/journal"], ids=lambda tail: tail or "run"
)
def test_a_run_that_is_not_there_is_not_found(client, tail):
    answer = client.get(f"/v1/runs/nowhere{tail}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "run-unknown"
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_a_service_oddly_answered_is_carried(client):
    client.register("""
workflow: odd
steps:
  odd: {call: floor.odd, with: {what: "ü"}}
output: "${odd}"
""")

    run = client.run("odd")

    assert run["status"] == "succeeded"
    assert run["output"]["big"] == 2**80
    assert client.get(f"/v1/runs/{run['id']}/journal").status_code == 200
    assert client.get(f"/v1/runs/{run['id']}/events").status_code == 200


def test_a_run_is_explained_in_one_call_in_the_form_that_is_wanted(client):
    run = client.run("quote", {"sku": "abc"})["id"]
    url = f"/v1/runs/{run}/explain"

    whole = client.get(url).json()
    page = client.get(url, headers={"Accept": "text/markdown, */*;q=0.1"})
    text = client.get(f"{url}?format=text", headers={"Accept": "text/markdown"})

    assert whole["run"]["id"] == run
    assert [chapter["kind"] for chapter in whole["chapters"]] == ["began", "answered", "ended"]
    assert whole["totals"]["calls"] == 1
    assert page.headers["content-type"].startswith("text/markdown")
    assert page.text.startswith("# Run ")
    assert text.headers["content-type"].startswith("text/plain")
    assert client.get("/v1/runs/none/explain").status_code == 404
    assert client.get(f"{url}?format=pdf").status_code == 422


def test_a_full_queue_refuses_further_runs_and_says_when_to_try_again(client):
    client.register("workflow: nap\nsteps:\n  nap: {wait: PT1H}\n")
    client.app.state.opened.parts.most_queued = 1
    client.do(client.app.state.opened.dispatcher.stop())

    first = client.post("/v1/runs", json={"workflow": "nap"})
    refused = client.post("/v1/runs", json={"workflow": "nap"})

    assert (first.status_code, first.json()["status"]) == (201, "queued")
    assert (refused.status_code, refused.json()["code"]) == (429, "queue-full")
    assert int(refused.headers["Retry-After"]) > 0
    assert "1 runs wait to be taken up already; try again later" in refused.json()["detail"]
