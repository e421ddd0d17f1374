"""Asking a person parks the run; an answer or the deadline moves it on."""

import asyncio
from datetime import timedelta

from graphs import runner
from graphs.testing import DOWN, OK, START
from planner.errors import DecisionClosed
from tools.catalog import Catalog
from tools.operations import Retry

STEPS = """
ask:
  decide: What should we do?
  by: person
  within: P2D
  given: {n: '${input.n}'}
  options: {yes: {then: yes}, no: {then: end}}
  otherwise: no
yes: {set: {}}
"""


def bench_of(world):
    return world.bench(STEPS.replace("yes", "agree").replace("no", "refuse"), given={"n": 1})


def test_the_run_waits_and_the_question_shows_what_is_offered(world):
    bench = bench_of(world)

    ended = world.run(bench)

    question = next(iter(bench.questions.values()))
    assert ended.status == "waiting"
    assert ended.wake_at - bench.clock.now() == timedelta(days=2)
    assert [option.id for option in question.options] == ["agree", "refuse"]
    assert question.given == {"n": 1}


def test_the_answer_is_the_decision_and_names_who_gave_it(world):
    bench = bench_of(world)
    world.run(bench)

    bench.answer("agree", actor="u-7")
    world.run(bench)

    decision = bench.decisions[0]
    assert bench.trail == ["ask", "agree"]
    assert (decision["decided_by"], decision["actor"]) == ("person", "u-7")
    assert decision["decision_id"] == next(iter(bench.questions))


def test_when_nobody_answers_in_time_otherwise_is_taken(world):
    bench = bench_of(world)
    ended = world.run(bench)

    bench.clock.advance(ended.wake_at)
    world.run(bench)

    assert bench.trail == ["ask"]
    assert (bench.decisions[0]["decided_by"], bench.decisions[0]["outcome_class"]) == ("otherwise", "timeout")
    assert next(iter(bench.questions.values())).status == "expired"


def test_a_question_is_asked_once_however_often_the_run_is_taken_up(world):
    bench = bench_of(world)

    world.run(bench)
    world.run(bench)

    assert len(bench.questions) == 1


def test_an_answer_counts_though_the_option_would_no_longer_be_offered(world):
    options = "{go: {}, stop: {then: end}}"
    ask = f"ask: {{decide: What now, by: person, options: {options}, otherwise: stop}}"
    steps = f"{ask}\nb: {{call: shop.look}}"
    bench = world.bench(steps)
    world.run(bench)
    bench.caller.closed["shop"] = "shop is resting"

    bench.answer("go")
    world.run(bench)

    decision = bench.decisions[0]
    assert (decision["choice"], decision["decided_by"]) == ("go", "person")
    assert all(option["available"] for option in decision["options"])


def test_an_answer_in_the_moment_of_the_deadline_is_taken_and_disturbs_no_other_branch(world):
    ask = "{ask: {decide: What now, by: person, within: PT1H, options: {go: {}, stop: {}}, otherwise: stop}}"
    steps = f"p: {{parallel: {{l: {ask}, r: {{x: {{call: shop.blind}}}}}}}}"
    bench = world.bench(steps, {"shop.blind": [DOWN]})
    bench.catalog = Catalog(
        {**bench.catalog.operations, "shop.blind": patient(bench.catalog.operation("shop.blind"))},
        dict(bench.catalog.services),
    )
    waiting = world.run(bench)
    bench.clock.advance(START + timedelta(hours=1))
    bench.caller.script = {"shop.blind": [OK]}
    sink = bench._sink

    async def answered_first(unit):
        if unit.closed:
            raise DecisionClosed(unit.closed[0], "u-1 answered 'go'")
        await sink(unit)

    ctx = bench.context()
    ctx.scribe.sink = answered_first
    again = asyncio.run(runner.execute(ctx))
    bench.answer("go")
    ended = world.run(bench)

    assert (waiting.status, again.status, ended.status) == ("waiting", "waiting", "succeeded")
    assert again.wake_at <= bench.clock.now()
    assert bench.decisions[0]["choice"] == "go"
    kinds = [(entry.kind, entry.path, entry.attempt) for _, entry in bench.entries]
    assert len(kinds) == len(set(kinds))


def patient(operation):
    """Let an operation be repeated after ten minutes."""
    pause = timedelta(minutes=10)
    return operation.model_copy(update={"retry": Retry(attempts=2, initial=pause, max=pause, jitter=False)})


def test_a_deadline_beyond_the_calendar_is_as_far_as_the_calendar_goes(world):
    bench = world.bench(
        STEPS.replace("yes", "agree").replace("no", "refuse").replace("P2D", "P4000000D"), given={"n": 1}
    )

    assert world.run(bench).wake_at.year == 9999
