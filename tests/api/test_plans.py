"""Plans over the API, explored by the real explorer in a process of its own."""

import json

import pytest

from planner.testing import ScriptedModel

PRICE = {"goal": "Tell a price.", "want": ["floor.price"], "have": {"sku": "a"}}
PAY = {"goal": "Pay.", "want": ["floor.pay"], "have": {"amount": 5}}


@pytest.fixture
def make(client):
    def made(wanted, **more):
        return client.post("/v1/plans", json=wanted | more)

    return made


def test_a_plan_that_changes_nothing_is_approved_by_the_policy_and_runs(client, make):
    answer = make(PRICE)
    plan = answer.json()

    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/plans/{plan['id']}")
    assert (plan["status"], plan["approval"]["by"]) == ("approved", "policy")
    assert plan["simulation"]["status"] == "COMPLETE"

    ran = client.post(f"/v1/plans/{plan['id']}/runs", json={}, headers={"Prefer": "wait=10"})
    assert (ran.status_code, ran.json()["status"]) == (201, "succeeded")
    assert ran.json()["goal"] == "Tell a price."
    assert client.get(f"/v1/plans/{plan['id']}").json() == plan
    assert [each["id"] for each in client.get("/v1/plans").json()["items"]] == [plan["id"]]


def test_a_plan_that_a_person_must_look_at_runs_once_it_is_approved(opened):
    with opened(planning={"changes": True}) as client:
        plan = client.post("/v1/plans", json=PAY).json()
        assert (plan["status"], plan["needs"]) == ("waiting", ["floor.pay changes something"])
        approved_and_run(client, f"/v1/plans/{plan['id']}")


def test_a_plan_whose_runs_were_clean_is_promoted_by_a_caller_of_every_tenant(opened):
    with opened(planning={"clean_runs": 1}) as client:
        plan = client.post("/v1/plans", json=PRICE).json()
        path = f"/v1/plans/{plan['id']}/promotion"
        early = client.post(path, json={"name": "price"})
        assert (early.status_code, early.json()["code"]) == (409, "plan-untried")
        client.post(f"/v1/plans/{plan['id']}/runs", json={}, headers={"Prefer": "wait=10"})

        promoted = client.post(path, json={"name": "price", "actor": "ada", "comment": "ok"})

        assert (promoted.status_code, promoted.headers["location"]) == (201, "/v1/workflows/price")
        assert promoted.json()["promotion"]["by"] == "ada"
        assert client.get("/v1/workflows/price").json()["version"] == "1.0.0"
        assert client.run("price", {"sku": "a"})["status"] == "succeeded"
        assert client.post(path, json={"name": "price"}).json()["code"] == "plan-closed"


def approved_and_run(client, path):
    early = client.post(f"{path}/runs", json={})
    assert (early.status_code, early.json()["code"]) == (409, "plan-closed")

    verdict = {"approved": True, "comment": "small", "actor": "ada"}
    approved = client.post(f"{path}/approval", json=verdict).json()
    assert (approved["status"], approved["approval"]["by"]) == ("approved", "ada")
    key = {"Idempotency-Key": "once", "Prefer": "wait=10"}
    ran = client.post(f"{path}/runs", json={}, headers=key)
    again = client.post(f"{path}/runs", json={}, headers=key)
    assert ran.json()["status"] == "succeeded"
    assert (again.status_code, again.json()["id"]) == (200, ran.json()["id"])


