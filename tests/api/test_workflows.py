"""Workflows over HTTP: registering, checking, reading and drawing definitions."""

import json
from xml.etree import ElementTree as ET

import pytest

from planner import documents

GREET = """
workflow: greet
version: {version}
goal: Greet somebody.   # in words
input: {{type: object, required: [name], properties: {{name: {{type: string}}}}}}
steps:
  greeting: {{set: {{text: "{word} ${{input.name}}"}}}}
output: "${{greeting.text}}"
"""


def greet(version="1.0.0", word="Hello"):
    return GREET.format(version=version, word=word)


def test_a_workflow_is_registered_once(client):
    first, second = client.register(greet()), client.register(greet())

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == "/v1/workflows/greet?version=1.0.0"
    assert first.headers["etag"] == f'"{first.json()["sha256"]}"'
    assert first.json() == second.json()
    assert client.run("greet", {"name": "Ann"})["output"] == "Hello Ann"


def test_a_version_with_other_content_is_refused(client):
    client.register(greet())

    answer = client.register(greet(word="Goodbye"))

    assert answer.status_code == 409
    assert answer.json()["code"] == "version-taken"
    assert client.run("greet", {"name": "Ann"})["output"] == "Hello Ann"


def test_json_is_taken_as_well_as_yaml(client):
    definition = json.dumps(documents.read(greet()).document.data)

    answer = client.post("/v1/workflows", content=definition, headers={"Content-Type": "application/json"})

    assert answer.status_code == 201
    assert answer.json()["sha256"] == client.register(greet()).json()["sha256"]


def test_every_problem_comes_back_with_its_place(client):
    text = "workflow: bad\nsteps:\n  a: {call: floor.prize}\n  b: {set: {x: '${nowhere.y}'}}\n"

    answer = client.register(text)

    assert answer.status_code == 422
    problems = answer.json()["problems"]
    assert {problem["path"] for problem in problems} >= {"/steps/a/call"}
    assert len(problems) >= 2
    assert all(problem["line"] and problem["column"] and problem["code"] for problem in problems)
    assert "floor.price" in answer.text
    assert client.get("/v1/workflows/bad").status_code == 404


def test_validation_tells_the_same_problems_and_registers_nothing(client):
    text = "workflow: bad\nsteps:\n  a: {call: floor.prize}\n"
    headers = {"Content-Type": "text/yaml; charset=utf-8"}

    checked = client.post("/v1/workflows/validate", content=text, headers=headers)
    right = client.post("/v1/workflows/validate", content=greet(), headers=headers)

    assert checked.status_code == 200
    assert [problem["code"] for problem in checked.json()["problems"]] == ["unknown-operation"]
    assert right.json() == {"problems": [], "remarks": []}
    assert client.get("/v1/workflows/greet").status_code == 404


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "malformed"),
        ("workflow: x\nworkflow: y\n", "duplicate-key"),
        ("[1]", "not-a-mapping"),
        ("", None),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_a_place(client, text, code):
    answer = client.post("/v1/workflows/validate", content=text, headers={"Content-Type": "application/yaml"})

    assert answer.status_code == 200
    (first, *_) = answer.json()["problems"]
    assert code is None or first["code"] == code


def test_a_workflow_may_run_one_that_is_registered(client):
    client.register(greet())
    outer = """
workflow: outer
steps:
  inner: {run: greet, with: {name: Bob}}
output: "${inner}"
"""

    assert client.register(outer).status_code == 201
    assert client.run("outer")["output"] == "Hello Bob"


def test_workflows_are_listed_by_name_in_their_newest_version(client):
    client.register(greet("1.0.0"))
    client.register(greet("1.10.0"))
    client.register(greet("1.9.0"))

    first = client.get("/v1/workflows", params={"limit": 3}).json()
    rest = client.get("/v1/workflows", params={"cursor": first["next_cursor"]}).json()

    items = first["items"] + rest["items"]
    assert [item["name"] for item in items] == ["approve", "doubt", "greet", "quote", "slow"]
    assert items[2]["version"] == "1.10.0"
    assert items[2]["input"]["required"] == ["name"]
    assert "definition" not in items[2]


def test_versions_are_listed_newest_first(client):
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        client.register(greet(version))

    found = client.get("/v1/workflows/greet/versions").json()["items"]

    assert [each["version"] for each in found] == ["1.10.0", "1.9.0", "1.0.0"]
    assert len({each["sha256"] for each in found}) == 3
    assert client.get("/v1/workflows/nix/versions").status_code == 404


