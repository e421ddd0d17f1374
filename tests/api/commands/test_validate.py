"""Tests of `planner validate`: every problem with its place, for people and machines."""

import io

import pytest


def codes(said):
    return [problem["code"] for problem in said.data["problems"]]


def test_good_workflows_exit_with_0(desk):
    said = desk("validate", str(desk.folder / "workflows"))

    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines()] == ["warning", "workflows"]


def test_a_projects_folder_stands_for_its_workflows(desk):
    assert desk("validate", str(desk.folder)).out.endswith("\n4 workflows and no problem\n")


def test_a_problem_is_one_line_that_an_editor_can_jump_to(desk):
    file = desk.write("bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n")

    said = desk("validate", str(file))

    assert said.code == 1
    assert said.out.startswith(f"{file}:3:7: error unknown-operation ")
    assert "desk.look" in said.out
    assert len(said.out.splitlines()) == 1
    assert said.err == "1 problem in 1 file\n"


def test_problems_for_machines_have_every_field(desk):
    file = desk.write("bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n")

    said = desk("validate", str(file), "--json")

    assert said.code == 1
    assert set(said.data) == {"problems", "remarks"}
    (problem,) = said.data["problems"]
    assert set(problem) == {"path", "code", "severity", "message", "remedy", "file", "line", "column"}
    assert (problem["file"], problem["line"], problem["column"]) == (str(file), 3, 7)


def test_no_problems_are_an_empty_list(desk):
    said = desk("validate", str(desk.folder), "--json")

    assert (said.code, said.data["problems"]) == (0, [])
    assert [remark["code"] for remark in said.data["remarks"]] == ["no-deadline"]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("workflow: bad\nsteps: {a: [\n", "malformed", 3),
        ("workflow: bad\ngoal: a\ngoal: b\nsteps: {a: {set: {x: 1}}}\n", "duplicate-key", 3),
        ("workflow: bad\nsteps:\n  a: {call: desk.look, with: {name: 7}}\n", "ill-typed-argument", 3),
        ("workflow: bad\nsteps:\n  a: {call: desk.look}\n", "missing-argument", 3),
        ("- just\n- a list\n", "not-a-mapping", 1),
    ],
)
def test_bad_input_gets_one_clear_problem(desk, text, code, line):
    file = desk.write("bad.yaml", text)

    said = desk("validate", str(file), "--json")

    assert said.code == 1
    assert [(problem["code"], problem["line"]) for problem in said.data["problems"]] == [(code, line)]


def test_standard_input_is_checked(desk, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("workflow: bad\nsteps:\n  a: {call: desk.lock}\n"))

    said = desk("validate", "-")

    assert said.code == 1
    assert said.out.startswith("<stdin>:3:7: error unknown-operation ")


def test_a_file_that_is_not_there_is_a_problem(desk):
    said = desk("validate", "nowhere.yaml", str(desk.folder), "--json")

    assert said.code == 1
    assert [(problem["file"], problem["code"]) for problem in said.data["problems"]] == [
        ("nowhere.yaml", "file-unreadable")
    ]


def test_a_file_that_is_no_text_is_a_problem(desk):
    file = desk.folder / "image.yaml"
    file.write_bytes(b"\xff\xfe\x00\x01")

    assert codes(desk("validate", str(file), "--json")) == ["file-unreadable"]


def test_a_folder_without_workflows_exits_with_5(desk):
    (desk.folder / "empty").mkdir()

    said = desk("validate", str(desk.folder / "empty"))

    assert said.code == 5
    assert "there is no workflow file to check" in said.err


def test_calls_are_left_unchecked_where_asked(desk):
    file = desk.write("bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n")

    assert desk("validate", str(file), "--no-catalog").code == 0


def test_a_project_without_a_catalogue_says_that_calls_are_not_checked(desk):
    (desk.folder / "catalog.yaml").unlink()

    said = desk("validate", str(desk.folder))

    assert said.code == 0
    assert "calls are not checked against operations" in said.err