def test_a_repeated_request_under_its_key_makes_no_second_plan(client):
    key = {"Idempotency-Key": "once"}
    made, again = (client.post("/v1/plans", json=PRICE, headers=key) for _ in range(2))
    other = client.post("/v1/plans", json=PAY, headers=key)
    run = client.post("/v1/runs", json={"workflow": "quote", "input": {"sku": "a"}}, headers=key)

    assert (made.status_code, "idempotent-replay" in made.headers) == (201, False)
    assert (again.status_code, again.headers["idempotent-replay"]) == (200, "true")
    assert (again.json(), again.headers["location"]) == (made.json(), made.headers["location"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert (run.status_code, run.json()["code"]) == (422, "idempotency-key-reused")
    assert len(client.get("/v1/plans").json()["items"]) == 1


def test_a_repeated_run_is_brought_back_when_the_plan_takes_none_any_more(client, make):
    path = make(PRICE).headers["location"]
    key = {"Idempotency-Key": "once"}
    ran = client.post(f"{path}/runs", json={}, headers=key)
    client.post(f"{path}/approval", json={"approved": False})

    again = client.post(f"{path}/runs", json={}, headers=key)
    assert (again.status_code, again.json()["id"]) == (200, ran.json()["id"])
    assert client.post(f"{path}/runs", json={}).json()["code"] == "plan-closed"


def test_names_that_become_the_same_input_are_refused_with_both(make):
    answer = make({"want": ["floor.price"], "have": {"order_id": 1, "order.id": 2}})

    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["path"]) == (422, "/have")
    assert problem["message"].startswith("'order_id' and 'order.id' are both 'order_id' in the input")


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"want": [""]}, "/want/0"),
        ({"want": [f"w{number}" for number in range(13)]}, "/want"),
        ({"goal": "x" * 10_001}, "/goal"),
        ({"constraints": {"steps": 0}}, "/constraints/steps"),
        ({"budget": {"tokens": -1}}, "/budget/tokens"),
    ],
)
def test_what_is_too_much_or_nothing_is_refused_with_its_place(make, told, path):
    answer = make(PRICE, **told)

    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, path)


def test_what_is_wanted_twice_is_planned_once(make):
    plan = make(PRICE, want=["floor.price", "floor.price"]).json()

    assert (plan["frame"]["want"], len(plan["definition"]["steps"])) == (["floor.price"], 1)


def test_limits_are_kept_with_the_plan_and_in_its_workflow(make):
    limits = {"constraints": {"forbid": ["changes"], "steps": 2}, "budget": {"tokens": 0, "duration": "PT1M"}}
    plan = make(PRICE, **limits).json()

    assert plan["frame"]["constraints"] == limits["constraints"] | {"permits": []}
    assert plan["definition"]["budget"] == limits["budget"]
    assert plan["status"] == "approved"


@pytest.mark.parametrize("way", [-1, 5, 10**15])
def test_a_way_that_there_cannot_be_is_refused(client, make, way):
    answer = make(PRICE, way=way)

    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "/way")
    assert client.get("/v1/plans").json()["items"] == []


def test_a_goal_that_says_nothing_usable_comes_back_with_questions(make):
    answer = make({"goal": "Do something nice."})

    assert (answer.status_code, answer.json()["code"]) == (422, "goal-unclear")
    assert answer.json()["questions"] == [
        "What must come of it? Name operations or kinds of values as `want`."
    ]


def test_what_cannot_be_reached_is_kept_as_unusable(make):
    plan = make({"want": ["floor.prce"]}).json()

    assert plan["status"] == "unusable"
    assert plan["problems"][0]["code"] == "out-of-reach"
    assert "floor.price" in plan["problems"][0]["remedy"]


