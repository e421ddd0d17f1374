"""Every kind of step does what its definition says, under the driver and under LangGraph."""

import asyncio
import time

import pytest

from graphs import runner
from graphs.testing import DOWN, LOST, OK, REFUSED
from planner.definition import Workflow
from tools.outcomes import Outcome


def test_steps_run_in_the_order_of_the_file(world):
    bench = world.bench("a: {set: {x: 1}}\nb: {set: {y: '${a.x + 1}'}}", output="${b.y}")

    assert world.run(bench).output == 2
    assert bench.trail == ["a", "b"]


def test_then_jumps_and_end_ends(world):
    bench = world.bench("a: {set: {}, then: c}\nb: {fail: never}\nc: {set: {}, then: end}\nd: {fail: never}")

    assert world.run(bench).status == "succeeded"
    assert bench.trail == ["a", "c"]


def test_a_step_whose_condition_is_false_is_skipped_and_its_then_still_holds(world):
    bench = world.bench(
        "a: {set: {}, if: 'input.n > 1', then: c}\nb: {fail: never}\nc: {set: {}}", given={"n": 1}
    )

    assert world.run(bench).status == "succeeded"
    assert bench.trail == ["c"]


def test_a_condition_that_is_no_boolean_fails_the_run_clearly(world):
    bench = world.bench("a: {set: {}, if: '${input.n}'}", given={"n": 1})

    assert "must be true or false" in world.run(bench).error


@pytest.mark.parametrize(("n", "went"), [(1, "low"), (5, "high"), (3, "mid")])
def test_a_switch_goes_where_the_first_true_case_says(world, n, went):
    steps = """
    pick: {switch: [{when: input.n < 2, then: low}, {when: '${input.n > 4}', then: high}], otherwise: mid}
    low: {set: {}, then: end}
    high: {set: {}, then: end}
    mid: {set: {}}
    """
    bench = world.bench(steps, given={"n": n})

    world.run(bench)

    assert bench.trail == ["pick", went]


def test_a_fail_step_fails_with_its_words(world):
    bench = world.bench("a: {fail: 'no ${input.what}'}", given={"what": "stock"})

    ended = world.run(bench)

    assert (ended.status, ended.error) == ("undone", "a: no stock")


def test_a_cycle_runs_at_most_its_visits(world):
    steps = """
    a: {call: shop.look, max_visits: 3}
    b: {switch: [{when: a.again, then: a}], otherwise: end}
    """
    steps = steps.replace("b: {", "b: {max_visits: 3, ")
    bench = world.bench(steps, {"shop.look": [Outcome(kind="applied", output={"again": True})]})

    ended = world.run(bench)

    assert "visited more than its 3 times" in ended.error
    assert bench.caller.count("shop.look") == 3


def test_parallel_branches_join_with_the_results_of_each(world):
    steps = "p: {parallel: {l: {x: {call: shop.look}}, r: {y: {set: {n: 2}}, z: {set: {n: '${y.n + 1}'}}}}}"
    bench = world.bench(steps, {"shop.look": [OK]}, output="${p}")

    assert world.run(bench).output == {"l": {"x": {"id": "x-1"}}, "r": {"y": {"n": 2}, "z": {"n": 3}}}


def test_a_slow_branch_does_not_hold_a_fast_one_back(world):
    order = []

    class Slow(type(world.bench("a: {set: {}}").caller)):
        async def call(self, operation, arguments, **more):
            if arguments["n"] == "slow":
                await asyncio.sleep(0.05)
            order.append(arguments["n"])
            return OK

    steps = """
    p:
      parallel:
        slow: {x: {call: shop.look, with: {n: slow}}}
        fast:
          a: {call: shop.look, with: {n: one}}
          pick: {switch: [{when: 'true', then: b}], otherwise: end}
          b: {call: shop.look, with: {n: two}}
    """
    bench = world.bench(steps)
    bench.caller = Slow({})

    world.run(bench)

    assert order == ["one", "two", "slow"]


def test_a_failing_branch_fails_the_run_and_what_the_others_did_is_taken_back(world):
    steps = "p: {parallel: {l: {x: {call: shop.reserve}}, r: {y: {call: shop.look}}}}"
    bench = world.bench(steps, {"shop.reserve": [OK], "shop.look": [REFUSED]})

    assert world.run(bench).status == "undone"
    assert bench.caller.count("shop.release") == 1


