"""What a failed run applied is taken back, newest first, and nothing is taken back twice."""

import pytest

from graphs.testing import DOWN, LOST, OK, REFUSED, Crashed
from planner.definition import Workflow
from tools.outcomes import Outcome

SAGA = """
hold: {call: shop.reserve}
pay: {call: shop.pay, with: {order: o-1}}
last: {call: shop.look}
"""
HELD = Outcome(kind="applied", output={"id": "held"})
PAID = Outcome(kind="applied", output={"id": "paid"})
BROKEN = {"shop.reserve": [HELD], "shop.pay": [PAID], "shop.look": [REFUSED]}


def test_applied_effects_are_taken_back_newest_first(world):
    bench = world.bench(SAGA, BROKEN)

    ended = world.run(bench)

    taken = [(name, arguments) for name, arguments, _ in bench.caller.calls][-2:]
    assert ended.status == "undone"
    assert taken == [("shop.refund", {"id": "paid"}), ("shop.release", {"id": "held"})]


def test_a_run_that_keeps_its_effects_fails_without_undo(world):
    bench = world.bench(SAGA, {"shop.reserve": [HELD], "shop.look": [REFUSED]}, on_failure="keep")

    ended = world.run(bench)

    assert ended.status == "failed"
    assert bench.caller.count("shop.refund") == 0


def test_an_effect_that_a_step_keeps_stays(world):
    bench = world.bench(
        "hold: {call: shop.reserve, undo: keep}\nlast: {call: shop.look}", {"shop.look": [REFUSED]}
    )

    assert world.run(bench).status == "undone"
    assert bench.caller.count("shop.release") == 0


def test_what_cannot_be_taken_back_is_named(world):
    bench = world.bench("mail: {call: shop.mail}\nlast: {call: shop.look}", {"shop.look": [REFUSED]})

    ended = world.run(bench)

    assert ended.status == "failed"
    assert "still standing: mail (shop.mail)" in ended.error


def test_an_effect_in_doubt_is_looked_up_before_it_is_taken_back(world):
    steps = "pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule, allow: [fail]}}"
    found = Outcome(kind="applied", output={"items": [{"id": "paid"}]})
    bench = world.bench(steps, {"shop.pay": [LOST], "shop.find": [found]})

    ended = world.run(bench)

    assert ended.status == "undone"
    assert bench.caller.calls[-1][:2] == ("shop.refund", {"id": "paid"})


def test_an_effect_in_doubt_that_did_not_happen_is_not_taken_back(world):
    steps = "pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule, allow: [fail]}}"
    absent = Outcome(kind="rejected", status=404)
    bench = world.bench(steps, {"shop.pay": [LOST], "shop.find": [absent]})

    assert world.run(bench).status == "undone"
    assert bench.caller.count("shop.refund") == 0


def test_an_effect_in_doubt_that_nobody_can_look_up_asks_a_person(world):
    steps = "blind: {call: shop.blind, recover: {by: rule, allow: [fail]}}"
    bench = world.bench(steps, {"shop.blind": [LOST]})

    assert world.run(bench).status == "waiting"
    bench.answer("applied")
    ended = world.run(bench)

    assert ended.status == "failed"
    assert "still standing: blind (shop.blind)" in ended.error


def test_an_undo_that_fails_goes_to_a_person_with_everything_kept(world):
    bench = world.bench(SAGA, {**BROKEN, "shop.refund": [DOWN, DOWN, OK]})

    assert world.run(bench).status == "waiting"
    assert bench.caller.count("shop.release") == 0
    bench.answer("retry")
    ended = world.run(bench)

    assert ended.status == "undone"
    assert bench.caller.count("shop.refund") == 3
    assert bench.caller.count("shop.release") == 1


def test_a_person_may_leave_an_effect_that_cannot_be_taken_back(world):
    bench = world.bench(SAGA, {**BROKEN, "shop.refund": [REFUSED]})

    world.run(bench)
    bench.answer("leave")
    ended = world.run(bench)

    assert ended.status == "failed"
    assert "still standing: pay (shop.pay)" in ended.error
    assert bench.caller.count("shop.release") == 1


def test_a_crash_during_undo_takes_nothing_back_twice(world):
    script = BROKEN
    whole = world.bench(SAGA, script)
    world.run(whole)
    for appends in range(len(whole.entries)):
        bench = world.bench(SAGA, script)
        bench.crash_after = appends
        with pytest.raises(Crashed):
            world.run(bench)
        bench.crash_after = None
        ended = world.run(bench)
        if ended.status == "waiting":
            bench.answer("applied", value={"id": "paid"})
            ended = world.run(bench)
        taken = [name for name, _, _ in bench.caller.calls if name in {"shop.refund", "shop.release"}]
        recorded = [e.path for _, e in bench.entries if e.kind == "outcome" and e.path.startswith("undo:")]
        assert ended.status == "undone"
        assert len(recorded) == len(set(recorded))
        assert set(taken) <= {"shop.refund", "shop.release"}


def test_an_effect_of_a_sub_workflow_is_taken_back_too(world):

    bench = world.bench(
        "sub: {run: child}\nlast: {call: shop.look}", {"shop.reserve": [HELD], "shop.look": [REFUSED]}
    )
    child = {"workflow": "child", "steps": {"hold": {"call": "shop.reserve"}}, "output": {"id": "${hold.id}"}}
    bench.workflows = {"child": Workflow.model_validate(child)}

    assert world.run(bench).status == "undone"
    assert bench.caller.calls[-1][:2] == ("shop.release", {"id": "held"})
