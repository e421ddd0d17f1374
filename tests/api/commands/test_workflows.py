"""Tests of `planner workflows` and `planner register`."""


def names(desk):
    return [item["name"] for item in desk("workflows", "--json").data["items"]]


def test_workflows_of_the_folder_are_listed_before_there_is_a_database(desk):
    said = desk("workflows")

    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == [
        "workflow",
        "ask",
        "failing",
        "greet",
        "slow",
    ]
    assert not (desk.folder / "runs.db").exists()


def test_a_workflow_is_registered(desk):
    file = desk.write("late.yaml", "workflow: late\nversion: 2.0.0\nsteps:\n  a: {set: {x: 1}}\n")

    said = desk("register", str(file))

    assert said.code == 0
    assert said.out.startswith("late 2.0.0 registered (sha256 ")
    assert "late" in names(desk)
    assert "was registered before" in desk("register", str(file)).out
    assert desk("register", str(file), "--json").data["created"] is False


def test_a_version_never_changes_its_content(desk):
    file = desk.write("late.yaml", "workflow: late\nsteps:\n  a: {set: {x: 1}}\n")
    desk("register", str(file))
    desk.write("late.yaml", "workflow: late\nsteps:\n  a: {set: {x: 2}}\n")

    said = desk("register", str(file))

    assert said.code == 1
    assert "give the change a new version" in said.err


def test_versions_are_listed(desk):
    for version in ("1.0.0", "1.1.0"):
        file = desk.write(
            "late.yaml", f"workflow: late\nversion: {version}\nsteps:\n  a: {{set: {{x: 1}}}}\n"
        )
        desk("register", str(file))

    (late,) = [item for item in desk("workflows", "--json").data["items"] if item["name"] == "late"]

    assert (late["version"], late["versions"]) == ("1.1.0", ["1.1.0", "1.0.0"])


def test_a_workflow_with_problems_is_not_registered(desk):
    file = desk.write(
        "bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n  b: {then: nowhere, set: {x: 1}}\n"
    )

    said = desk("register", str(file))

    assert said.code == 1
    assert "the workflow cannot be used: 2 problems" in said.err
    assert "bad" not in names(desk)


def test_a_file_that_is_not_there_is_told(desk):
    said = desk("register", "nowhere.yaml")

    assert said.code == 1
    assert "file-unreadable" in said.err


def test_a_project_without_workflows_says_how_to_begin(desk):
    for file in (desk.folder / "workflows").iterdir():
        file.unlink()

    said = desk("workflows")

    assert said.code == 0
    assert said.out.startswith("No workflows; write one into ")
