"""What a failed run applied is taken back, newest first, and nothing is taken back twice."""

import asyncio

import pytest

from graphs import runner
from graphs.testing import DOWN, LOST, OK, REFUSED, WRONG, Crashed
from planner.definition import Workflow
from tools.catalog import Catalog
from tools.operations import Reconcile, Undo
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


LOST_PAY = "pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule, allow: [fail]}}"
ABSENT = Outcome(kind="rejected", status=404)
PRESENT = Outcome(kind="applied", output={"items": [{"id": "paid"}]})


def changed(bench, name, **fields):
    """Let an operation of the bench's catalogue have another contract."""
    known = bench.catalog.operations
    bench.catalog = Catalog(
        {**known, name: known[name].model_copy(update=fields)}, dict(bench.catalog.services)
    )


def looked_up(call):
    return Reconcile(call=call, with_={}, applied_when="${size(found.items) > 0}")


def test_the_look_up_of_an_undo_is_not_mistaken_for_that_of_the_effect(world):
    bench = world.bench(LOST_PAY, {"shop.pay": [LOST], "shop.find": [PRESENT], "shop.refund": [LOST]})
    bench.caller.script["shop.look"] = [ABSENT]
    changed(bench, "shop.refund", effect="write", reconcile=looked_up("shop.look"))

    ended = world.run(bench)

    assert ended.status == "waiting"
    assert (bench.caller.count("shop.refund"), bench.caller.count("shop.look")) == (2, 2)
    paths = {entry.path for _, entry in bench.entries if "reconcile:" in entry.path}
    assert paths == {"undo:reconcile:pay", "reconcile:undo:pay"}


def test_each_try_to_take_back_is_looked_up_afresh(world):
    bench = world.bench(
        SAGA,
        {
            **BROKEN,
            "shop.refund": [LOST],
            "shop.find": [ABSENT, ABSENT, Outcome(kind="applied", output={"items": [1]})],
        },
    )
    changed(bench, "shop.refund", effect="write", reconcile=looked_up("shop.find"))
    world.run(bench)

    bench.answer("retry")
    ended = world.run(bench)

    assert ended.status == "undone"
    assert (bench.caller.count("shop.refund"), bench.caller.count("shop.find")) == (3, 3)


def test_a_call_that_takes_back_and_was_cut_off_by_a_crash_is_looked_up_and_sent(world):
    bench = world.bench(SAGA, {**BROKEN, "shop.refund": [Crashed(), OK], "shop.find": [ABSENT]})
    changed(bench, "shop.refund", effect="write", reconcile=looked_up("shop.find"))
    with pytest.raises(Crashed):
        world.run(bench)

    ended = world.run(bench)

    assert (ended.status, bench.questions) == ("undone", {})
    assert (bench.caller.count("shop.refund"), bench.caller.count("shop.find")) == (2, 1)


def test_an_undo_in_doubt_is_sent_again_only_when_a_person_says_that_it_did_not_happen(world):
    bench = world.bench(SAGA, {**BROKEN, "shop.refund": [LOST, OK]})
    changed(bench, "shop.refund", effect="write")
    world.run(bench)

    asked = bench.answer("retry")
    ended = world.run(bench)

    settled = [(e.path, e.attempt, e.body["outcome"]) for _, e in bench.entries if e.kind == "settled"]
    assert next(option.means for option in asked.options if option.id == "retry").startswith(
        "It was not taken"
    )
    assert settled == [("undo:pay", 1, "not_sent")]
    assert (ended.status, bench.caller.count("shop.refund")) == ("undone", 2)


def test_the_question_about_an_undo_names_the_call_that_should_have_taken_the_effect_back(world):
    bench = world.bench(SAGA, {**BROKEN, "shop.refund": [REFUSED]})
    world.run(bench)

    asked = bench.answer("leave")

    assert (asked.trigger.operation, asked.trigger.outcome) == ("shop.refund", "rejected")
    assert asked.given == {
        "operation": "shop.refund",
        "arguments": {"id": "paid"},
        "undoes": {"operation": "shop.pay", "arguments": {"order": "o-1"}, "output": {"id": "paid"}},
    }
    assert asked.question == "shop.pay could not be taken back by shop.refund: no. What now?"


def test_an_undo_that_took_effect_wrongly_is_not_offered_again(world):
    bench = world.bench(SAGA, {**BROKEN, "shop.refund": [WRONG]})
    changed(bench, "shop.refund", effect="write")
    world.run(bench)

    asked = bench.answer("done")

    assert {option.id for option in asked.options if option.available} == {"done", "leave"}
    assert world.run(bench).status == "undone"


