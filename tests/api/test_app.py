"""The application as a whole: garbage never breaks it, and secrets never leave it."""

import random
import re

import pytest

from planner.testing import ScriptedModel

SEED = 20260105
GARBAGE = [
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "9" * 40,
    "null",
    "true",
    "NaN",
    "\x00",
    "'; DROP TABLE runs; --",
    "%00",
    "../../etc/passwd",
    "ü€𝄞",
    "a" * 3000,
    "{}",
    "[]",
    "W10",
    "WyJydW5zIiwxLDJd",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00Z",
    "succeeded",
    "json",
]


@pytest.fixture
def lived(client):
    """Return the client of an application in which something has happened."""
    client.run("quote", {"sku": "a"})
    client.run("approve", {"amount": 5})
    return client


def reads(client):
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        if "get" in methods:
            yield path, methods["get"].get("parameters", [])


def test_no_reading_endpoint_breaks_on_garbage(lived):
    chance = random.Random(SEED)  # noqa: S311 - test data
    asked = 0
    for path, parameters in reads(lived):
        named = [each["name"] for each in parameters if each["in"] == "query"]
        for _ in range(12):
            filled = re.sub(r"{\w+}", lambda _: chance.choice(GARBAGE).strip("/") or "x", path)
            query = {name: chance.choice(GARBAGE) for name in named if chance.random() < 0.6}
            headers = {
                name.encode(): chance.choice(GARBAGE).encode()
                for name in ("Accept", "Prefer", "Last-Event-ID", "If-None-Match")
                if chance.random() < 0.4
            }
            headers = {
                name: value for name, value in headers.items() if value.strip() and b"\x00" not in value
            }

            answer = lived.get(filled.replace("\x00", "%00"), params=query or None, headers=headers)

            asked += 1
            assert answer.status_code < 500, (filled, query, headers, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"]
    assert asked > 150


def test_each_parameter_alone_takes_any_garbage(lived):
    run = lived.get("/v1/runs").json()["items"][0]
    for path, parameters in reads(lived):
        filled = path.format_map(
            {
                "run_id": run["id"],
                "name": "quote",
                "decision_id": "d",
                "event_id": "e",
                "plan_id": "p",
                "schedule_id": "s",
                "webhook_id": "w",
            }
        )
        for name in (each["name"] for each in parameters if each["in"] == "query"):
            for value in GARBAGE:
                answer = lived.get(filled, params={name: value})
                assert answer.status_code < 500, (filled, name, value, answer.text)


def test_no_writing_endpoint_breaks_on_garbage(lived):
    bodies = [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b"\xff",
        b'{"workflow": "\\u0000"}',
        b'{"choice": {}}',
        b"[" * 9999,
    ]
    paths = [
        "/v1/runs",
        "/v1/workflows",
        "/v1/workflows/validate",
        "/v1/decisions/x/answer",
        "/v1/runs/x/cancel",
    ]
    for path in paths:
        for body in bodies:
            for kind in ("application/json", "application/yaml"):
                answer = lived.post(path, content=body, headers={"Content-Type": kind})
                assert answer.status_code < 500, (path, body, kind, answer.text)


SECRETS = {
    "OPENAI_API_KEY": "canary-openai-key-1",
    "DESK_TOKEN": "canary-desk-token-2",
    "PLANNER_API_KEYS": "canary-api-key-3-of-16",
    "UNRELATED_PASSWORD": "canary-unrelated-4",
}
CALLING = """
workflow: calling
steps:
  note:
    call: desk.getNote
    with: {id: n-1}
    optional: true
    recover: {decide: What now?, otherwise: fail}
"""


def test_no_answer_ever_holds_a_secret(opened, monkeypatch, caplog):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    model = ScriptedModel({"goal/route": "quote", "goal/fill": {"fill": {"sku": "x"}}, "*": "fail"})
    key = {"X-API-Key": SECRETS["PLANNER_API_KEYS"]}
    with model.serving() as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        with opened() as client:
            client.http.headers.update(key)
            client.register(CALLING)
            body = {"goal": "the price of x"}
            routed = client.post("/v1/runs", json=body, headers={"Prefer": "wait=5"}).json()
            asked = client.run("approve", {"amount": 1})
            answer = f"/v1/decisions/{asked['questions'][0]['decision_id']}/answer"
            client.post(answer, json={"choice": "leave"})
            runs = [routed, client.run("calling"), asked]
            answers = [answer for run in runs for answer in everything(client, run)]
            answers += [client.get("/v1/runs", headers={"X-API-Key": "wrong-key-of-16-x"})]

    assert routed["status"] == "succeeded"
    assert len(answers) > 30
    assert all(answer.status_code < 500 for answer in answers)
    told = "".join(answer.text + str(answer.headers) for answer in answers) + caplog.text
    assert [value for value in (*SECRETS.values(), "canary-static-header") if value in told] == []
    assert "canary" not in str(model.script.requests)


def everything(client, run):
    """Return the answers of every reading endpoint around a run."""
    name = run["workflow"]["name"]
    decided = (run["decision_ids"] or [run["questions"][0]["decision_id"] if run["questions"] else "none"])[0]
    places = {
        "run_id": run["id"],
        "name": name,
        "decision_id": decided,
        "event_id": "none",
        "plan_id": "none",
        "schedule_id": "none",
        "webhook_id": "none",
    }
    for path, _ in reads(client):
        there = "floor.pay" if path.startswith("/v1/catalog/operations") else name
        yield client.get(path.format_map({**places, "name": there}))
    for how in ("mermaid", "svg", "json"):
        yield client.get(f"/v1/workflows/{name}/graph", params={"format": how, "run": run["id"]})
    yield client.get("/docs")
    yield client.get("/nowhere")
