"""Tests of `planner workflows repin`."""

from tests.api.commands.conftest import ASK


def waiting(desk):
    return desk.asked()["run"]["id"]


def register(desk, version, text=ASK):
    file = desk.write(f"ask-{version}.yaml", text.replace("goal:", f"version: {version}\ngoal:"))
    assert desk("register", str(file)).code == 0


def repin(desk, *more):
    return desk("workflows", "repin", "ask", "--from", "0.1.0", "--to", "0.2.0", *more)


def test_waiting_runs_go_on_with_another_version(desk):
    run = waiting(desk)
    register(desk, "0.2.0")

    tried, said = repin(desk, "--dry-run"), repin(desk, "--actor", "u-7")

    assert (tried.code, tried.out) == (0, f"{run}  could go on with 0.2.0\n")
    assert (said.code, said.out) == (0, f"{run}  goes on with 0.2.0\n")
    assert "0.2.0" in desk("runs", run).out
    assert repin(desk).code == 5


def test_runs_that_have_to_stay_are_told_with_the_reason(desk):
    run = waiting(desk)
    register(
        desk,
        "0.2.0",
        ASK.replace("first: {call: desk.note", "first: {call: desk.nap").replace(
            'with: {file: "${input.file}", line: first}', "with: {seconds: 0}"
        ),
    )

    said = repin(desk)

    assert said.code == 1
    assert said.out.startswith(f"{run}  stays: first: [other-call] desk.note was called")
    assert repin(desk, "--json").data["items"][0]["refused"] is True
