"""Tests of `planner catalog search`."""

import json

import pytest

from planner.testing import ScriptedModel, free_port

GOAL = "Zeile anfügen"
SYNONYMS = {"zeile": "line", "anfügen": "append"}


@pytest.fixture
def embedding(monkeypatch, desk):
    """Return what lets operations be embedded by a server."""

    def told(base_url):
        monkeypatch.setenv("PLANNER_EMBEDDINGS__NAME", "e")
        monkeypatch.setenv("PLANNER_EMBEDDINGS__BASE_URL", base_url)
        monkeypatch.setenv("PLANNER_DATABASE_URL", desk.database)

    return told


def test_operations_are_searched_by_words(desk):
    found = desk("catalog", "search", "append a line to a file")

    assert (found.code, "desk.note" in found.out) == (0, True)
    assert desk("catalog", "search", "astronomy").out == "No operation has a word of this goal.\n"
    said = desk("catalog", "search", "line", "--limit", "1", "--json").data
    assert (len(said["items"]), said["remark"]) == (1, "")
    assert not (desk.folder / "runs.db").exists()


def test_operations_are_searched_by_what_they_mean(desk, embedding):
    assert desk("catalog", "search", GOAL).out == "No operation has a word of this goal.\n"
    double = ScriptedModel({}, synonyms=SYNONYMS)
    with double.serving() as base_url:
        embedding(base_url)
        said = [desk("catalog", "search", GOAL, "--limit", "2", "--json").data for _ in range(2)]

    assert said[0] == said[1]
    assert {each["operation"] for each in said[0]["items"]} == {"desk.note", "desk.linger"}
    assert said[0]["remark"] == ""
    assert [len(request["input"]) for request in double.script.embedded] == [1, 5, 1]


def test_a_server_that_fails_leaves_what_words_find_and_is_told(desk, embedding):
    embedding(f"http://127.0.0.1:{free_port()}/v1")
    found = desk("catalog", "search", "append a line")

    assert (found.code, "desk.note" in found.out) == (0, True)
    assert found.out.startswith("Note: operations were found by words alone: the embeddings server gave no ")
    assert "words alone" in desk("catalog", "search", "line", "--json").data["remark"]


def test_a_database_that_cannot_be_used_leaves_what_words_find_and_is_told(desk, embedding, monkeypatch):
    embedding(f"http://127.0.0.1:{free_port()}/v1")
    monkeypatch.setenv("PLANNER_DATABASE_URL", f"sqlite:///{desk.write('file', 'x')}/planner.db")
    found = desk("catalog", "search", "append a line")

    assert (found.code, "desk.note" in found.out) == (0, True)
    assert found.out.startswith("Note: operations were found by words alone: the key in ")


def test_a_model_is_shown_what_a_goal_means_where_operations_are_many(desk, embedding, monkeypatch):
    paths = {
        f"/things/{number}": {"get": {"operationId": f"getThing{number}", "responses": {"200": {}}}}
        for number in range(50)
    }
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    desk.write("things.json", json.dumps(document))
    entry = "  things: {openapi: things.json, base_url: 'http://127.0.0.1:1'}\n"
    desk.write("catalog.yaml", (desk.folder / "catalog.yaml").read_text() + entry)
    told = {"want": ["desk.note"], "have": [], "questions": []}
    double = ScriptedModel({"goal/frame": {"fill": told}}, synonyms=SYNONYMS)
    with double.serving() as base_url:
        monkeypatch.setenv("PLANNER_MODEL__BASE_URL", base_url)
        embedding(base_url)
        made = desk("plan", GOAL, "--json").data

    assert "desk.note" in str(double.script.requests[0])
    assert made["frame"]["want"] == ["desk.note"]
    assert made["notes"] == []
    assert len(double.script.embedded) == 3
