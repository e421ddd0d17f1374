"""Tests of `planner graph`."""

import json
from xml.etree import ElementTree as ET


def test_a_workflow_of_the_folder_is_drawn_as_mermaid(desk):
    said = desk("graph", "greet")

    assert said.code == 0
    assert said.out.startswith("flowchart")
    assert "choose" in said.out
    assert not (desk.folder / "runs.db").exists()


def test_a_file_is_drawn(desk):
    said = desk("graph", str(desk.folder / "workflows" / "ask.yaml"))

    assert said.code == 0
    assert "approve" in said.out


def test_a_workflow_is_drawn_as_svg(desk):
    said = desk("graph", "greet", "--format", "svg")

    assert ET.fromstring(said.out).tag.endswith("svg")  # noqa: S314 - our own drawing


def test_the_path_of_a_run_stands_out(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    plain, taken = (
        json.loads(desk("graph", "greet", "--format", "json", *more).out) for more in ((), ("--run", run))
    )

    assert plain != taken
    assert {node["id"] for node in plain["nodes"]} == {node["id"] for node in taken["nodes"]}
    assert desk("graph", "--run", run).out == desk("graph", "greet", "--run", run).out


def test_a_registered_workflow_is_drawn(desk):
    file = desk.write("late.yaml", "workflow: late\nsteps:\n  one: {set: {x: 1}}\n")
    desk("register", str(file))

    assert "one" in desk("graph", "late").out


def test_a_drawing_is_written_to_a_file(desk):
    to = desk.folder / "greet.mmd"

    said = desk("graph", "greet", "-o", str(to))

    assert (said.code, said.out) == (0, "")
    assert to.read_text(encoding="utf-8").startswith("flowchart")


def test_a_file_that_cannot_be_written_is_a_usage_error(desk):
    assert desk("graph", "greet", "-o", str(desk.folder / "no" / "where.mmd")).code == 2


def test_a_run_of_another_workflow_is_a_usage_error(desk):
    run = desk("run", "failing", "--json").data["run"]["id"]

    said = desk("graph", "greet", "--run", run)

    assert said.code == 2
    assert "the run is of 'failing', not of 'greet'" in said.err


def test_an_unknown_workflow_exits_with_5(desk):
    before = desk("graph", "great")
    desk("migrate")
    after = desk("graph", "great")

    assert (before.code, after.code) == (5, 5)
    assert "registered are ask, failing, greet, slow" in before.err


def test_an_unknown_run_exits_with_5(desk):
    desk("migrate")

    assert desk("graph", "--run", "nothing").code == 5


def test_a_file_that_holds_no_workflow_is_told(desk):
    file = desk.write("bad.yaml", "- nothing\n")

    said = desk("graph", str(file))

    assert said.code == 1
    assert "not-a-mapping" in said.err


def test_neither_workflow_nor_run_is_a_usage_error(desk):
    assert desk("graph").code == 2
