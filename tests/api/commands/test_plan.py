"""Tests of `planner plan`."""

import json


def test_a_plan_is_made_shown_listed_approved_and_run(desk):
    known = json.dumps({"file": str(desk.notes), "line": "x"})
    made = desk("plan", "Write a line.", "--want", "desk.note", "--have", known)

    assert made.code == 0
    assert 'for "Write a line.": waiting' in made.out
    assert "desk.note" in made.out
    assert "Needs a person: desk.note cannot be taken back" in made.out

    plan_id = made.out.split()[1]
    assert plan_id in desk("plan", "list").out
    assert desk("plan", "list", "--status", "void").out == "No plans.\n"
    assert desk("plan", "show", plan_id).out.startswith(f"Plan {plan_id} ")
    assert desk("plan", "run", plan_id).code == 1
    approved = desk("plan", "approve", plan_id, "--by", "ada", "--comment", "fine")
    assert f"Plan {plan_id} is approved." in approved.out
    assert "Approved by ada: fine" in desk("plan", "show", plan_id).out
    ran = desk("plan", "run", plan_id)
    assert (ran.code, "desk.note went through" in ran.out) == (0, True)


def test_a_goal_of_the_same_frame_is_served_by_the_earlier_plan(desk):
    first = desk("plan", "Greet.", "--want", "desk.look", "--have", '{"name": "Ada"}', "--json").data
    again = desk("plan", "Greet him.", "--want", "desk.look", "--have", '{"name": "Bob"}')
    fresh = desk(
        "plan", "Greet.", "--want", "desk.look", "--have", '{"name": "Ada"}', "--fresh", "--json"
    ).data

    told = "serves again: the same is wanted of the same kinds of values; its approval holds"
    assert f"Plan {first['id']} {told}" in again.out
    assert fresh["reused"] is None


def test_a_plan_is_promoted_to_a_named_workflow_and_shown_as_one(desk, monkeypatch):
    monkeypatch.setenv("PLANNER_PLANNING__CLEAN_RUNS", "1")
    plan_id = desk("plan", "Greet.", "--want", "desk.look", "--have", '{"name": "Ada"}', "--json").data["id"]
    early = desk("plan", "promote", plan_id, "--name", "greeting")
    assert (early.code, "0 of its latest runs were clean" in early.err) == (1, True)
    desk("plan", "run", plan_id)

    promoted = desk("plan", "promote", plan_id, "--name", "greeting", "--by", "ada", "--comment", "it works")

    assert (promoted.code, f"Plan {plan_id} is now greeting 1.0.0." in promoted.out) == (0, True)
    assert "greeting 1.0.0" in desk("plan", "list").out
    told = "Promoted to greeting 1.0.0 by ada after 1 clean run: it works"
    assert told in desk("plan", "show", plan_id).out
    assert desk("run", "greeting", "--input", '{"name": "Bob"}').code == 0
    assert desk("plan", "reject", plan_id, "--by", "eve").code == 0
    shown = desk("plan", "show", plan_id).out
    assert f"Demoted, so it takes no more runs: plan {plan_id} was rejected by eve" in shown
    assert "greeting 1.0.0, demoted" in desk("plan", "list").out
    assert desk("plan", "promote", plan_id, "--name", "No name").code == 2


def test_a_plan_tells_what_is_other_than_in_the_one_approved_before(desk):
    told = ("--want", "desk.look", "--have", '{"name": "Ada"}')
    first = desk("plan", "Greet.", *told, "--json").data["id"]
    same = desk("plan", "Greet.", *told, "--fresh")
    limited = desk("plan", "Greet.", *told, "--fresh", "--budget", '{"tokens": 9}')
    plan_id = limited.out.split()[1]

    assert f"Nothing is other than in plan {first}, which was approved before" in same.out
    assert "  limit tokens is new: 9" in limited.out.splitlines()
    shown = desk("plan", "diff", plan_id).out.splitlines()
    assert shown[0].startswith("Other than in plan ")
    assert "+  tokens: 9" in shown
    assert desk("plan", "diff", first).out.startswith(
        "No plan for this goal was approved before, so all is new"
    )
    assert desk("plan", "diff", first, "--with", plan_id, "--json").data["earlier"] == plan_id


def test_a_plan_as_json_is_the_whole_record(desk):
    made = desk("plan", "Greet.", "--want", "desk.look", "--have", '{"name": "Ada"}', "--json").data

    assert (made["status"], made["approval"]["by"]) == ("approved", "policy")
    told = {name: made["frame"][name] for name in ("goal", "want", "have")}
    assert told == {"goal": "Greet.", "want": ["desk.look"], "have": {"name": "Ada"}}
    assert made["definition"]["steps"]["look"]["with"] == {"name": "${input.name}"}


def test_what_is_known_and_not_used_is_told(desk):
    made = desk("plan", "--want", "desk.look", "--have", '{"name": "Ada", "colour": "red"}')

    assert "Not used: colour; no step of the plan takes it" in made.out


def test_limits_of_a_plan_are_told_and_kept(desk):
    limits = ("--forbid", "changes", "--most-steps", "3", "--budget", '{"duration": "PT1M"}')
    made = desk("plan", "--want", "desk.look", "--have", '{"name": "Ada"}', *limits).out

    assert "must not call: changes" in made
    assert "at most 3 steps" in made
    assert "budget of a run: duration PT1M" in made
    refused = desk("plan", "--want", "desk.note", "--forbid", "desk.note")
    assert (refused.code, "[forbidden-operation] desk.note is wanted" in refused.out) == (1, True)
    assert desk("plan", "--want", "").code == 2
    assert desk("plan", "--want", "desk.look", "--budget", '{"tokens": "many"}').code == 2


def test_a_rejected_plan_does_not_run(desk):
    plan_id = desk("plan", "--want", "desk.look", "--have", '{"name": "Ada"}').out.split()[1].rstrip(":")

    assert "is rejected" in desk("plan", "reject", plan_id, "--comment", "no").out
    assert "is rejected, so it cannot be run" in desk("plan", "run", plan_id).err


def test_what_cannot_be_planned_is_told(desk):
    lost = desk("plan", "--want", "horoscope")
    assert (lost.code, "No operation of the catalogue is or gives 'horoscope'." in lost.out) == (1, True)
    assert "nothing gives that" not in lost.out
    unclear = desk("plan", "Make it nice.")
    assert (unclear.code, "What must come of it?" in unclear.err) == (1, True)
    assert desk("plan", "--want", "desk.look", "--way", "99999999999999999999").code == 2
    assert desk("plan", "show", "nix").code == 5
    assert desk("plan", "list", "--status", "odd").code == 2
    assert desk("plan", "--want", "desk.look", "--have", "[1]").code == 2
