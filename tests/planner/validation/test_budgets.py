"""Tests of what the worst way needs, against what the budget allows."""

import pytest


def found(check, steps, budget):
    told = check(steps, head=f"budget: {budget}", remarks=True)
    return [(p.code, p.path, p.severity) for p in told if p.code in {"over-budget", "no-deadline"}]


def ask(name, then="", **more):
    fields = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{name}: {{decide: X?, options: {{y: {{{then}}}, n: {{then: end}}}}, otherwise: n{fields}}}\n"


def test_a_way_on_which_the_model_decides_more_often_than_the_budget_allows_is_told(check):
    steps = ask("a") + ask("b") + "c: {wait: PT1S}"

    assert found(check, steps, "{model_calls: 1}") == [("over-budget", "/budget/model_calls", "warning")]
    assert found(check, steps, "{model_calls: 2}") == []


def test_decisions_on_ways_that_exclude_each_other_do_not_add_up(check):
    steps = ask("a", then="then: c") + ask("b", then="then: d") + ask("c", then="then: d") + "d: {wait: PT1S}"
    steps = steps.replace("n: {then: end}", "n: {then: b}", 1)

    assert found(check, steps, "{model_calls: 1}") != []
    assert found(check, steps, "{model_calls: 2}") == []


def test_a_loop_counts_as_often_as_it_is_bounded(check):
    steps = (
        "a: {wait: PT10S, max_visits: 3}\nb: {switch: [{when: \"run.id == 'x'\", then: a}]}\nc: {wait: PT1S}"
    )

    assert found(check, steps, "{duration: PT31S}") == []
    assert found(check, steps, "{duration: PT30S}") == [("over-budget", "/budget/duration", "warning")]


@pytest.mark.parametrize(
    ("steps", "most"),
    [
        ("p: {parallel: {l: {a: {wait: PT5S}}, r: {b: {wait: PT9S}}}}", 9),
        ("p: {foreach: '${[1, 2]}', steps: {a: {wait: PT5S}}}", 5),
        ("a: {receive: t, within: PT5S, otherwise: end}\nb: {wait: PT2S}", 7),
        (ask("a", by="person", within="PT8S") + "b: {wait: PT2S}", 10),
        ("a: {wait: '${run.id}'}\nb: {wait: PT2S}", 2),
    ],
)
def test_times_that_are_surely_waited_add_up_and_branches_wait_side_by_side(check, steps, most):
    assert found(check, steps, f"{{duration: PT{most}S}}") == []
    assert found(check, steps, f"{{duration: PT{most - 1}S}}") == [
        ("over-budget", "/budget/duration", "warning")
    ]


def test_waiting_for_ever_is_told_unless_the_run_itself_is_bounded(check):
    steps = ask("a", by="person") + "b: {receive: t}"

    assert found(check, steps, "{}") == [
        ("no-deadline", "/steps/a", "warning"),
        ("no-deadline", "/steps/b", "warning"),
    ]
    assert found(check, steps, "{duration: P1D}") == []
