HOOK = {"url": "http://127.0.0.1:9/hook", "kinds": ["run.succeeded", "decision.asked"]}


def made(opened_client, **more):
    answer = opened_client.post("/v1/webhooks", json=HOOK | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_webhook_is_added_and_its_secret_shown_once(opened):
    with opened(webhooks={"private": True}) as client:
        hook = made(client, workflow="quote")

        assert hook["secret"].startswith("whsec_")
        shown = client.get(f"/v1/webhooks/{hook['id']}").json()
        assert "secret" not in shown
        assert client.get("/v1/webhooks").json()["items"] == [shown]


def test_what_was_sent_can_be_seen_and_sent_again(opened):
    with opened(webhooks={"private": True}) as client:
        hook = made(client)
        path = f"/v1/webhooks/{hook['id']}"
        run = client.run("quote", {"sku": "a"})
        client.run("approve", {"amount": 1})

        items = client.get(f"{path}/deliveries").json()["items"]

        assert {each["kind"] for each in items} == {"run.succeeded", "decision.asked"}
        assert run["id"] in {each["run_id"] for each in items}
        again = client.post(f"{path}/deliveries/{items[0]['id']}/redeliver")
        assert (again.status_code, again.json()["attempts"]) == (202, 0)
        assert client.post(f"{path}/deliveries/nix/redeliver").json()["code"] == "delivery-unknown"
        assert client.post(f"{path}/ping").json()["kind"] == "webhook.ping"
        assert client.post(f"{path}/enable").json()["disabled"] is None
        assert client.request("DELETE", path).status_code == 204
        assert client.get(path).json()["code"] == "webhook-unknown"


def test_private_addresses_are_refused_unless_they_are_allowed(client):
    answer = client.post("/v1/webhooks", json=HOOK)

    assert (answer.status_code, answer.json()["code"]) == (422, "webhook-refused")


def test_what_is_wrong_is_told_with_its_place(client):
    answer = client.post("/v1/webhooks", json={"url": "nowhere", "kinds": ["run.odd"]})

    assert {each["path"] for each in answer.json()["problems"]} >= {"/url", "/kinds/0"}


def test_a_caller_of_a_tenant_sees_that_tenants_alone(opened):
    keys = {name: {"key": f"{name}-sixteen-or-more-characters", "tenant": name} for name in ("acme", "other")}
    with opened(callers=keys, webhooks={"private": True}) as client:
        acme, other = ({"Authorization": f"Bearer {each['key']}"} for each in keys.values())
        hook = client.post("/v1/webhooks", json=HOOK, headers=acme).json()

        assert hook["tenant"] == "acme"
        assert client.get("/v1/webhooks", headers=other).json()["items"] == []
        assert client.get(f"/v1/webhooks/{hook['id']}/deliveries", headers=other).status_code == 404
