"""Tests of `planner resume`, `cancel` and `answer`."""

import base64
import json

from planner.clock import SystemClock
from planner.store import runs
from planner.store.database import open_database


def question(desk):
    return desk.asked()["waits_for"][0]["decision_id"]


def doubtful(desk):
    """Return the question about a write that gave no answer in time."""
    note = '{file: "${input.file}", line: only, seconds: 0.5}'
    step = f"{{call: desk.linger, with: {note}, timeout: PT0.1S}}"
    desk.write(
        "workflows/careful.yaml", f'workflow: careful\nsteps:\n  write: {step}\noutput: "${{write}}"\n'
    )
    said = desk("run", "careful", "--input", json.dumps({"file": str(desk.notes)}), "--json")
    return said.data["waits_for"][0]


def test_an_answer_moves_the_run_on(desk):
    decision = question(desk)

    said = desk("answer", decision, "yes_please", "--comment", "fine by me", "--actor", "u-7")

    assert said.code == 0
    assert "u-7 answered approve with yes_please" in said.out
    assert "Result: succeeded" in said.out
    assert desk.lines == ["first", "second"]


def test_an_answer_can_leave_the_moving_to_others(desk):
    decision = question(desk)

    said = desk("answer", decision, "yes_please", "--no-wait", "--json")

    assert said.code == 0
    assert said.data["run"]["status"] == "waiting"
    assert desk.lines == ["first"]
    resumed = desk("resume", said.data["run"]["id"], "--json")
    assert resumed.data["run"]["output"] == {"lines": 2}


def test_an_answer_that_was_not_offered_is_refused_and_nothing_is_lost(desk):
    decision = question(desk)

    said = desk("answer", decision, "maybe")

    assert said.code == 1
    assert "'maybe' is not among the options; choose yes_please or no_thanks" in said.err
    assert desk("answer", decision, "no_thanks").code == 1


def test_a_second_answer_says_who_was_first(desk):
    decision = question(desk)
    desk("answer", decision, "yes_please", "--actor", "u-7")

    said = desk("answer", decision, "no_thanks")

    assert said.code == 1
    assert "u-7 answered 'yes_please'" in said.err


def test_an_unknown_decision_exits_with_5(desk):
    desk.asked()

    said = desk("answer", "nothing", "yes_please")

    assert said.code == 5
    assert "there is no decision 'nothing'" in said.err


def test_an_endless_comment_is_a_usage_error(desk):
    said = desk("answer", question(desk), "yes_please", "--comment", "x" * 4001)

    assert said.code == 2
    assert "--comment" in said.err


def test_a_value_that_is_no_json_is_a_usage_error(desk):
    said = desk("answer", question(desk), "yes_please", "--value", "{")

    assert said.code == 2
    assert "--value" in said.err


def test_what_a_call_in_doubt_answered_is_told_by_a_person(desk):
    question = doubtful(desk)

    refused = desk("answer", question["decision_id"], "applied", "--value", '{"line": 7}')
    taken = desk("answer", question["decision_id"], "applied", "--value", '{"line": "only"}', "--json")

    assert refused.code == 1
    assert "/value/line" in refused.err
    assert refused.err.startswith(
        f"planner: the answer to decision {question['decision_id']} is not right: 1 problem"
    )
    assert (taken.code, taken.data["run"]["output"]) == (0, {"line": "only"})


def test_a_value_without_need_is_refused(desk):
    said = desk("answer", question(desk), "yes_please", "--value", "1")

    assert said.code == 1
    assert "only the option 'applied'" in said.err


def test_a_project_that_lacks_the_services_of_a_run_changes_nothing(desk, tmp_path):
    asked = question(desk)
    empty = tmp_path / "empty"
    empty.mkdir()

    refused = desk.say("answer", asked, "yes_please", "--project", str(empty), *desk.store("answer"))

    assert refused.code == 3
    assert "knows no service" in refused.err
    assert desk("inbox", "--json").data["items"][0]["decision_id"] == asked


def test_a_decision_that_nobody_was_asked_for_cannot_be_answered(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]
    (decision,) = desk("decisions", run, "--json").data["items"]

    said = desk("answer", decision["decision_id"], "warm")

    assert said.code == 1
    assert "is no longer open" in said.err


