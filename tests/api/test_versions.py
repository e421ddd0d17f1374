GREET = """
workflow: greet
version: {version}
goal: Greet somebody.
input: {{type: object, properties: {{name: {{type: string}}}}}}
steps:
  greeting: {{set: {{text: "Hello ${{input.name}}"}}}}
output: "${{greeting.text}}"
"""


def register(client, *versions):
    for version in versions:
        client.register(GREET.format(version=version))


def put(client, version, state, name="greet"):
    return client.put(f"/v1/workflows/{name}/versions/{version}/state", json={"state": state})


def start(client, **more):
    return client.post("/v1/runs", json={"workflow": "greet", "input": {"name": "Ann"}, **more})


def test_a_draining_version_takes_no_new_run_and_the_one_before_does(client):
    register(client, "1.0.0", "1.1.0")
    assert start(client).json()["workflow"]["version"] == "1.1.0"

    assert put(client, "1.1.0", "draining").json()["state"] == "draining"

    assert start(client).json()["workflow"]["version"] == "1.0.0"
    refused = start(client, version="1.1.0")
    assert refused.status_code == 409
    assert refused.json()["code"] == "version-closed"
    assert "1.1.0 is draining" in refused.json()["detail"]


def test_a_paused_version_is_told_with_its_runs(client):
    register(client, "1.0.0")

    put(client, "1.0.0", "paused")

    (found,) = client.get("/v1/workflows/greet/versions").json()["items"]
    assert (found["state"], found["changed_by"], found["unfinished"]) == ("paused", "api", 0)
    assert found["changed_at"] is not None


def test_a_state_that_there_is_not_is_told_with_what_there_is(client):
    register(client, "1.0.0")

    refused = put(client, "1.0.0", "asleep")

    assert refused.status_code == 422
    assert "'active', 'draining' or 'paused'" in refused.text
    assert put(client, "9.0.0", "paused").status_code == 404
    assert put(client, "1.0.0", "paused", name="nix").status_code == 404
