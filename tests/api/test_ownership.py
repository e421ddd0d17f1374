"""Ownership: to a caller of one tenant, nothing of another exists."""

import pytest

ANNA, BEN, OPS, SHARED = (f"the-key-of-{name}-of-16" for name in ("anna", "ben", "ops", "all"))
CALLERS = {
    "anna": {"key": ANNA, "tenant": "acme"},
    "ben": {"key": BEN, "tenant": "bolt"},
    "ops": {"key": OPS},
}
SHARED_BY_ALL = {
    ("POST", "/v1/runs"),
    ("POST", "/v1/workflows/validate"),
    ("POST", "/v1/events"),
    ("POST", "/v1/plans"),
    ("POST", "/v1/schedules"),
    ("POST", "/v1/webhooks"),
}
"""Requests that change nothing, or begin something of the caller's own."""
METHODS = {"get", "post", "put", "patch", "delete"}
LISTS = {"/v1/runs", "/v1/decisions", "/v1/questions"}


@pytest.fixture
def locked(opened):
    with opened(callers=CALLERS, api_keys=[SHARED]) as client:
        yield client


@pytest.fixture
def asked(locked):
    """Return the open question of a run of acme's."""
    return locked.run("approve", {"amount": 5}, **by(ANNA))["questions"][0]


def by(key):
    return {"X-API-Key": key}