def test_resuming_a_run_that_waits_for_a_person_waits_again(desk):
    run = desk.asked()["run"]["id"]

    said = desk("resume", run)

    assert said.code == 4
    assert "Waits for a person at approve" in said.out
    assert desk.lines == ["first"]


def test_resuming_a_run_that_has_ended_tells_its_story_again(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    said = desk("resume", run)

    assert said.code == 0
    assert "Result: succeeded" in said.out


def test_resuming_an_unknown_run_exits_with_5(desk):
    desk("run", "failing")

    said = desk("resume", "nothing")

    assert said.code == 5
    assert "there is no run 'nothing'" in said.err


def test_a_run_that_waits_is_cancelled(desk):
    run = desk.asked()["run"]["id"]

    said = desk("cancel", run)

    assert said.code == 0
    assert "Result: cancelled" in said.out
    assert desk("inbox", "--json").data["items"] == []


def test_a_cancellation_can_be_left_to_others(desk):
    run = desk.asked()["run"]["id"]

    said = desk("cancel", run, "--no-wait", "--json")

    assert said.code == 0
    assert said.data["run"]["cancel_requested"] is True
    assert desk("resume", run, "--json").data["run"]["status"] == "cancelled"


def test_a_run_that_has_ended_cannot_be_cancelled(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    said = desk("cancel", run)

    assert said.code == 1
    assert "has ended as succeeded" in said.err


def test_a_timer_is_waited_for(desk):
    text = "workflow: timed\nsteps:\n  pause: {wait: PT0.3S}\n"
    desk.write("workflows/timed.yaml", text)

    said = desk("run", "timed")

    assert said.code == 0
    assert "waits until" in said.out


def test_a_run_is_moved_where_it_was_begun_for_another_process(desk):
    begun = desk(
        "run", "slow", "--input", json.dumps({"file": str(desk.notes), "seconds": 0}), "--no-wait", "--json"
    )

    said = desk("resume", begun.data["run"]["id"])

    assert said.code == 0
    assert desk.lines == ["first", "second"]


def test_a_run_that_another_process_holds_is_taken_over_when_its_lease_has_ended(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--no-wait", "--json").data["run"]["id"]
    with open_database(desk.database) as store:
        store.write_sync(runs.claim, worker="w-1", now=SystemClock().now(), lease_seconds=1)

    said = desk("resume", run)

    assert said.code == 0
    assert "w-1 held this run last" in said.err
    assert "Result: succeeded" in said.out


SECRET = """
workflow: secret
input: {type: object}
steps: {a: {set: {n: 1}}}
output: {token: "${input.token}"}
"""
SEALED = """
workflow: sealed
input: {type: object}
steps:
  ask: {decide: Go on?, by: person, options: {go: {then: write}, no: {then: end}}, otherwise: no}
  write: {call: desk.note, with: {file: "${input.file}", line: "${input.password}"}}
"""


def test_a_run_that_is_sealed_under_another_key_is_refused_before_anything_changes(desk, monkeypatch):
    desk.write("workflows/sealed.yaml", SEALED)
    given = json.dumps({"file": str(desk.notes), "password": "hunter2-x"})
    asked = desk("run", "sealed", "--input", given, "--json").data["waits_for"][0]
    other = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv("PLANNER_JOURNAL_KEY", other)

    said = desk("answer", asked["decision_id"], "go")

    assert said.code != 0
    assert "is sealed under the key" in said.err
    assert desk("resume", asked["run_id"]).code != 0

    monkeypatch.delenv("PLANNER_JOURNAL_KEY")

    assert desk("answer", asked["decision_id"], "go").code == 0
    assert desk.lines == ["hunter2-x"]


def test_what_a_run_was_given_is_shown_masked_and_its_caller_gets_the_output(desk):
    desk.write("workflows/secret.yaml", SECRET)

    ran = desk("run", "secret", "--input", json.dumps({"token": "canary-91bc"}), "--json").data["run"]
    seen = desk("runs", ran["id"], "--json").data["run"]

    assert (ran["output"], ran["input"]) == ({"token": "canary-91bc"}, {"token": "[masked]"})
    assert (seen["output"], seen["input"]) == ({"token": "[masked]"}, {"token": "[masked]"})
