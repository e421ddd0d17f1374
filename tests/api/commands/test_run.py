"""Tests of `planner run`: stories, results, exit codes and bad input."""

import io
import json
import sqlite3

import pytest

from planner.errors import WorkflowUnknown

DOORS = """
services:
  doors:
    openapi: doors.json
    base_url: http://127.0.0.1:1
    operations: {listDoors: {effect: read, retry: {attempts: 2, initial: PT0.01S}}}
"""
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Doors", "version": "1"},
    "paths": {"/doors": {"get": {"operationId": "listDoors", "responses": {"200": {"description": "ok"}}}}},
}


def test_a_run_tells_its_story_and_its_result(desk):
    said = desk("run", "greet", "--input", '{"name": "Ann"}')

    assert said.code == 0
    assert "look: desk.look went through" in said.out
    assert "no model is configured, so the declared otherwise was taken: cool" in said.out
    assert "excluded icy" in said.out
    assert "Result: succeeded" in said.out
    assert '{"said":"hello Ann","how":"cool"}' in said.out


def test_a_run_for_machines_is_one_json_document(desk):
    said = desk("run", "greet", "--input", '{"name": "Ann"}', "--json")

    assert said.code == 0
    assert said.data["run"]["status"] == "succeeded"
    assert said.data["run"]["output"] == {"said": "hello Ann", "how": "cool"}
    assert said.data["created"] is True
    assert said.data["waits_for"] == []
    assert not said.err


def test_the_input_is_read_from_a_file(desk):
    file = desk.write("input.yaml", "name: Bo\n")

    said = desk("run", "greet", "--input", f"@{file}", "--json")

    assert said.data["run"]["output"]["said"] == "hello Bo"


def test_the_input_is_read_from_standard_input(desk, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO('{"name": "Cy"}'))

    said = desk("run", "greet", "--input", "-", "--json")

    assert said.data["run"]["output"]["said"] == "hello Cy"


def test_a_run_that_fails_exits_with_1_and_says_why(desk):
    said = desk("run", "failing")

    assert said.code == 1
    assert "Result: undone" in said.out or "Result: failed" in said.out
    assert "it had to be" in said.out


def test_a_run_that_waits_for_a_person_exits_with_4_and_says_how_to_answer(desk):
    said = desk("run", "ask", "--input", json.dumps({"file": str(desk.notes)}))

    assert said.code == 4
    assert "Waits for a person at approve: May it go on?" in said.out
    assert "offered yes_please" in said.out
    assert "planner answer 0" in said.out
    assert desk.lines == ["first"]


def test_a_run_that_is_not_waited_for_is_left_to_others(desk):
    said = desk("run", "greet", "--input", '{"name": "Ann"}', "--no-wait", "--json")

    assert said.code == 0
    assert said.data["run"]["status"] == "queued"
    resumed = desk("resume", said.data["run"]["id"], "--json")
    assert resumed.data["run"]["status"] == "succeeded"


def test_a_run_leaves_the_runs_of_others_alone(desk):
    other = desk("run", "greet", "--input", '{"name": "Ann"}', "--no-wait", "--json").data["run"]["id"]

    desk("run", "slow", "--input", json.dumps({"file": str(desk.notes), "seconds": 0.7}))

    assert desk("runs", other, "--json").data["run"]["status"] == "queued"


def test_the_same_key_begins_no_second_run(desk):
    arguments = ("run", "greet", "--input", '{"name": "Ann"}', "--key", "k-1", "--json")
    first, second = desk(*arguments), desk(*arguments)

    assert second.data["run"]["id"] == first.data["run"]["id"]
    assert second.data["created"] is False
    assert len(desk("runs", "--json").data["items"]) == 1


def test_a_key_with_another_request_is_refused(desk):
    desk("run", "greet", "--input", '{"name": "Ann"}', "--key", "k-1")

    said = desk("run", "greet", "--input", '{"name": "Bo"}', "--key", "k-1")

    assert said.code == 1
    assert "'k-1' was used before with another request" in said.err


def test_an_unknown_workflow_exits_with_5_and_names_those_there_are(desk):
    said = desk("run", "great")

    assert said.code == 5
    assert "there is no workflow 'great'; registered are ask, failing, greet, slow" in said.err
    assert said.out == ""


def test_an_ill_typed_input_names_its_field(desk):
    said = desk("run", "greet", "--input", '{"name": 7}')

    assert said.code == 1
    assert "the input of 'greet' is not right: 1 problem" in said.err
    assert "/input/name" in said.err
    assert desk("runs", "--json").data["items"] == []


def test_an_error_for_machines_is_one_json_document(desk):
    said = desk("run", "greet", "--json")

    assert said.code == 1
    assert said.data["error"]["code"] == "input-invalid"
    assert [problem["path"] for problem in said.data["error"]["problems"]] == ["/input/name"]


