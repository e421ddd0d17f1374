"""A decision takes only what is admissible, says why, and is written before it is acted on."""

import pytest

from graphs.testing import Crashed
from planner.decisions import Answer, Attempt, Confidence, Usage

STEPS = """
pick:
  decide: Which one
  given: {n: '${input.n}'}
  options:
    small: {means: Take the small one., when: input.n < 10, then: small}
    large: {means: Take the large one., when: '${input.n > 5}', then: large}
    none: {means: Take none., then: end}
  otherwise: none
small: {set: {}, then: end}
large: {set: {}}
"""


def options(decision):
    return {option["id"]: option["excluded_by"] for option in decision["options"]}


def test_the_model_chooses_and_the_flow_follows(world):
    bench = world.bench(STEPS, model={"test/pick": "large"}, given={"n": 7})

    world.run(bench)

    assert bench.trail == ["pick", "large"]
    assert (bench.decisions[0]["decided_by"], bench.decisions[0]["edge_taken"]) == ("model", "large")


def test_an_excluded_option_says_why_and_is_not_shown(world):
    bench = world.bench(STEPS, model={"test/pick": "none"}, given={"n": 20})

    world.run(bench)

    assert options(bench.decisions[0])["small"] == "its guard is false: input.n < 10"
    assert [option.id for option in bench.decider.asked[0].available] == ["large", "none"]


def test_a_choice_that_was_not_offered_takes_otherwise(world):
    bench = world.bench(STEPS, model={"test/pick": "small"}, given={"n": 20})

    world.run(bench)

    assert bench.trail == ["pick"]
    assert (bench.decisions[0]["outcome_class"], bench.decisions[0]["decided_by"]) == ("invalid", "otherwise")


def test_a_guard_that_cannot_be_evaluated_excludes_its_option(world):
    bench = world.bench(STEPS, model={"test/pick": "none"}, given={"n": "seven"})

    world.run(bench)

    assert "could not be evaluated" in options(bench.decisions[0])["small"]


def test_one_admissible_option_is_taken_without_asking(world):
    options = "{a: {when: 'false', then: end}, b: {then: x}}"
    steps = f"pick: {{decide: Which one, options: {options}, otherwise: b}}\nx: {{set: {{}}}}"
    bench = world.bench(steps, model={"test/pick": "a"})

    world.run(bench)

    assert bench.decider.asked == []
    assert (bench.decisions[0]["decided_by"], bench.decisions[0]["choice"]) == ("only_option", "b")


def test_a_rule_takes_the_first_admissible_option(world):
    bench = world.bench(STEPS.replace("given:", "by: rule\n  given:"), given={"n": 7})

    world.run(bench)

    assert bench.trail == ["pick", "small"]
    assert bench.decisions[0]["decided_by"] == "rule"


def test_an_unsure_model_takes_otherwise(world):
    unsure = Answer(outcome_class="ok", choice="large", confidence=Confidence(value=0.4))
    steps = STEPS.replace("otherwise: none", "otherwise: none\n  min_confidence: 0.7")
    bench = world.bench(steps, model={"test/pick": unsure}, given={"n": 7})

    world.run(bench)

    assert (bench.decisions[0]["outcome_class"], bench.decisions[0]["proposed"]) == ("abstained", "large")


def test_over_budget_the_model_is_not_asked(world):
    again = STEPS.replace("large: {set: {}}", "large: {set: {}, then: pick, max_visits: 5}")
    steps = again.replace("pick:\n", "pick:\n  max_visits: 5\n")
    attempt = Attempt(n=1, started="2026-01-05T09:00:00Z", ms=1, outcome_class="ok")
    asked = Answer(outcome_class="ok", choice="large", attempts=(attempt,), usage=Usage(input=10, output=1))
    bench = world.bench(steps, model={"test/pick": asked}, given={"n": 7}, budget={"model_calls": 2})

    world.run(bench)

    assert len(bench.decider.asked) == 2
    assert [decision["outcome_class"] for decision in bench.decisions] == ["ok", "ok", "budget"]
    assert bench.decisions[-1]["decided_by"] == "otherwise"


def test_what_deciding_costs_counts_against_the_budget(world):
    again = STEPS.replace("large: {set: {}}", "large: {set: {}, then: pick, max_visits: 5}")
    steps = again.replace("pick:\n", "pick:\n  max_visits: 5\n")
    dear = Answer(outcome_class="ok", choice="large", usage=Usage(input=10, output=1, cost_usd="0.03"))
    bench = world.bench(steps, model={"test/pick": dear}, given={"n": 7}, budget={"cost_usd": 0.05})

    world.run(bench)

    assert [decision["outcome_class"] for decision in bench.decisions] == ["ok", "ok", "budget"]
    assert bench.decisions[1]["usage"]["cost_usd"] == "0.03"
    assert bench.decisions[1]["budget_left"]["cost_usd"] == 0.02


