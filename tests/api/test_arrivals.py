import json

PAY = """
workflow: paying
version: 1.0.0
on:
  - {event: placed, input: {order: "${event.data.order}"}}
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  pay: {receive: paid, when: "${event.data.order == input.order}"}
output: {amount: "${pay.data.amount}"}
"""


def send(client, kind="paid", name="e-1", headers=None, **data):
    body = {"specversion": "1.0", "id": name, "source": "/bank", "type": kind, "data": data}
    content = {"Content-Type": "application/cloudevents+json"}
    answer = client.post("/v1/events", content=json.dumps(body), headers={**content, **(headers or {})})
    assert answer.status_code == 202, answer.text
    return answer.json()["items"][0]


def test_an_event_begins_a_run_and_another_lets_it_end(client):
    client.register(PAY)

    placed = send(client, "placed", order="o-1")
    (run_id,) = placed["began"]
    waiting = client.get(f"/v1/runs/{run_id}", headers={"Prefer": "wait=10"}).json()
    paid = send(client, order="o-1", amount=7, name="e-2")
    ended = client.get(f"/v1/runs/{run_id}", headers={"Prefer": "wait=10"}).json()

    assert waiting["status"] == "waiting"
    assert [(each["path"], each["type"]) for each in waiting["awaits"]] == [("pay", "paid")]
    assert paid["offered_to"] == [run_id]
    assert (ended["status"], ended["output"], ended["awaits"]) == ("succeeded", {"amount": 7}, [])


def test_an_event_tells_what_it_led_to(client):
    client.register(PAY)
    run_id = send(client, "placed", order="o-1")["began"][0]
    client.get(f"/v1/runs/{run_id}", headers={"Prefer": "wait=10"})
    paid = send(client, order="o-1", amount=7, name="e-2")
    client.get(f"/v1/runs/{run_id}", headers={"Prefer": "wait=10"})

    found = client.get(f"/v1/events/{paid['id']}").json()

    assert found["taken_by"] == [{"run_id": run_id, "path": "pay", "visit": 1}]
    assert found["event"]["data"] == {"order": "o-1", "amount": 7}
    timeline = client.get(f"/v1/runs/{run_id}/timeline", params={"format": "text"}).text
    assert "pay: /bank told paid (e-2)" in timeline


def test_events_are_listed_by_type(client):
    send(client, "paid", "e-1")
    send(client, "sent", "e-2")

    items = client.get("/v1/events", params={"type": "sent"}).json()["items"]

    assert [item["event_id"] for item in items] == ["e-2"]


def test_an_unknown_event_is_404(client):
    answer = client.get("/v1/events/nix")

    assert (answer.status_code, answer.json()["code"]) == (404, "event-unknown")


def test_a_caller_of_a_tenant_sees_and_moves_that_tenants_alone(opened):
    keys = {name: {"key": f"{name}-sixteen-or-more-characters", "tenant": name} for name in ("acme", "other")}
    with opened(callers=keys) as client:
        acme, other = ({"Authorization": f"Bearer {each['key']}"} for each in keys.values())
        kept = send(client, headers=acme)

        assert kept["tenant"] == "acme"
        assert client.get(f"/v1/events/{kept['id']}", headers=acme).status_code == 200
        assert client.get(f"/v1/events/{kept['id']}", headers=other).status_code == 404
        assert client.get("/v1/events", headers=other).json()["items"] == []
        answer = client.post("/v1/events?tenant=acme", headers=other)
        assert answer.status_code in {403, 415}


def test_a_name_that_no_tenant_can_have_is_refused(client):
    body = json.dumps({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"})
    answer = client.post(
        "/v1/events?tenant=Bad%20Name",
        content=body,
        headers={"Content-Type": "application/cloudevents+json"},
    )

    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "/query/tenant")
