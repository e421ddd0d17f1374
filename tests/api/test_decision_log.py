"""The decision log over HTTP: verification, heads, and outcomes."""

import base64
import json
import sqlite3

import pytest

from planner.log.heads import Head, Keyring

PICK = """
workflow: pick
steps:
  choose:
    decide: Which one?
    options: {left: {then: a}, right: {then: b}}
    otherwise: left
  a: {set: {x: 1}, then: end}
  b: {set: {x: 2}}
"""
SEED = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def decided(client):
    """Return the id of a decision."""
    client.register(PICK)
    return client.run("pick")["decision_ids"][0]


def test_the_log_is_verified(client, decided, project):
    report = client.get("/v1/decision-log/verify").json()
    assert (report["ok"], report["decisions"]) == (True, 1)

    with sqlite3.connect(project / "planner.db") as connection:
        connection.execute("DROP TRIGGER log_no_update")
        connection.execute("UPDATE log SET body = CAST(replace(body, 'left', 'right') AS BLOB) WHERE seq = 1")
    connection.close()

    report = client.get("/v1/decision-log/verify").json()
    assert report["ok"] is False
    assert "edited" in {finding["code"] for finding in report["findings"]}


def test_heads_are_unsigned_without_a_key(client, decided):
    answer = client.get("/v1/decision-log/heads").json()

    assert answer["public_key"] is None
    assert answer["items"][0]["sig"] is None


def test_heads_are_signed_exported_and_compared(opened, monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNER_LOG_KEY", SEED)
    file = tmp_path / "heads" / "log.jsonl"
    with opened(heads={"file": file, "interval_seconds": 1}) as client:
        client.register(PICK)
        client.run("pick")
        answer = client.get("/v1/decision-log/heads").json()
        assert Keyring([answer["public_key"]]).holds(Head.model_validate(answer["items"][0]))
    with opened(heads={"file": file}) as client:
        report = client.get("/v1/decision-log/verify").json()

    assert report["ok"] is True
    assert report["heads"] == report["signed"] == len(file.read_text().splitlines()) > 0
    assert all(json.loads(line)["sig"] for line in file.read_text().splitlines())


def test_what_came_of_a_decision_stands_beside_it(client, decided):
    path = f"/v1/decisions/{decided}"
    assert client.get(path).json()["outcomes"] == []

    answer = client.post(f"{path}/outcome", json={"label": "wrong", "score": 0.1, "reverted": True})
    client.post(f"{path}/outcome", json={"label": "right", "source": "eval"})

    assert answer.status_code == 201
    shown = client.get(path).json()["outcomes"]
    assert [each["label"] for each in shown] == ["wrong", "right"]
    assert (shown[0]["score"], shown[0]["source"], shown[0]["reverted"]) == (0.1, "user", True)
    assert client.get("/v1/decision-log/verify").json()["ok"] is True


@pytest.mark.parametrize(
    "body", [{}, {"label": ""}, {"label": "x", "source": "me"}, {"label": "x", "why": 1}]
)
def test_an_outcome_of_another_form_is_refused(client, decided, body):
    assert client.post(f"/v1/decisions/{decided}/outcome", json=body).status_code == 422


def test_a_decision_that_is_not_there_has_no_outcome(client):
    answer = client.post("/v1/decisions/nowhere/outcome", json={"label": "right"})

    assert answer.json()["code"] == "decision-unknown"