def test_a_decision_is_written_once_however_often_the_run_is_taken_up(world):
    bench = world.bench(STEPS + "last: {wait: PT1H}", model={"test/pick": "large"}, given={"n": 7})

    world.run(bench)
    world.run(bench)

    assert len(bench.decisions) == 1
    assert len(bench.decider.asked) == 1


def test_a_crash_before_the_decision_is_written_leaves_nothing_done(world):
    bench = world.bench(STEPS, model={"test/pick": "large"}, given={"n": 7})
    bench.crash_after = 1

    with pytest.raises(Crashed):
        world.run(bench)

    assert bench.decisions == []
    assert bench.trail == ["pick"]


def test_an_option_that_needs_a_person_is_not_taken_by_the_model_alone(world):
    steps = STEPS.replace("then: large}", "then: large, confirm: person}")
    bench = world.bench(steps, model={"test/pick": "large"}, given={"n": 7})

    assert world.run(bench).status == "waiting"
    assert bench.trail == ["pick"]
    bench.answer("small")
    world.run(bench)

    assert bench.trail == ["pick", "small"]
    assert [decision["decided_by"] for decision in bench.decisions] == ["model", "person"]
    assert bench.decisions[0]["edge_taken"] == "person"


def test_a_rule_whose_only_way_leads_to_a_resting_service_takes_it_all_the_same(world):
    steps = "pick: {decide: Which one, by: rule, options: {a: {then: x}}}\nx: {call: shop.look}"
    bench = world.bench(steps)
    bench.caller.closed["shop"] = "shop is resting"

    assert world.run(bench).status == "succeeded"
    assert bench.decisions[0]["choice"] == "a"


def test_a_decision_that_nothing_can_decide_fails_the_run_and_says_so(world):
    bench = world.bench("pick: {decide: Which one, by: rule, options: {a: {when: 'false', then: end}}}")

    assert "no option is admissible" in world.run(bench).error


def test_nobody_is_asked_when_nothing_can_be_chosen(world):
    options = "{a: {when: 'false', then: end}, b: {when: 'false', then: x}}"
    steps = f"pick: {{decide: Which one, by: person, options: {options}, otherwise: b}}\nx: {{set: {{}}}}"
    bench = world.bench(steps)

    assert world.run(bench).status == "succeeded"
    assert bench.trail == ["pick", "x"]
    assert bench.questions == {}
    assert bench.decisions[0]["decided_by"] == "otherwise"


def test_what_was_spent_before_a_crash_counts_at_once_afterwards(world):
    steps = """
    p:
      parallel:
        l: {w: {wait: PT1S, then: one}, one: {decide: One, options: {x: {}, y: {}}, otherwise: y}}
        r: {two: {decide: Two, options: {x: {}, y: {}}, otherwise: y}}
    """
    attempt = Attempt(n=1, started="2026-01-05T09:00:00Z", ms=1, outcome_class="ok")
    asked = Answer(outcome_class="ok", choice="x", attempts=(attempt,), usage=Usage(input=10, output=1))
    model = {"test/p.l.one": asked, "test/p.r.two": asked}
    bench = world.bench(steps, model=model, budget={"model_calls": 1})
    bench.crash_after = 3
    with pytest.raises(Crashed):
        world.run(bench)
    bench.crash_after = None
    before = len(bench.decider.asked)

    world.run(bench)

    assert bench.context().spent.model_calls == 1
    assert [d["outcome_class"] for d in bench.decisions] == ["ok", "budget"]
    assert len(bench.decider.asked) <= before + 1


def test_a_decision_s_own_budget_ends_in_otherwise_and_says_so(world):
    steps = STEPS.replace("  otherwise: none", "  otherwise: none\n  budget: {model_calls: 0, tokens: 50}")
    bench = world.bench(steps, model={"test/pick": "large"}, given={"n": 7})

    world.run(bench)

    (decision,) = bench.decisions
    assert (decision["outcome_class"], decision["choice"]) == ("budget", "none")
    assert decision["reason"] == "the decision's 0 model calls are used up"
    assert decision["budget_left"] == {"model_calls": 0.0, "tokens": 50.0}
    assert bench.decider.asked == []


def test_a_decision_is_told_the_least_of_what_it_and_its_run_may_spend(world):
    steps = STEPS.replace("  otherwise: none", "  otherwise: none\n  budget: {model_calls: 5, tokens: 50}")
    bench = world.bench(steps, model={"test/pick": "large"}, given={"n": 7}, budget={"model_calls": 2})

    world.run(bench)

    allowance = bench.decider.asked[0].allowance
    assert (allowance.model_calls, allowance.tokens, allowance.cost_usd) == (2, 50, None)
