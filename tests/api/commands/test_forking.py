"""Tests of `planner decisions fork`."""

import json

import pytest


@pytest.fixture
def stopped(desk):
    """Return a run that a person stopped, and the decision."""
    asked = desk.asked()
    decision = asked["waits_for"][0]["decision_id"]
    assert desk("answer", decision, "no_thanks").code == 1
    return asked["run"]["id"], decision


def test_a_dry_fork_calls_nobody_and_says_where_the_record_ends(desk, stopped):
    run, decision = stopped

    said = desk("decisions", "fork", decision, "--choose", "yes_please")

    assert said.code == 1
    assert f"of run {run} at ask/approve: yes_please instead of no_thanks" in said.out
    assert "not recorded: desk.note was not called with" in said.out
    assert "Before: failed: stop: nobody wanted it" in said.out
    assert desk.lines == ["first"]


def test_a_dry_fork_that_the_record_covers_exits_with_0(desk, stopped):
    _, decision = stopped

    said = desk("decisions", "fork", decision, "--choose", "no_thanks", "--json")

    assert said.code == 0
    assert said.data["difference"]["error_after"].startswith("stop: nobody wanted it")
    assert (said.data["run"]["mode"], said.data["run"]["started_by"]) == ("replay", "cli")


def test_a_live_fork_goes_on_for_real(desk, stopped):
    _, decision = stopped

    said = desk(
        "decisions",
        "fork",
        decision,
        "--choose",
        "yes_please",
        "--live",
        "--comment",
        "they changed their mind",
    )

    assert said.code == 0, said.out + said.err
    assert desk.lines == ["first", "second"]
    assert "approve: cli chose yes_please" in said.out


def test_a_live_fork_that_may_do_something_again_is_refused_unless_accepted(desk):
    asked = desk.asked()
    decision = asked["waits_for"][0]["decision_id"]
    desk("answer", decision, "yes_please")

    refused = desk("decisions", "fork", decision, "--choose", "no_thanks", "--live")
    accepted = desk("decisions", "fork", decision, "--choose", "yes_please", "--live", "--accept-effects")

    assert refused.code == 1
    assert "second (desk.note)" in refused.err
    assert accepted.code == 0
    assert desk.lines == ["first", "second", "second"]


def test_a_choice_that_was_never_there_exits_with_1(desk, stopped):
    said = desk("decisions", "fork", stopped[1], "--choose", "maybe", "--json")

    assert said.code == 1
    assert json.loads(said.out)["error"]["code"] == "answer-invalid"


def test_an_unknown_decision_exits_with_5(desk):
    desk("migrate")

    assert desk("decisions", "fork", "none", "--choose", "a").code == 5