def routes(client):
    """Return every request that the API knows, as method and path."""
    paths = client.get("/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, found in paths.items() for method in found if method in METHODS}


def about(client, parameter):
    return sorted((method, path) for method, path in routes(client) if f"{{{parameter}}}" in path)


def ids(client, path, key, **query):
    answer = client.get(path, params=query, headers=by(key))
    assert answer.status_code == 200, answer.text
    return [each.get("decision_id") or each["id"] for each in answer.json()["items"]]


def test_a_caller_begins_runs_under_its_name_in_its_tenant(locked):
    run = locked.run("quote", {"sku": "a"}, **by(ANNA))

    assert (run["tenant"], run["started_by"]) == ("acme", "anna")


def test_a_caller_without_a_tenant_may_name_one(locked):
    body = {"workflow": "quote", "input": {"sku": "a"}}

    named = locked.post("/v1/runs", json=body | {"tenant": "bolt"}, headers=by(OPS)).json()
    silent = locked.post("/v1/runs", json=body, headers=by(SHARED)).json()

    assert (named["tenant"], silent["tenant"]) == ("bolt", "default")


@pytest.mark.parametrize("name", ["", "Bolt", "b/c", "x" * 64])
def test_a_name_that_no_tenant_can_bear_is_refused_with_its_place(locked, name):
    body = {"workflow": "quote", "input": {"sku": "a"}, "tenant": name}

    answer = locked.post("/v1/runs", json=body, headers=by(OPS))

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "/tenant"


def test_nobody_begins_a_run_in_another_tenant(locked):
    body = {"workflow": "quote", "input": {"sku": "a"}, "tenant": "bolt"}

    answer = locked.post("/v1/runs", json=body, headers=by(ANNA))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "calls for the tenant 'acme' alone, and not for 'bolt'" in answer.json()["detail"]


def test_another_tenant_s_run_is_found_at_no_address(locked, asked):
    run_id = asked["run_id"]
    found = about(locked, "run_id")

    assert len(found) >= 8
    for method, path in found:
        answers = [
            locked.request(method, path.format(run_id=wanted), headers=by(BEN))
            for wanted in (run_id, "nowhere")
        ]
        assert [answer.status_code for answer in answers] == [404, 404], (method, path)
        assert {answer.json()["code"] for answer in answers} == {"run-unknown"}, (method, path)
        assert answers[0].text.replace(run_id, "nowhere") == answers[1].text, (method, path)
    assert locked.get(f"/v1/runs/{run_id}", headers=by(ANNA)).json()["cancel_requested"] is False


def test_another_tenant_s_decision_is_found_at_no_address(locked, asked):
    locked.post(f"/v1/decisions/{asked['decision_id']}/answer", json={"choice": "leave"}, headers=by(ANNA))
    ended = locked.get(f"/v1/runs/{asked['run_id']}", headers={"Prefer": "wait=5", **by(ANNA)}).json()
    assert ended["status"] == "succeeded"
    bodies = {
        "answer": {"choice": "pay"},
        "outcome": {"label": "wrong"},
        "fork": {"choose": "pay"},
        "override": {"to": "pay"},
    }

    found = about(locked, "decision_id")

    assert len(found) >= 4
    for method, path in found:
        body = bodies.get(path.rpartition("/")[2], {})
        address = path.format(decision_id=asked["decision_id"])
        answer = locked.request(method, address, json=body, headers=by(BEN))
        assert (answer.status_code, answer.json()["code"]) == (404, "decision-unknown"), (method, path)


def test_another_tenant_s_open_question_can_neither_be_read_nor_answered(locked, asked):
    address = f"/v1/decisions/{asked['decision_id']}"

    answers = [
        locked.get(address, headers=by(BEN)),
        locked.post(f"{address}/answer", json={"choice": "pay"}, headers=by(BEN)),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert locked.get(address, headers=by(ANNA)).json()["status"] == "open"


def test_another_tenant_s_path_is_not_drawn(locked, asked):
    wanted = {"run": asked["run_id"]}

    own = locked.get("/v1/workflows/approve/graph", params=wanted, headers=by(ANNA))
    foreign = locked.get("/v1/workflows/approve/graph", params=wanted, headers=by(BEN))

    assert (own.status_code, foreign.status_code) == (200, 404)


def test_lists_leave_out_what_is_another_tenant_s(locked, asked):
    mine = locked.run("approve", {"amount": 1}, **by(BEN))
    question = mine["questions"][0]["decision_id"]

    assert ids(locked, "/v1/runs", BEN) == [mine["id"]]
    assert ids(locked, "/v1/questions", BEN) == [question]
    assert ids(locked, "/v1/questions", BEN, run_id=asked["run_id"]) == []
    assert ids(locked, "/v1/questions", ANNA) == [asked["decision_id"]]
    assert ids(locked, "/v1/questions", OPS) == [question, asked["decision_id"]]


def test_decisions_of_other_tenants_are_left_out_of_the_log(locked):
    made = {}
    for name, key in (("acme", ANNA), ("bolt", BEN)):
        question = locked.run("approve", {"amount": 1}, **by(key))["questions"][0]["decision_id"]
        locked.post(f"/v1/decisions/{question}/answer", json={"choice": "leave"}, headers=by(key))
        run = locked.get("/v1/questions", params={"tenant": name}, headers=by(OPS))
        assert run.json()["items"] == []
        made[name] = question
    waited = {"Prefer": "wait=5"}
    for run_id in ids(locked, "/v1/runs", OPS):
        locked.get(f"/v1/runs/{run_id}", headers=waited | by(OPS))

    assert ids(locked, "/v1/decisions", ANNA) == [made["acme"]]
    assert ids(locked, "/v1/decisions", SHARED) == [made["bolt"], made["acme"]]
    assert ids(locked, "/v1/decisions", OPS, tenant="bolt") == [made["bolt"]]
    (decision,) = locked.get("/v1/decisions", headers=by(ANNA)).json()["items"]
    assert (decision["tenant"], decision["actor"]) == ("acme", "anna")


@pytest.mark.parametrize("path", sorted(LISTS))
def test_a_list_of_another_tenant_is_refused_and_not_empty(locked, path):
    assert locked.get(path, params={"tenant": "acme"}, headers=by(ANNA)).status_code == 200
    assert locked.get(path, params={"tenant": "bolt"}, headers=by(ANNA)).json()["code"] == "forbidden"


def test_a_fork_stays_in_the_tenant_of_its_run(locked, asked):
    locked.post(f"/v1/decisions/{asked['decision_id']}/answer", json={"choice": "pay"}, headers=by(ANNA))
    locked.get(f"/v1/runs/{asked['run_id']}", headers={"Prefer": "wait=5", **by(ANNA)})

    made = locked.post(
        f"/v1/decisions/{asked['decision_id']}/fork", json={"choose": "leave"}, headers=by(OPS)
    ).json()

    assert made["run"]["tenant"] == "acme"
    fork = locked.get(f"/v1/decisions/{made['decision_id']}", headers=by(ANNA))
    assert (fork.status_code, fork.json()["tenant"]) == (200, "acme")


def test_a_caller_with_a_name_of_its_own_acts_under_no_other(locked, asked):
    path = f"/v1/decisions/{asked['decision_id']}/answer"

    refused = locked.post(path, json={"choice": "pay", "actor": "ben"}, headers=by(ANNA))
    taken = locked.post(path, json={"choice": "pay", "actor": "anna"}, headers=by(ANNA))

    assert refused.status_code == 403
    assert "'anna' acts under no other name" in refused.json()["detail"]
    assert taken.json()["answer"]["actor"] == "anna"


def test_a_shared_key_says_for_whom_it_acts(locked, asked):
    path = f"/v1/decisions/{asked['decision_id']}/answer"

    answer = locked.post(path, json={"choice": "pay", "actor": "u-7"}, headers=by(SHARED))

    assert answer.json()["answer"]["actor"] == "u-7"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/workflows"),
        ("PUT", "/v1/workflows/quote/versions/1.0.0/state"),
        ("GET", "/v1/decision-log/verify"),
        ("GET", "/v1/decision-log/heads"),
    ],
)
def test_what_concerns_every_tenant_takes_a_key_without_one(locked, method, path):
    body = {"json": {"state": "paused"}} if method == "PUT" else {}

    answer = locked.request(method, path, headers=by(ANNA), **body)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert locked.request(method, path, headers=by(OPS), **body).status_code != 403


