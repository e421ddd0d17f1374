"""Tests of calls that would be made again with the same arguments."""

import pytest

from planner.validation import codes
from tools.catalog import Catalog

ORDER = "order: {call: orders.get, with: {order_id: o-1}}\n"


@pytest.fixture
def catalog():
    known = codes.catalog()
    return Catalog(known.operations, known.services)


def found(check, steps, **more):
    return [(p.path, p.severity) for p in check(ORDER + steps, **more) if p.code == "repeated-change"]


def each(call):
    return f'a: {{foreach: "${{order.lines}}", steps: {{n: {{set: {{id: "${{item}}"}}}}, b: {call}}}}}'


def loop(call):
    return f"""
a: {{set: {{n: "${{has(a.n) ? a.n + 1 : 1}}"}}, max_visits: 3}}
b: {call}
c: {{switch: [{{when: "${{a.n < 3}}", then: a}}]}}
"""


SAME = "{call: payments.charge, with: {order_id: o-1, amount: 1.0}%s}"
BY_ITEM = '{call: payments.charge, with: {order_id: "${item}", amount: 1.0}}'
BY_STEP = '{call: payments.charge, with: {order_id: "${n.id}", amount: 1.0}}'
BY_COUNT = '{call: payments.charge, with: {order_id: "o-${a.n}", amount: 1.0}}'


def test_the_same_change_for_every_item_and_in_every_round_is_told(check):
    assert found(check, each(SAME % "")) == [("/steps/a/steps/b/call", "error")]
    assert found(check, loop(SAME % "")) == [("/steps/b/call", "error")]


@pytest.mark.parametrize(
    "steps",
    [
        each(BY_ITEM),
        each(BY_STEP),
        each(SAME % ', if: "${index == 0}"'),
        loop(BY_COUNT),
        loop(SAME % ", max_visits: 1"),
        loop(SAME % ', if: "${a.n == 1}"'),
        loop("{call: mail.send, with: {text: t}}"),
        "b: " + SAME % "",
    ],
)
def test_what_differs_each_time_or_is_asked_for_or_may_be_repeated_is_right(check, steps):
    assert found(check, steps) == []


def test_a_call_inside_a_branch_of_a_loop_is_found(check):
    assert found(check, loop("{parallel: {x: {y: " + SAME % "" + "}}}")) == [
        ("/steps/b/parallel/x/y/call", "error")
    ]


def test_of_an_effect_that_nobody_declared_it_is_undecided(check, catalog):
    operation = catalog.operations["payments.charge"].model_copy(update={"effect_source": "default"})
    catalog.operations = {**catalog.operations, "payments.charge": operation}

    assert found(check, each(SAME % ""), remarks=True) == [("/steps/a/steps/b/call", "undecided")]
