"""Asking a person parks the run; an answer or the deadline moves it on."""

from datetime import timedelta

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