def test_foreach_gives_a_list_in_the_order_of_its_items(world):
    body = "{x: {set: {n: '${item.n * 2}', at: '${index}'}}}"
    steps = f"f: {{foreach: '${{input.items}}', concurrency: 2, steps: {body}}}"
    bench = world.bench(steps, given={"items": [{"n": 1}, {"n": 2}, {"n": 3}]}, output="${f.map(i, i.x.n)}")

    assert world.run(bench).output == [2, 4, 6]
    assert bench.trail == ["f", "f[0].x", "f[1].x", "f[2].x"]


def test_foreach_over_something_else_fails_clearly(world):
    bench = world.bench("f: {foreach: input.n, steps: {x: {set: {}}}}", given={"n": 3})

    assert "needs a list" in world.run(bench).error


def test_foreach_works_on_no_more_items_at_once_than_told(world):
    now, most = 0, 0

    class Counting(type(world.bench("a: {set: {}}").caller)):
        async def call(self, operation, arguments, **more):
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1
            return OK

    bench = world.bench(
        "f: {foreach: input.n, concurrency: 3, steps: {x: {call: shop.look}}}", given={"n": [1] * 20}
    )
    bench.caller = Counting({})

    world.run(bench)

    assert most == 3


def test_foreach_over_thousands_of_items_holds_no_more_tasks_than_it_works_on(world):
    most = 0

    class Watching(type(world.bench("a: {set: {}}").caller)):
        async def call(self, operation, arguments, **more):
            nonlocal most
            most = max(most, len(asyncio.all_tasks()))
            return OK

    bench = world.bench(
        "f: {foreach: input.n, concurrency: 3, steps: {x: {call: shop.look}}}", given={"n": [1] * 5000}
    )
    bench.caller = Watching({})

    assert world.run(bench).status == "succeeded"
    assert most < 20


def test_a_sub_workflow_has_its_own_names_and_gives_its_output(world):
    bench = world.bench("sub: {run: child, with: {n: '${input.n}'}}", given={"n": 2}, output="${sub.double}")
    child = {
        "workflow": "child",
        "steps": {"x": {"set": {"n": "${input.n * 2}"}}},
        "output": {"double": "${x.n}"},
    }
    bench.workflows = {"child": Workflow.model_validate(child)}

    assert world.run(bench).output == 4
    assert bench.trail == ["sub", "sub.x"]


def test_a_sub_workflow_refuses_an_input_that_does_not_fit(world):
    bench = world.bench("sub: {run: child, with: {n: two}}")
    child = {
        "workflow": "child",
        "input": {"properties": {"n": {"type": "integer"}}},
        "steps": {"x": {"set": {}}},
    }
    bench.workflows = {"child": Workflow.model_validate(child)}

    assert "input of child" in world.run(bench).error


def test_a_short_wait_sleeps_and_a_long_one_gives_up_its_task(world):
    bench = world.bench("a: {wait: PT2S}\nb: {wait: PT1H}")
    began = time.monotonic()

    ended = world.run(bench)

    assert ended.status == "waiting"
    assert (ended.wake_at - bench.clock.now()).total_seconds() == 3600
    assert time.monotonic() - began < 60
    bench.clock.advance(ended.wake_at)
    assert world.run(bench).status == "succeeded"


def test_an_expression_that_cannot_be_evaluated_fails_the_run_and_says_why(world):
    bench = world.bench("a: {set: {x: '${input.n + 1.5}'}}", given={"n": 1})

    ended = world.run(bench)

    assert ended.status == "undone"
    assert "double(x)" in ended.error


def test_a_cancelled_run_begins_nothing_new_and_takes_back_what_it_did(world):
    bench = world.bench("a: {call: shop.reserve}\nb: {call: shop.look}", {"shop.reserve": [OK]})
    ctx = bench.context()

    class Cancelling(type(bench.caller)):
        async def call(self, operation, arguments, **more):
            ctx.cancel_requested = True
            return await super().call(operation, arguments, **more)

    ctx.caller = Cancelling({"shop.reserve": [OK]})
    ended = asyncio.run(runner.execute(ctx))

    assert ended.status == "cancelled"
    assert [name for name, _, _ in ctx.caller.calls] == ["shop.reserve", "shop.release"]