def test_a_plan_that_is_not_there_is_told(client):
    for answer in (
        client.get("/v1/plans/nix"),
        client.post("/v1/plans/nix/approval", json={"approved": True}),
        client.post("/v1/plans/nix/runs", json={}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "plan-unknown")


def test_a_goal_in_words_is_framed_sketched_and_repaired_by_a_model(opened):
    step = {"id": "pay", "call": "floor.pay"}
    bad = {"steps": [{**step, "when": "input.amont > 0"}], "output": []}
    model = ScriptedModel(
        {
            "goal/frame": {
                "fill": {"want": ["floor.pay"], "have": [{"name": "amount", "value": 5}], "questions": []}
            },
            "goal/sketch": {"fill": bad},
            "goal/repair": {"fill": {"steps": [step], "output": []}},
        }
    )
    with model.serving() as address, opened(model={"name": "scripted", "base_url": address}) as client:
        plan = client.post("/v1/plans", json={"goal": "Pay five."}).json()

    assert (plan["origin"], plan["status"]) == ("drafted", "approved")
    assert plan["frame"]["want"] == ["floor.pay"]
    assert [(each["task"], each["by"], len(each["defects"])) for each in plan["rounds"]] == [
        ("frame", "model", 0),
        ("sketch", "model", 1),
        ("repair", "model", 0),
    ]


def test_what_the_validator_remarks_is_kept_with_the_plan(opened):
    options = [
        {"id": "yes", "means": "Pay.", "then": "pay"},
        {"id": "no", "means": "Leave it.", "then": "end"},
    ]
    ask = {"id": "ask", "question": "Shall it be paid?", "by": "model", "given": [], "options": options}
    told = {"want": ["floor.pay"], "have": [{"name": "amount", "value": 5}], "questions": []}
    steps = [ask | {"otherwise": "no"}, {"id": "pay", "call": "floor.pay"}]
    model = ScriptedModel(
        {"goal/frame": {"fill": told}, "goal/sketch": {"fill": {"steps": steps, "output": []}}}
    )
    wanted = {"goal": "Pay five.", "budget": {"model_calls": 0}}
    with model.serving() as address, opened(model={"name": "scripted", "base_url": address}) as client:
        plan = client.post("/v1/plans", json=wanted).json()

    assert [(each["code"], each["severity"]) for each in plan["remarks"]] == [("over-budget", "warning")]


def test_where_a_model_does_not_know_what_is_wanted_its_questions_come_back(opened):
    told = {"want": [], "have": [], "questions": ["Which article?"]}
    model = ScriptedModel({"goal/frame": {"fill": told}})
    with model.serving() as address, opened(model={"name": "scripted", "base_url": address}) as client:
        answer = client.post("/v1/plans", json={"goal": "Tell me."})

    assert (answer.status_code, answer.json()["questions"]) == (422, ["Which article?"])


def test_a_list_that_is_none_is_told_in_the_words_of_json(client):
    answer = client.post("/v1/plans", json={"want": "floor.pay"})

    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "/want")
    assert answer.json()["problems"][0]["code"] == "list-type"
    assert answer.json()["problems"][0]["message"] == "Input should be a valid list."


def test_a_plan_is_compared_with_the_one_approved_before(client, make):
    first = make(PRICE).json()
    assert client.get(f"/v1/plans/{first['id']}/comparison").json()["earlier"] is None

    later = make(
        PRICE, goal="Tell both.", want=["floor.price", "floor.pay"], have={"sku": "a", "amount": 5}
    ).json()
    again = make(PRICE, reuse=False, budget={"tokens": 9}).json()
    beside = client.get(f"/v1/plans/{later['id']}/comparison", params={"with": first["id"]}).json()
    limited = client.get(f"/v1/plans/{again['id']}/comparison").json()

    assert (later["compared_with"], again["compared_with"]) == (None, first["id"])
    assert {each["name"]: each["after"] for each in beside["differing"] if each["part"] == "call"} == {
        "floor.pay": "once"
    }
    assert {"part": "limit", "name": "tokens", "before": None, "after": "9"} in limited["differing"]


def test_a_plan_is_compared_with_no_other_tenants(client, make):
    ours, theirs = make(PRICE).json(), make(PRICE, tenant="acme").json()
    path = f"/v1/plans/{ours['id']}/comparison"
    refused = client.get(path, params={"with": theirs["id"]})
    assert (refused.status_code, refused.json()["code"]) == (404, "plan-unknown")


def test_a_plan_tells_that_words_had_to_be_enough_where_embeddings_fail(opened, project):
    many = {
        f"/things/{number}": {"get": {"operationId": f"getThing{number}", "responses": {"200": {}}}}
        for number in range(50)
    }
    document = {"openapi": "3.1.0", "info": {"title": "desk", "version": "1"}, "paths": many}
    (project / "desk.json").write_text(json.dumps(document))
    told = {"want": ["floor.price"], "have": [{"name": "sku", "value": "a"}], "questions": []}
    down = {"http": {"status": 404, "text": "no such path"}}
    double = ScriptedModel({"goal/frame": {"fill": told}, "embeddings": down})
    with (
        double.serving() as base_url,
        opened(model={"base_url": base_url}, embeddings={"name": "e"}) as client,
    ):
        wanted = {"goal": "Tell the price; the password is open-sesame.", "have": {"password": "open-sesame"}}
        plan = client.post("/v1/plans", json=wanted).json()

    (note,) = plan["notes"]
    assert note.startswith("operations were found by words alone: the embeddings server gave no vectors")
    assert plan["status"] == "approved"
    assert "floor.price" in str(double.script.requests[0])
    (asked,) = double.script.embedded
    assert "Tell the price" in asked["input"][0]
    assert "sesame" not in str(asked)
