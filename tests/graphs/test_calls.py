"""A call goes through retry, recovery and reconciliation without ever being repeated blindly."""

import asyncio

import pytest

from graphs import runner
from graphs.testing import DOWN, LOST, OK, REFUSED, WRONG, Crashed, ScriptedCaller
from planner.effects import effects
from tools.outcomes import Outcome

FOUND = Outcome(kind="applied", output={"items": [{"id": "x-1"}]})
NOT_FOUND = Outcome(kind="applied", output={"items": []})


def test_a_call_that_goes_through_gives_its_output(world):
    bench = world.bench(
        "a: {call: shop.look, with: {n: '${input.n}'}}", {"shop.look": [OK]}, given={"n": 3}, output="${a.id}"
    )

    ended = world.run(bench)

    assert (ended.status, ended.output) == ("succeeded", "x-1")
    assert bench.caller.calls == [("shop.look", {"n": 3}, None)]


@pytest.mark.parametrize("name", ["look", "mark", "reserve"])
def test_a_repeatable_call_without_an_answer_is_repeated(world, name):
    bench = world.bench(f"a: {{call: shop.{name}}}", {f"shop.{name}": [LOST, OK]})

    assert world.run(bench).status == "succeeded"
    assert bench.caller.count(f"shop.{name}") == 2


def test_a_keyed_call_is_repeated_with_the_same_key(world):
    bench = world.bench("a: {call: shop.reserve}", {"shop.reserve": [LOST, OK]})

    world.run(bench)

    keys = [key for _, _, key in bench.caller.calls]
    assert keys[0] is not None
    assert keys[0] == keys[1]


def test_a_write_without_an_answer_is_looked_up_and_not_repeated(world):
    bench = world.bench(
        "a: {call: shop.pay, with: {order: o-1}}",
        {"shop.pay": [LOST], "shop.find": [FOUND]},
        output="${a.id}",
    )

    ended = world.run(bench)

    assert (ended.status, ended.output) == ("succeeded", "x-1")
    assert bench.caller.count("shop.pay") == 1
    assert bench.decisions[0]["choice"] == "reconcile"


def test_a_write_that_the_look_up_does_not_find_is_sent_again(world):
    bench = world.bench(
        "a: {call: shop.pay, with: {order: o-1}}", {"shop.pay": [LOST, OK], "shop.find": [NOT_FOUND]}
    )

    assert world.run(bench).status == "succeeded"
    assert bench.caller.count("shop.pay") == 2


def test_a_write_is_not_repeated_while_the_look_up_does_not_answer(world):
    bench = world.bench("a: {call: shop.pay, with: {order: o-1}}", {"shop.pay": [LOST], "shop.find": [LOST]})

    ended = world.run(bench)

    assert ended.status == "waiting"
    assert bench.caller.count("shop.pay") == 1


def test_a_write_that_nobody_can_look_up_waits_for_a_person(world):
    bench = world.bench("a: {call: shop.blind}", {"shop.blind": [LOST]}, output="${a.id}")

    assert world.run(bench).status == "waiting"
    offered = {
        option.id for option in bench.answer("applied", value={"id": "by-hand"}).options if option.available
    }
    ended = world.run(bench)

    assert (ended.status, ended.output) == ("succeeded", "by-hand")
    assert offered == {"fail", "applied", "not_applied"}
    assert bench.caller.count("shop.blind") == 1


def test_a_person_who_knows_that_it_did_not_happen_lets_it_be_sent_again(world):
    bench = world.bench("a: {call: shop.blind}", {"shop.blind": [LOST, OK]})

    world.run(bench)
    bench.answer("not_applied")

    assert world.run(bench).status == "succeeded"
    assert bench.caller.count("shop.blind") == 2


def test_a_rejected_call_fails_the_run_without_being_repeated(world):
    bench = world.bench("a: {call: shop.reserve}", {"shop.reserve": [REFUSED]})

    ended = world.run(bench)

    assert ended.status == "undone"
    assert ended.error == "a: shop.reserve was rejected: no"
    assert bench.caller.count("shop.reserve") == 1


def test_a_call_that_never_left_is_repeated_whatever_its_effect(world):
    bench = world.bench("a: {call: shop.mail}", {"shop.mail": [DOWN, OK]})

    assert world.run(bench).status == "succeeded"


def test_a_substitute_stands_in_when_the_first_choice_is_down(world):
    bench = world.bench(
        "a: {call: shop.look, substitutes: [{call: other.look, with: {n: 1}}]}",
        {"shop.look": [DOWN], "other.look": [OK]},
        output="${a.id}",
    )

    ended = world.run(bench)

    assert (ended.status, ended.output) == ("succeeded", "x-1")
    assert bench.decisions[0]["choice"] == "substitute"