def test_both_effects_of_a_step_and_its_substitute_are_taken_back(world):
    steps = """
    a: {call: shop.mark, with: {n: 1}, substitutes: [{call: shop.reserve}], recover: {by: rule}}
    last: {call: shop.look}
    """
    script = {"shop.mark": [WRONG], "shop.reserve": [HELD], "shop.look": [REFUSED]}
    bench = world.bench(steps, script)
    changed(bench, "shop.mark", undo=Undo(call="shop.refund", with_={"n": "${input.n}"}))

    ended = world.run(bench)

    taken = [(name, arguments) for name, arguments, _ in bench.caller.calls][-2:]
    assert ended.status == "undone"
    assert taken == [("shop.release", {"id": "held"}), ("shop.refund", {"n": 1})]


def test_an_undo_whose_operation_the_catalogue_lost_goes_to_a_person(world):
    bench = world.bench(SAGA, BROKEN)
    changed(bench, "shop.pay", undo=Undo(call="shop.gone"))

    assert world.run(bench).status == "waiting"
    assert {option.id for option in bench.answer("done").options if option.available} == {"done", "leave"}
    assert world.run(bench).status == "undone"


def test_questions_of_steps_are_closed_when_the_run_begins_to_end(world):
    steps = """
    p:
      parallel:
        l: {ask: {decide: Which one, by: person, options: {x: {}, y: {}}, otherwise: x}}
        r: {hold: {call: shop.reserve}, bad: {call: shop.look}}
    """
    script = {"shop.reserve": [HELD], "shop.look": [REFUSED], "shop.release": [REFUSED]}
    bench = world.bench(steps, script)

    assert world.run(bench).status == "waiting"

    open_ = [question.path for question in bench.questions.values() if question.status == "open"]
    assert open_ == ["undo:p.r.hold"]


def test_whichever_branch_wants_an_undo_gets_it(world):
    steps = """
    hold: {call: shop.reserve}
    p:
      parallel:
        l: {bad: {call: other.look, recover: {otherwise: undo, allow: [undo, fail]}}}
        r: {stop: {fail: enough}}
    """
    bench = world.bench(steps, {"shop.reserve": [HELD], "other.look": [REFUSED]}, on_failure="keep")
    ctx = bench.context()

    async def slow(unit):
        for _ in range(50 if unit.decisions else 0):
            await asyncio.sleep(0)
        await bench._sink(unit)

    ctx.scribe.sink = slow
    ended = asyncio.run(runner.execute(ctx))

    assert (ended.status, ended.error) == ("undone", "p.r.stop: enough")
    assert [decision["choice"] for decision in bench.decisions] == ["undo"]


def test_a_call_that_a_dead_execution_may_have_sent_is_in_doubt_when_the_run_ends_instead(world):
    bench = world.bench("hold: {call: shop.reserve}\nlast: {call: shop.look}", {"shop.reserve": [HELD]})
    bench.crash_after = 1
    with pytest.raises(Crashed):
        world.run(bench)
    bench.crash_after = None
    ctx = bench.context()
    ctx.cancel_requested = True

    waiting = asyncio.run(runner.execute(ctx))
    bench.answer("applied", value={"id": "held"})
    ended = world.run(bench)

    assert (waiting.status, ended.status) == ("waiting", "cancelled")
    assert [name for name, _, _ in bench.caller.calls] == ["shop.reserve", "shop.release"]


def test_a_call_that_cannot_have_been_sent_is_not_in_doubt_when_the_run_ends(world):
    pick = "pick: {decide: Which one, by: person, options: {x: {}, y: {}}, otherwise: x}"
    steps = f"{pick}\nhold: {{call: shop.reserve}}"
    bench = world.bench(steps)
    world.run(bench)
    bench.answer("x")
    ctx = bench.context()
    ctx.cancel_requested = True

    assert asyncio.run(runner.execute(ctx)).status == "cancelled"
    assert bench.caller.calls == []


def test_a_keyed_call_that_a_crash_lost_is_in_doubt_when_its_service_is_down_afterwards(world):
    """Nothing in the journal tells that it was sent before, and a run that ends must not forget it."""
    bench = world.bench("hold: {call: shop.reserve}", {"shop.reserve": [OK, DOWN]})
    bench.crash_after = 1
    with pytest.raises(Crashed):
        world.run(bench)
    bench.crash_after = None

    waiting = world.run(bench)
    bench.answer("applied", value={"id": "x-1"})

    assert (waiting.status, world.run(bench).status) == ("waiting", "succeeded")
    assert bench.decisions[-1]["trigger"]["outcome"] == "unknown"
