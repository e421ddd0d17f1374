import asyncio

NIGHTLY = {"name": "nightly", "workflow": "quote", "input": {"sku": "a"}, "cron": "0 8 * * 1-5"}


def add(client, **more):
    return client.post("/v1/schedules", json=NIGHTLY | more)


def test_a_schedule_is_added_listed_and_shown(client):
    answer = add(client, timezone="Europe/Berlin")
    made = answer.json()

    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/schedules/{made['id']}")
    assert (made["name"], made["tenant"], made["state"]) == ("nightly", "default", "active")
    assert made["next_at"] is not None
    assert client.get("/v1/schedules").json()["items"] == [made]
    assert client.get(f"/v1/schedules/{made['id']}").json() == made


def test_a_run_begins_by_itself_and_says_by_what(client):
    made = add(client, cron=None, every="PT1S").json()

    for _ in range(100):
        found = client.get("/v1/runs", params={"started_by": f"schedule:{made['id']}"}).json()["items"]
        if found:
            break
        client.do(asyncio.sleep(0.1))

    assert found[0]["workflow"]["name"] == "quote"


def test_the_next_moments_can_be_looked_at(client):
    made = add(client, cron="30 2 * * *", timezone="Europe/Berlin").json()

    moments = client.get(f"/v1/schedules/{made['id']}/next", params={"count": 3}).json()["items"]

    assert len(moments) == 3
    assert moments[0]["at"] == made["next_at"]


def test_a_schedule_is_paused_resumed_replaced_and_removed(client):
    made = add(client).json()
    path = f"/v1/schedules/{made['id']}"

    assert client.post(f"{path}/pause").json()["next_at"] is None
    assert client.post(f"{path}/resume").json()["state"] == "active"
    other = {"workflow": "quote", "input": {"sku": "b"}, "every": "PT1H"}
    changed = client.put(path, json=other).json()
    assert (changed["plan"]["every"], changed["plan"]["cron"], changed["name"]) == ("PT1H", None, "nightly")
    assert client.request("DELETE", path).status_code == 204
    assert client.get(path).status_code == 404


def test_what_can_never_be_planned_is_told_with_its_place(client):
    answer = add(client, cron="0 25 * * *", timezone="Mars")
    body = answer.json()

    assert (answer.status_code, body["code"]) == (422, "request-invalid")
    told = {problem["path"]: problem["message"] for problem in body["problems"]}
    assert "'25' is no hour of a cron expression" in told["/cron"]
    assert "no time zone" in told["/timezone"]


def test_an_input_that_does_not_fit_and_a_name_that_is_taken_are_told(client):
    assert add(client, input={}).json()["code"] == "input-invalid"
    assert add(client, workflow="nix").json()["code"] == "workflow-unknown"
    add(client)
    assert (add(client).status_code, add(client).json()["code"]) == (409, "name-taken")


def test_a_caller_of_a_tenant_sees_that_tenants_alone(opened):
    keys = {name: {"key": f"{name}-sixteen-or-more-characters", "tenant": name} for name in ("acme", "other")}
    with opened(callers=keys) as client:
        acme, other = ({"Authorization": f"Bearer {each['key']}"} for each in keys.values())
        made = client.post("/v1/schedules", json=NIGHTLY, headers=acme).json()

        assert made["tenant"] == "acme"
        assert client.get("/v1/schedules", headers=other).json()["items"] == []
        for method in ("GET", "DELETE"):
            assert client.request(method, f"/v1/schedules/{made['id']}", headers=other).status_code == 404
        told = client.post("/v1/schedules", json={**NIGHTLY, "tenant": "acme"}, headers=other)
        assert told.status_code == 403