def test_an_input_that_is_no_json_is_a_usage_error(desk):
    said = desk("run", "greet", "--input", '{"name": ')

    assert said.code == 2
    assert "--input" in said.err


def test_an_input_with_a_key_twice_is_a_usage_error(desk):
    said = desk("run", "greet", "--input", '{"name": "a", "name": "b"}')

    assert said.code == 2
    assert "duplicate" in said.err


def test_an_input_that_is_no_object_is_a_usage_error(desk):
    said = desk("run", "greet", "--input", "[1]")

    assert said.code == 2
    assert "must be an object" in said.err


def test_an_input_file_that_is_not_there_is_a_usage_error(desk):
    said = desk("run", "greet", "--input", "@nowhere.json")

    assert said.code == 2
    assert "file-unreadable" in said.err


def test_a_name_that_no_tenant_can_bear_is_a_usage_error(desk):
    said = desk("run", "greet", "--input", '{"name": "Ann"}', "--tenant", "A B")

    assert said.code == 2
    assert "'A B' is no name of a tenant" in said.err


def test_neither_workflow_nor_goal_is_a_usage_error(desk):
    assert desk("run").code == 2
    assert desk("run", "--goal", "Greet Ann", "--version", "1.0.0").code == 2


def test_a_goal_without_a_model_lists_the_candidates(desk):
    said = desk("run", "--goal", "Greet Ann by name")

    assert said.code == 1
    assert "no model is configured" in said.err
    assert "greet: Greet somebody by name. (needs name)" in said.err


def test_a_broken_catalogue_exits_with_3_and_tells_every_problem(desk):
    desk.write("catalog.yaml", "services:\n  desk: {python: {look: nowhere}}\n  other: {}\n")

    said = desk("run", "greet", "--input", '{"name": "Ann"}')

    assert said.code == 3
    assert "the catalogue cannot be used: 2 problems" in said.err
    assert "catalog.yaml:2:" in said.err
    assert "Traceback" not in said.err


def test_a_broken_workflow_of_the_project_is_told_with_its_place(desk):
    desk.write("workflows/bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n")

    said = desk("run", "greet", "--input", '{"name": "Ann"}')

    assert said.code == 1
    assert "bad.yaml:3:" in said.err
    assert "unknown-operation" in said.err


def test_a_workflow_that_changed_without_a_new_version_is_refused(desk):
    desk("run", "failing")
    desk.write("workflows/failing.yaml", "workflow: failing\nsteps:\n  stop: {fail: otherwise}\n")

    said = desk("run", "failing")

    assert said.code == 1
    assert "give the change a new version" in said.err


def test_a_project_that_is_not_there_exits_with_3(desk):
    said = desk.say("run", "greet", "--project", str(desk.folder / "nowhere"))

    assert said.code == 3
    assert "there is no folder" in said.err


def test_a_database_that_is_none_exits_with_3(desk):
    file = desk.write("text.db", "this is no database, but it is long enough to be taken for one" * 20)

    said = desk.say("run", "failing", "--project", str(desk.folder), "--database", f"sqlite:///{file}")

    assert said.code == 3
    assert "cannot be used" in said.err


def test_a_database_of_a_newer_program_exits_with_3(desk):
    desk("run", "failing")
    with sqlite3.connect(desk.folder / "runs.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    connection.close()

    said = desk("run", "failing")

    assert said.code == 3
    assert "newer than this program" in said.err


def test_debug_shows_the_trace_of_an_error(desk):
    with pytest.raises(WorkflowUnknown):
        desk.say("--debug", "run", "great", "--project", str(desk.folder), "--database", desk.database)


def test_what_a_service_says_cannot_steer_the_terminal(desk):
    said = desk("run", "greet", "--input", '{"name": "\\u001b[2JAnn"}')

    assert "\x1b" not in said.out
    assert "hello \\\\u001b[2JAnn" in said.out or "hello \\u001b[2JAnn" in said.out


@pytest.mark.parametrize(("recover", "code"), [("otherwise: fail", 1), ("otherwise: person", 4)])
def test_an_unreachable_service_is_told_and_the_declared_way_is_taken(desk, recover, code):
    desk.write("doors.json", json.dumps(DOCUMENT))
    desk.write("catalog.yaml", DOORS)
    for file in (desk.folder / "workflows").iterdir():
        file.unlink()
    step = f"{{call: doors.listDoors, recover: {{decide: What now?, {recover}}}}}"
    desk.write("workflows/doors.yaml", f"workflow: doors\nsteps:\n  look: {step}\n")

    said = desk("run", "doors")

    assert said.code == code
    assert "look: doors.listDoors, attempt 2 never reached the service" in said.out
    assert "Traceback" not in said.err