def test_problems_of_the_catalogue_are_told_with_the_others(desk):
    desk.write("catalog.yaml", "services:\n  desk: {python: {look: nowhere}}\n")
    file = desk.write("bad.yaml", "workflow: bad\nsteps:\n  a: {then: nowhere, set: {x: 1}}\n")

    said = desk("validate", str(file), "--json")

    assert said.code == 1
    assert {problem["file"] for problem in said.data["problems"]} == {
        str(file),
        str(desk.folder / "catalog.yaml"),
    }


def test_a_catalogue_that_was_named_but_is_not_there_exits_with_3(desk, monkeypatch):
    monkeypatch.setenv("PLANNER_CATALOG", "nowhere.yaml")

    assert desk("validate", str(desk.folder)).code == 3


def test_workflows_checked_together_know_each_other(desk):
    first = desk.write("first.yaml", "workflow: first\nsteps:\n  a: {run: second}\n")
    second = desk.write("second.yaml", "workflow: second\nsteps:\n  a: {set: {x: 1}}\n")

    assert desk("validate", str(first), str(second)).code == 0
    assert desk("validate", str(first)).code == 1


def test_validating_makes_no_database(desk, monkeypatch):
    monkeypatch.chdir(desk.folder)

    desk.say("validate", "workflows")

    assert not (desk.folder / "var").exists()


@pytest.mark.parametrize("name", ["", "workflows", "workflows/bad.yaml"])
def test_the_project_that_the_files_lie_in_is_found(desk, monkeypatch, tmp_path_factory, name):
    desk.write("workflows/bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    assert codes(desk.say("validate", str(desk.folder / name), "--json")) == ["unknown-operation"]


def test_a_project_that_is_named_comes_before_the_one_we_are_in(desk, monkeypatch, tmp_path):
    other = tmp_path / "other"
    (other / "workflows").mkdir(parents=True)
    (other / "catalog.yaml").write_text("services: {}\n", encoding="utf-8")
    (other / "workflows" / "a.yaml").write_text(
        "workflow: a\nsteps:\n  a: {call: desk.look}\n", encoding="utf-8"
    )
    monkeypatch.chdir(desk.folder)

    assert codes(desk.say("validate", str(other), "--json")) == ["unknown-operation"]


def test_every_code_is_listed_with_class_meaning_remedy_and_example(desk):
    listed = desk("validate", "--codes", "--json").data["codes"]

    assert len(listed) > 50
    assert set(listed[0]) == {"code", "class", "severity", "means", "culprit", "remedy", "example", "fill"}
    assert "no-way-to-end (S6, error)\n  From the step no way" in desk("validate", "--codes").out


def test_nothing_to_check_is_refused(desk):
    said = desk("validate")

    assert said.code == 2
    assert "name a file, a folder or -" in said.err


def test_a_warning_is_told_and_does_no_harm(desk):
    text = (desk.folder / "catalog.yaml").read_text(encoding="utf-8").replace(", lasting: true", "")
    desk.write("catalog.yaml", text)

    said = desk("validate", str(desk.folder / "workflows" / "ask.yaml"))

    assert said.code == 0
    assert "ask.yaml:5:11: warning no-undo Nothing takes 'desk.note' back" in said.out
    assert said.out.endswith("1 workflow and no problem\n")


def test_what_nobody_declared_is_left_undecided_and_told_where_asked(desk):
    text = (desk.folder / "catalog.yaml").read_text(encoding="utf-8")
    desk.write("catalog.yaml", text.replace("note: {effect: write, lasting: true}", "note: {}"))
    file = str(desk.folder / "workflows" / "ask.yaml")

    quiet, asked = desk("validate", file), desk("validate", file, "--undecided")

    assert (quiet.code, "undecided no-undo" in quiet.out, "1 thing undecided" in quiet.err) == (
        0,
        False,
        True,
    )
    assert (asked.code, "undecided no-undo" in asked.out, asked.err) == (0, True, "")
