"""Tests of calls beyond what a workflow may do."""

import pytest

from planner.definition import Workflow
from planner.validation import codes
from tools.catalog import Catalog

GET = "a: {call: orders.get, with: {order_id: o-1}%s}\n"
SEND = "b: {call: mail.send, with: {text: t}}\n"
S14 = {"not-permitted", "forbidden-pair", "not-prepared"}


@pytest.fixture
def catalog():
    known = codes.catalog()
    return Catalog(known.operations, known.services)


@pytest.fixture
def known():
    steps = {"s": {"call": "mail.send", "with": {"text": "t"}}}
    return {"tell": Workflow.model_validate({"workflow": "tell", "steps": steps})}


def found(check, steps, permit, known=None):
    told = check(steps, head=f"permit: {permit}", workflows=known)
    return [(p.code, p.path) for p in told if p.code in S14]


@pytest.mark.parametrize(
    ("permit", "path"),
    [
        ("{operations: [orders.*]}", "/steps/b/call"),
        ("{operations: []}", "/steps/a/call"),
        ("{effects: [read]}", "/steps/b/call"),
    ],
)
def test_an_operation_or_effect_that_is_not_named_is_told(check, permit, path):
    assert ("not-permitted", path) in found(check, GET % "" + SEND, permit)


def test_what_a_workflow_runs_and_what_may_stand_in_count_too(check, known):
    steps = "a: {call: orders.get, with: {order_id: o-1}, substitutes: [{call: mail.send, with: {text: t}}]}"

    assert found(check, GET % "" + "b: {run: tell}", "{operations: [orders.*]}", known) == [
        ("not-permitted", "/steps/b/run")
    ]
    assert found(check, steps, "{operations: [orders.*]}") == [
        ("not-permitted", "/steps/a/substitutes/0/call")
    ]


def test_what_is_permitted_or_not_bounded_is_right(check):
    for permit in ("{}", "{operations: ['*']}", "{operations: [orders.get, mail.*], effects: [read, keyed]}"):
        assert found(check, GET % "" + SEND, permit) == []


def test_a_pair_is_forbidden_where_one_may_follow_the_other(check):
    apart = "{apart: [[orders.get, mail.send]]}"

    assert found(check, GET % "" + SEND, apart) == [("forbidden-pair", "/steps/b/call")]
    assert found(check, GET % ", then: end" + SEND, apart) == []


def test_what_must_come_first_must_surely_have_been_called(check, known):
    first = "{first: {mail.send: orders.get}}"

    assert found(check, GET % "" + SEND, first) == []
    assert found(check, GET % ", if: 'run.id != \"\"'" + SEND, first) == [("not-prepared", "/steps/b/call")]
    assert found(check, SEND, first) == [("not-prepared", "/steps/b/call")]
    assert found(check, "b: {run: tell}", first, known) == [("not-prepared", "/steps/b/run")]
    assert found(check, GET % "" + "b: {run: tell}", first, known) == []