def test_an_optional_step_is_skipped_and_reads_as_empty(world):
    bench = world.bench(
        "a: {call: shop.look, optional: true}\nb: {set: {seen: '${has(a.id)}'}}",
        {"shop.look": [REFUSED]},
        output="${b.seen}",
    )

    assert world.run(bench).output is False


def test_a_model_picks_only_from_the_menu(world):
    steps = (
        "a: {call: shop.pay, with: {order: o-1}, recover: {allow: [reconcile, retry, fail], otherwise: fail}}"
    )
    bench = world.bench(steps, {"shop.pay": [LOST], "shop.find": [FOUND]}, {"test/a": "reconcile"})

    assert world.run(bench).status == "succeeded"
    offered = bench.decider.asked[0].options
    assert {option.id for option in offered if option.available} == {"reconcile", "fail"}
    assert "twice" in next(option for option in offered if option.id == "retry").excluded_by


def test_without_a_model_the_declared_otherwise_is_taken_and_said(world):
    steps = "a: {call: shop.pay, with: {order: o-1}, recover: {otherwise: reconcile}}"
    bench = world.bench(steps, {"shop.pay": [LOST], "shop.find": [FOUND]})

    assert world.run(bench).status == "succeeded"
    decision = bench.decisions[0]
    assert (decision["decided_by"], decision["outcome_class"]) == ("otherwise", "unavailable")
    assert "no_model_configured" in decision["anomalies"]


def test_recovery_choices_are_bounded(world):
    bench = world.bench(
        "a: {call: shop.look, recover: {otherwise: fail}}", {"shop.look": [LOST]}, {"test/a": "retry"}
    )

    ended = world.run(bench)

    assert ended.status == "undone"
    assert bench.caller.count("shop.look") == 12


def test_a_wrong_answer_of_a_write_is_not_sent_again(world):
    bench = world.bench("a: {call: shop.blind}", {"shop.blind": [WRONG]}, output="${a.id}")

    assert world.run(bench).status == "waiting"
    bench.answer("adopt")

    assert world.run(bench).output == "x-9"
    assert bench.caller.count("shop.blind") == 1


def test_a_crash_after_sending_a_write_leaves_it_in_doubt(world):
    script = {"shop.pay": [Crashed()], "shop.find": [FOUND]}
    bench = world.bench("a: {call: shop.pay, with: {order: o-1}}", script, output="${a.id}")
    with pytest.raises(Crashed):
        world.run(bench)
    bench.caller = ScriptedCaller({"shop.find": [FOUND]})

    ended = world.run(bench)

    assert (ended.status, ended.output) == ("succeeded", "x-1")
    assert bench.caller.count("shop.pay") == 0


def test_every_crash_point_ends_the_same_without_a_second_effect(world):
    steps = "a: {call: shop.look}\nb: {call: shop.pay, with: {order: o-1}}\nc: {call: shop.mail}"
    script = {"shop.find": [FOUND]}
    whole = world.bench(steps, script)
    world.run(whole)
    for appends in range(len(whole.entries)):
        bench = world.bench(steps, script)
        bench.crash_after = appends
        with pytest.raises(Crashed):
            world.run(bench)
        bench.crash_after = None
        ended = world.run(bench)
        if ended.status == "waiting":
            bench.answer("applied", value={})
            ended = world.run(bench)
        assert ended.status == "succeeded"
        assert bench.caller.count("shop.pay") <= 1
        assert bench.caller.count("shop.mail") <= 1


def test_the_effects_tell_what_was_sent_and_settled(world):
    bench = world.bench("a: {call: shop.pay, with: {order: o-1}}", {"shop.pay": [LOST], "shop.find": [FOUND]})

    world.run(bench)

    told = [(e.path, e.operation, e.state, e.settled_by) for e in effects(bench.entries)]
    assert told == [("a", "shop.pay", "applied", "reconcile"), ("reconcile:a", "shop.find", "applied", None)]


def test_an_open_breaker_is_told_to_the_decider(world):
    steps = """
    pick: {decide: Which one, options: {one: {then: a}, two: {then: b}, three: {then: end}}, otherwise: three}
    a: {call: shop.look, then: end}
    b: {call: other.look}
    """
    bench = world.bench(steps, {}, {"test/pick": "two"})
    bench.caller.closed["shop"] = "shop is resting"

    world.run(bench)

    first = bench.decider.asked[0].options[0]
    assert (first.available, first.excluded_by) == (False, "shop is resting")


def test_repeating_is_not_offered_while_the_breaker_of_the_service_is_open(world):
    steps = "a: {call: shop.look, recover: {allow: [retry, fail], otherwise: retry}}"
    bench = world.bench(steps, {"shop.look": [DOWN]})
    bench.caller.closed["shop"] = "shop is resting"

    ended = world.run(bench)

    assert ended.status == "undone"
    (decision,) = bench.decisions
    assert (decision["choice"], decision["decided_by"]) == ("fail", "only_option")
    assert next(o for o in decision["options"] if o["id"] == "retry")["excluded_by"] == "shop is resting"


