"""Tests of `planner workflows versions` and `planner workflows state`."""


def register(desk, version):
    file = desk.write("late.yaml", f"workflow: late\nversion: {version}\nsteps:\n  a: {{set: {{x: 1}}}}\n")
    desk("register", str(file))


def test_the_versions_of_a_workflow_are_listed_with_their_state(desk):
    for version in ("1.0.0", "1.1.0"):
        register(desk, version)

    said = desk("workflows", "state", "late", "1.0.0", "draining", "--actor", "u-7")
    assert said.code == 0
    assert said.out == "late 1.0.0 is draining; runs of it that have not ended: 0\n"

    listed = desk("workflows", "versions", "late")
    assert listed.out.splitlines()[1].split()[:2] == ["1.1.0", "active"]
    assert listed.out.splitlines()[2].split()[:2] == ["1.0.0", "draining"]
    assert "by u-7" in listed.out
    items = desk("workflows", "versions", "late", "--json").data["items"]
    assert [each["state"] for each in items] == ["active", "draining"]


def test_a_draining_version_begins_no_run(desk):
    register(desk, "1.0.0")
    desk("workflows", "state", "late", "1.0.0", "draining")

    said = desk("run", "late")

    assert said.code == 1
    assert "no run of late can begin: 1.0.0 is draining" in said.err


def test_an_unknown_state_or_version_is_told(desk):
    register(desk, "1.0.0")

    assert desk("workflows", "state", "late", "1.0.0", "asleep").code == 2
    assert desk("workflows", "state", "late", "2.0.0", "paused").code == 5
    assert desk("workflows", "versions", "nix").code == 5