def test_the_newest_version_is_read_unless_one_is_named(client):
    client.register(greet("1.0.0"))
    client.register(greet("2.0.0", "Hi"))

    newest = client.get("/v1/workflows/greet").json()
    first = client.get("/v1/workflows/greet", params={"version": "1.0.0"}).json()

    assert newest["version"] == "2.0.0"
    assert first["definition"]["steps"]["greeting"]["set"]["text"].startswith("Hello")
    assert client.get("/v1/workflows/greet", params={"version": "9.9.9"}).status_code == 404


def test_a_definition_that_was_read_can_be_registered_again(client):
    client.register(greet())
    definition = client.get("/v1/workflows/greet").json()["definition"]

    answer = client.post("/v1/workflows", json=definition)

    assert answer.status_code == 200


def test_the_source_comes_back_as_it_was_written(client):
    client.register(greet())

    answer = client.get("/v1/workflows/greet", headers={"Accept": "application/yaml"})

    assert answer.headers["content-type"].startswith("application/yaml")
    assert answer.text == greet()
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("accept", ["application/json", "application/yaml"])
def test_a_client_that_has_the_definition_is_told_so(client, accept):
    client.register(greet())
    first = client.get("/v1/workflows/greet", headers={"Accept": accept})

    again = client.get(
        "/v1/workflows/greet", headers={"Accept": accept, "If-None-Match": f'"x", W/{first.headers["etag"]}'}
    )
    other = client.get("/v1/workflows/greet", headers={"Accept": accept, "If-None-Match": '"x"'})

    assert first.json()["sha256"] in first.headers["etag"] if accept.endswith("json") else True
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200


def test_the_two_forms_of_a_definition_have_tags_of_their_own(client):
    tags = {
        client.get("/v1/workflows/quote", headers={"Accept": accept}).headers["etag"]
        for accept in ("application/json", "application/yaml")
    }

    assert len(tags) == 2


def test_a_workflow_is_drawn_as_data_text_and_picture(client):
    as_data = client.get("/v1/workflows/approve/graph").json()
    as_text = client.get("/v1/workflows/approve/graph", params={"format": "mermaid"})
    picture = client.get("/v1/workflows/approve/graph", params={"format": "svg"})

    assert {node["id"] for node in as_data["nodes"]} == {"(start)", "ask", "pay", "(end)"}
    assert as_text.text.startswith("flowchart TD")
    assert "==>" not in as_text.text
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in picture.headers["content-security-policy"]
    assert ET.fromstring(picture.text).tag.endswith("svg")  # noqa: S314 - our own picture


def test_the_path_of_a_run_stands_out(client):
    run = client.run("approve", {"amount": 5})
    path = "/v1/workflows/approve/graph"

    waiting = client.get(path, params={"run": run["id"]}).json()
    client.post(f"/v1/decisions/{run['questions'][0]['decision_id']}/answer", json={"choice": "pay"})
    client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=5"})
    ended = client.get(path, params={"run": run["id"]}).json()
    text = client.get(path, params={"run": run["id"], "format": "mermaid"}).text

    states = {node["id"]: node["state"] for node in waiting["nodes"]}
    assert states == {"(start)": "done", "ask": "current", "pay": "untouched", "(end)": "untouched"}
    assert ended["status"] == "succeeded"
    taken = {(edge["source"], edge["target"], edge["label"]) for edge in ended["edges"] if edge["visits"]}
    assert taken == {("(start)", "ask", ""), ("ask", "pay", "pay"), ("pay", "(end)", "")}
    assert 'ask ==>|"pay"| pay' in text


def test_a_run_is_drawn_on_the_version_it_is_pinned_to(client):
    client.register(greet("1.0.0"))
    run = client.run("greet", {"name": "Ann"})
    client.register(greet("2.0.0"))

    drawn = client.get("/v1/workflows/greet/graph", params={"run": run["id"]}).json()

    assert drawn["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("name", "query", "status"),
    [
        ("approve", {"run": "nowhere"}, 404),
        ("nix", {}, 404),
        ("approve", {"version": "7.0.0"}, 404),
        ("approve", {"format": "png"}, 422),
    ],
)
def test_what_cannot_be_drawn_is_a_clear_problem(client, name, query, status):
    assert client.get(f"/v1/workflows/{name}/graph", params=query).status_code == status


def test_the_run_of_another_workflow_is_not_drawn(client):
    run = client.run("quote", {"sku": "a"})

    answer = client.get("/v1/workflows/approve/graph", params={"run": run["id"]})

    assert answer.status_code == 422
    assert "quote 1.0.0" in answer.json()["detail"]