def test_one_bounded_step_is_enough_for_a_loop(world):
    steps = """
    poll: {call: shop.look, max_visits: 5}
    done: {switch: [{when: poll.n == 3, then: end}]}
    pause: {wait: PT1S, then: poll}
    """
    answers = [Outcome(kind="applied", output={"n": n}) for n in (1, 2, 3)]
    bench = world.bench(steps, {"shop.look": answers})

    assert world.run(bench).status == "succeeded"
    assert bench.caller.count("shop.look") == 3


def test_a_loop_whose_bounded_step_is_skipped_ends_all_the_same(world):
    steps = "a: {set: {}, if: 'false', max_visits: 3}\nb: {set: {}, then: a}\nc: {set: {}}"
    bench = world.bench(steps)

    assert "visited more than its 3 times" in world.run(bench).error


def test_workflows_that_run_each_other_end_at_a_depth(world):
    bench = world.bench("sub: {run: child}")
    bench.workflows = {
        "child": Workflow.model_validate({"workflow": "child", "steps": {"again": {"run": "child"}}})
    }

    assert "levels deep" in world.run(bench).error


def test_a_wait_beyond_the_calendar_is_as_far_as_the_calendar_goes(world):
    bench = world.bench("a: {wait: P4000000D}")

    assert world.run(bench).wake_at.year == 9999


def test_a_service_that_asks_to_be_left_alone_for_ages_breaks_nothing(world):
    later = Outcome(kind="not_sent", code="http_503", retry_after=float("inf"))
    bench = world.bench("a: {call: shop.look}", {"shop.look": [later]})

    assert world.run(bench).wake_at.year == 9999


def test_items_that_wait_keep_their_place_in_a_foreach(world):
    ask = "{decide: What now, by: person, options: {go: {}, stop: {}}, otherwise: stop}"
    bench = world.bench(f"all: {{foreach: '[1, 2, 3, 4]', concurrency: 2, steps: {{ask: {ask}}}}}")

    opened = []
    for _ in range(4):
        world.run(bench)
        opened.append([question.path for question in bench.questions.values() if question.status == "open"])
        bench.answer("go")
    ended = world.run(bench)

    assert opened == [
        ["all[0].ask", "all[1].ask"],
        ["all[1].ask", "all[2].ask"],
        ["all[2].ask", "all[3].ask"],
        ["all[3].ask"],
    ]
    assert ended.status == "succeeded"


WAITS = {
    "a time": "w: {wait: P30D}",
    "a moment": "w: {wait: '2027-01-01T00:00:00Z'}",
    "a person": "w: {decide: What now, by: person, options: {go: {}, stop: {}}, otherwise: stop}",
    "an event": "w: {receive: paid, within: P30D}",
    "a recovery": "w: {call: shop.blind, recover: {decide: What now, by: person}}",
    "a backoff": "w: {call: shop.look, retry: {attempts: 3, initial: PT1H, max: PT2H, jitter: false}}",
    "branches": "w: {parallel: {a: {x: {wait: P1D}}, b: {y: {receive: paid}}}}",
    "items": "w: {foreach: '[1, 2]', steps: {x: {wait: P1D}}}",
}


@pytest.mark.parametrize("steps", WAITS.values(), ids=WAITS.keys())
def test_a_run_that_is_cancelled_while_it_waits_takes_back_what_it_applied(world, steps):
    script = {"shop.reserve": [OK], "shop.blind": [LOST], "shop.look": [DOWN]}
    bench = world.bench(f"r: {{call: shop.reserve}}\n{steps}\nafter: {{call: shop.mail}}", script)
    waiting = world.run(bench)
    make = bench.context

    def cancelled():
        ctx = make()
        ctx.cancel_requested = True
        return ctx

    bench.context = cancelled
    ended = world.run(bench)
    if "blind" in steps:
        # Of a call in doubt a person has to say what became of it, before anything older is taken back.
        assert (ended.status, bench.caller.count("shop.release")) == ("waiting", 0)
        bench.answer("not_applied")
        ended = world.run(bench)

    assert (waiting.status, ended.status) == ("waiting", "cancelled")
    assert bench.caller.count("shop.release") == 1
    assert bench.caller.count("shop.mail") == 0
