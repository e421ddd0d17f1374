import asyncio
import json

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


async def listening(seen):
    """Begin a receiver that takes one message per connection; return it and its address."""

    async def take(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await seen.put(json.loads(await reader.readexactly(int(length.partition(b":")[2]))))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def test_a_message_tells_the_run_as_it_is_shown(opened):
    seen = asyncio.Queue()
    with opened(webhooks={"private": True}) as client:
        server, url = client.do(listening(seen))
        client.post("/v1/webhooks", json={"url": url, "kinds": ["run.succeeded"]})
        run = client.run("quote", {"sku": "a"})
        told = client.do(asyncio.wait_for(seen.get(), 10))
        shown = client.get(f"/v1/runs/{run['id']}").json()
        server.close()

    asked_for = {"questions", "awaits", "decision_ids"}
    assert told["data"] == {name: value for name, value in shown.items() if name not in asked_for}


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
