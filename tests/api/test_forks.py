"""Forks over HTTP."""


def _answered(client, choice):
    run = client.run("approve", {"amount": 10})
    decision = run["questions"][0]["decision_id"]
    client.post(f"/v1/decisions/{decision}/answer", json={"choice": choice})
    ended = client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=10"}).json()
    assert ended["status"] == "succeeded"
    return ended, decision


def test_a_dry_fork_tells_what_would_have_come_of_it(client):
    run, decision = _answered(client, "pay")

    answer = client.post(f"/v1/decisions/{decision}/fork", json={"choose": "leave"})

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/runs/{made['run']['id']}"
    assert answer.headers["x-decision-id"] == made["decision_id"]
    assert (made["parent_run_id"], made["parent_decision_id"]) == (run["id"], decision)
    assert (made["run"]["status"], made["run"]["mode"]) == ("succeeded", "replay")
    assert made["difference"]["output_before"] == {"choice": "pay"}
    assert made["difference"]["output_after"] == {"choice": "leave"}
    assert made["difference"]["only_before"] == ["pay (floor.pay): applied"]
    story = client.get(f"/v1/runs/{made['run']['id']}/explain?format=text").text
    assert "api chose leave" in story


def test_a_dry_fork_stops_where_the_record_does(client):
    _, decision = _answered(client, "leave")

    made = client.post(f"/v1/decisions/{decision}/fork", json={"choose": "pay"}).json()

    assert made["run"]["status"] == "failed"
    assert made["run"]["error"].startswith("not recorded: floor.pay was not called with")


def test_a_live_fork_is_moved_like_any_run(client):
    _, decision = _answered(client, "leave")

    made = client.post(f"/v1/decisions/{decision}/fork", json={"choose": "pay", "live": True}).json()
    ended = client.get(f"/v1/runs/{made['run']['id']}", headers={"Prefer": "wait=10"}).json()

    assert made["difference"] is None
    assert (ended["status"], ended["mode"], ended["output"]) == ("succeeded", "live", {"choice": "pay"})
    effects = client.get(f"/v1/runs/{made['run']['id']}/effects").json()["items"]
    assert [effect["operation"] for effect in effects] == ["floor.pay"]


def test_a_live_fork_that_may_do_something_again_is_refused(client):
    _, decision = _answered(client, "pay")

    answer = client.post(f"/v1/decisions/{decision}/fork", json={"choose": "leave", "live": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "fork-refused")
    assert "pay (floor.pay)" in answer.json()["detail"]


def test_what_cannot_be_chosen_cannot_be_forked(client):
    _, decision = _answered(client, "pay")

    for choice, why in (("never", "was excluded"), ("nonsense", "was never an option")):
        answer = client.post(f"/v1/decisions/{decision}/fork", json={"choose": choice})
        assert (answer.status_code, answer.json()["code"]) == (422, "answer-invalid")
        assert why in answer.json()["detail"]
    assert client.post("/v1/decisions/none/fork", json={"choose": "pay"}).status_code == 404
    assert client.post(f"/v1/decisions/{decision}/fork", json={}).status_code == 422