def test_every_request_that_changes_something_is_confined_to_a_tenant(locked):
    """A route that is added later must say whose it is: by a run, by a decision, or as everybody's."""
    everything = {request for request in routes(locked) if request[0] != "GET"}
    owned = {
        request
        for name in ("run_id", "decision_id", "plan_id", "schedule_id", "webhook_id")
        for request in about(locked, name)
    }

    assert len(everything - owned - SHARED_BY_ALL) >= 2
    for method, path in everything - owned - SHARED_BY_ALL:
        address = path.format(name="quote", version="1.0.0")
        answer = locked.request(method, address, headers=by(ANNA))
        assert answer.status_code == 403, (method, path)


def test_two_callers_may_use_the_same_idempotency_key(locked):
    body = {"workflow": "quote", "input": {"sku": "a"}}

    begun = [
        locked.post("/v1/runs", json=body, headers={"Idempotency-Key": "same", **by(key)}).json()
        for key in (ANNA, BEN, ANNA)
    ]

    assert begun[0]["id"] == begun[2]["id"] != begun[1]["id"]
    assert [run["tenant"] for run in begun] == ["acme", "bolt", "acme"]


def test_the_workflow_of_another_tenant_s_plan_is_found_at_no_address(locked):
    wanted = {"goal": "Tell a price.", "want": ["floor.price"], "have": {"sku": "a"}}
    name = locked.post("/v1/plans", json=wanted, headers=by(ANNA)).json()["definition"]["workflow"]
    found = [path for method, path in about(locked, "name") if method == "GET" and "workflows" in path]

    assert len(found) == 3
    for path in found:
        own = locked.get(path.format(name=name), headers=by(ANNA))
        foreign, nowhere = (locked.get(path.format(name=it), headers=by(BEN)) for it in (name, "nowhere"))
        assert (own.status_code, foreign.status_code) == (200, 404), path
        assert foreign.text.replace(name, "nowhere") == nowhere.text, path
        assert locked.get(path.format(name=name), headers=by(OPS)).status_code == 200, path


def test_a_run_of_another_tenant_s_plan_is_refused_as_if_there_were_none(locked):
    wanted = {"goal": "Tell a price.", "want": ["floor.price"], "have": {"sku": "a"}}
    name = locked.post("/v1/plans", json=wanted, headers=by(ANNA)).json()["definition"]["workflow"]

    answers = [locked.post("/v1/runs", json={"workflow": name}, headers=by(who)) for who in (ANNA, BEN)]

    assert [answer.status_code for answer in answers] == [409, 404]


def test_the_workflows_of_plans_stand_in_no_list_and_no_route(locked):
    wanted = {"goal": "Tell a price.", "want": ["floor.price"], "have": {"sku": "a"}}
    name = locked.post("/v1/plans", json=wanted, headers=by(ANNA)).json()["definition"]["workflow"]

    listed = locked.get("/v1/workflows", headers=by(BEN)).json()["items"]
    unclear = locked.post("/v1/runs", json={"goal": "Tell a price."}, headers=by(BEN))
    (decision,) = locked.get("/v1/decisions", headers=by(BEN)).json()["items"]

    assert {"quote", "approve"} <= {each["name"] for each in listed}
    assert name not in {each["name"] for each in listed}
    assert (unclear.status_code, unclear.json()["code"]) == (422, "route-unclear")
    assert name not in str(decision)
