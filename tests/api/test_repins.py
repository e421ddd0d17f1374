def approve(version, text="Pay it."):
    return f"""
workflow: consent
version: {version}
steps:
  ask:
    decide: Shall it be done?
    by: person
    options: {{go: {{means: "{text}"}}, leave: {{then: end}}}}
    otherwise: leave
  done: {{set: {{by: "v {version}"}}}}
output: "${{run.version}}"
"""


def test_a_waiting_run_goes_on_with_another_version(client):
    assert client.register(approve("1.0.0")).status_code == 201
    run = client.run("consent")
    client.register(approve("1.1.0", "Do it."))

    tried = client.post(f"/v1/runs/{run['id']}/repin", json={"version": "1.1.0", "dry_run": True}).json()
    made = client.post(f"/v1/runs/{run['id']}/repin", json={"version": "1.1.0"}).json()

    assert (tried["problems"], tried["run"]["workflow"]["version"]) == ([], "1.0.0")
    assert (made["version_before"], made["run"]["workflow"]["version"]) == ("1.0.0", "1.1.0")
    (question,) = run["questions"]
    client.post(f"/v1/decisions/{question['decision_id']}/answer", json={"choice": "go"})
    ended = client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=5"}).json()
    assert (ended["status"], ended["output"]) == ("succeeded", "1.1.0")


def test_what_does_not_fit_is_refused_with_every_problem(client):
    assert client.register(approve("1.0.0")).status_code == 201
    run = client.run("consent")
    client.register(
        approve("1.1.0").replace("leave: {then: end}", "stay: {then: end}").replace(": leave", ": stay")
    )

    refused = client.post(f"/v1/runs/{run['id']}/repin", json={"version": "1.1.0"})

    assert (refused.status_code, refused.json()["code"]) == (409, "repin-refused")
    assert [problem["path"] for problem in refused.json()["problems"]] == ["ask"]
    assert client.post(f"/v1/runs/{run['id']}/repin", json={"version": "9.0.0"}).status_code == 404
    assert client.post("/v1/runs/nix/repin", json={"version": "1.1.0"}).status_code == 404