DOUBT = """
a: {call: shop.reserve, substitutes: [{call: shop.mark}], optional: true, recover: {allow: %s, otherwise: %s}}
"""


def test_a_call_without_an_answer_stays_in_doubt_though_repeating_it_is_refused(world):
    steps = DOUBT % ("[substitute, skip, person]", "substitute")
    bench = world.bench(steps, {"shop.reserve": [LOST, REFUSED]})

    ended = world.run(bench)

    offered = {option["id"]: option["excluded_by"] for option in bench.decisions[0]["options"]}
    assert ended.status == "waiting"
    assert "may have taken effect" in offered["substitute"]
    assert "may have taken effect" in offered["skip"]
    assert bench.caller.count("shop.mark") == 0


def test_what_a_person_says_of_an_earlier_attempt_settles_that_attempt(world):
    bench = world.bench(DOUBT % ("[person, substitute]", "person"), {"shop.reserve": [LOST, DOWN, REFUSED]})
    world.run(bench)

    bench.answer("not_applied")
    ended = world.run(bench)

    settled = [(entry.path, entry.attempt) for _, entry in bench.entries if entry.kind == "settled"]
    assert settled == [("a", 1)]
    assert (ended.status, bench.decisions[-1]["choice"]) == ("waiting", "person")
    assert "substitute" in {o.id for o in bench.answer("substitute").options if o.available}


def test_a_replay_goes_through_every_choice_again_and_never_settles_by_an_older_one(world):
    steps = "a: {call: shop.pay, with: {order: o-1}, recover: {otherwise: person}}\nb: {wait: PT1H}"
    bench = world.bench(steps, {"shop.pay": [LOST, LOST], "shop.find": [LOST]})
    world.run(bench)
    bench.answer("reconcile")
    world.run(bench)
    bench.answer("not_applied")
    assert world.run(bench).status == "waiting"
    assert bench.caller.count("shop.pay") == 2

    for _ in range(3):
        world.run(bench)

    assert bench.caller.count("shop.pay") == 2
    assert [entry.attempt for _, entry in bench.entries if entry.kind == "settled"] == [1]


def test_a_substitute_is_looked_up_by_look_ups_of_its_own(world):
    steps = """
    a:
      call: shop.pay
      with: {order: o-1}
      substitutes: [{call: shop.pay, with: {order: o-2}}]
      recover: {by: rule}
    """
    script = {"shop.pay": [LOST, REFUSED, LOST], "shop.find": [NOT_FOUND, FOUND]}
    bench = world.bench(steps, script, output="${a.id}")

    ended = world.run(bench)

    found = [arguments["order"] for name, arguments, _ in bench.caller.calls if name == "shop.find"]
    assert (ended.status, ended.output, found) == ("succeeded", "x-1", ["o-1", "o-2"])
    assert bench.caller.count("shop.pay") == 3


def test_asking_what_stands_does_not_read_the_journal_again(world):
    body = "{x: {call: shop.look, optional: true}}"
    bench = world.bench(
        f"f: {{foreach: input.items, steps: {body}}}",
        {"shop.look": [REFUSED]},
        given={"items": list(range(200))},
    )
    ctx = bench.context()
    read = 0

    class Counting(list):
        def __iter__(self):
            nonlocal read
            read += 1
            return super().__iter__()

    ctx.recorded._numbered = Counting(ctx.recorded._numbered)
    asyncio.run(runner.execute(ctx))

    assert len(ctx.recorded.numbered) > 400
    assert read <= 1


@pytest.mark.parametrize(
    ("name", "leaves"), [("look", True), ("mark", False), ("reserve", False), ("pay", False), ("mail", False)]
)
def test_only_a_reading_call_leaves_before_what_it_follows_from_is_durable(world, name, leaves):
    bench = world.bench(f"a: {{call: shop.look}}\nb: {{call: shop.{name}}}", {})
    held = []

    def disk(unit):
        """Write in order, and no more from the outcome of `a` on."""
        written = asyncio.get_running_loop().create_future()
        if held or (unit.entries[0].entry.path, unit.entries[0].entry.kind) == ("a", "outcome"):
            held.append(written)
        else:
            written.set_result(None)
        return written

    async def scenario():
        ctx = bench.context()
        ctx.scribe.sink = disk
        running = asyncio.create_task(runner.execute(ctx))
        for _ in range(50):
            await asyncio.sleep(0)
        called = [call for call, *_ in bench.caller.calls]
        while not running.done():
            for written in held:
                if not written.done():
                    written.set_result(None)
            await asyncio.sleep(0)
        return called, await running

    called, ended = asyncio.run(scenario())

    assert called == ["shop.look", f"shop.{name}"][: 2 if leaves else 1]
    assert (ended.status, len(bench.caller.calls)) == ("succeeded", 2)
