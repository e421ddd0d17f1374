"""Tests of `planner catalog`."""

import json

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Doors", "version": "1"},
    "servers": [{"url": "http://127.0.0.1:1"}],
    "paths": {
        "/doors": {
            "get": {
                "operationId": "listDoors",
                "summary": "List doors.",
                "responses": {"200": {"description": "ok"}},
            },
            "post": {"operationId": "addDoor", "responses": {"201": {"description": "ok"}}},
        }
    },
}


def test_operations_are_listed_with_their_effects(desk):
    said = desk("catalog")

    assert said.code == 0
    assert [row.split()[:2] for row in said.out.splitlines()[1:6]] == [
        ["desk.break", "write"],
        ["desk.linger", "write"],
        ["desk.look", "read"],
        ["desk.nap", "read"],
        ["desk.note", "write"],
    ]


def test_a_class_that_nobody_declared_is_marked_and_can_be_confirmed(desk):
    said = desk("catalog", "--guessed")

    assert said.code == 0
    assert "desk.break  write (unknown, so taken as write)" in said.out
    assert "desk.look" not in said.out
    assert "      break: {effect: write}" in said.out


def test_a_class_guessed_from_a_method_says_so(desk):
    desk.write("doors.json", json.dumps(DOCUMENT))
    desk.write("catalog.yaml", "services:\n  doors: {openapi: doors.json}\n")

    said = desk("catalog")

    assert "doors.listDoors  read (guessed from GET)" in said.out
    assert "GET /doors" in said.out
    marks = {item["name"]: item["effect_note"] for item in desk("catalog", "--json").data["items"]}
    assert marks["doors.listDoors"] == "guessed from GET"


def test_a_catalogue_that_is_all_declared_says_so(desk):
    desk.write(
        "catalog.yaml",
        f'services:\n  desk:\n    python: {{look: "{desk.module}:look"}}\n'
        "    operations: {look: {effect: read}}\n",
    )

    assert desk("catalog", "--guessed").out == "Every effect class is declared.\n"


def test_a_project_without_operations_says_so(desk):
    (desk.folder / "catalog.yaml").unlink()

    said = desk("catalog")

    assert (said.code, "No operations" in said.out) == (0, True)


def test_a_broken_catalogue_exits_with_3(desk):
    desk.write("catalog.yaml", "services: [\n")

    said = desk("catalog")

    assert said.code == 3
    assert "catalog.yaml:2" in said.err


def test_what_was_read_although_it_is_wrong_is_told(desk):
    wrong = json.loads(json.dumps(DOCUMENT))
    wrong["paths"]["/doors"]["get"]["parameters"] = [{"name": "n", "in": "query", "schema": {"type": "int"}}]
    desk.write("doors.json", json.dumps(wrong))
    desk.write("catalog.yaml", "services:\n  doors: {openapi: doors.json}\n")

    said = desk("catalog")

    assert said.code == 0
    assert "Read although it is wrong (1):" in said.out
    assert "[unknown-type] There is no type 'int'; it is read as 'integer'." in said.out
    (warning,) = desk("catalog", "--json").data["warnings"]
    assert warning["code"] == "unknown-type"
    assert "see `planner catalog`" in desk("doctor").out
