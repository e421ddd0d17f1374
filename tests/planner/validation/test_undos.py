"""Tests of changes that nothing takes back."""

import pytest

from planner.validation import codes
from tools.catalog import Catalog

HEAD = "on_failure: undo"


@pytest.fixture
def catalog():
    known = codes.catalog()
    return Catalog(known.operations, known.services)


def found(check, steps, head=HEAD):
    """Return code and severity of what is wrong with taking back."""
    return [
        (p.code, p.severity) for p in check(steps, head=head) if p.code in {"no-undo", "undo-not-derivable"}
    ]


BLOCK = "a: {call: payments.block, with: {order_id: o-1}%s}\n"
SEND = "b: {call: mail.send, with: {text: t}%s}\n"


def test_a_change_without_an_undo_before_a_step_that_may_fail_is_told(check):
    assert found(check, BLOCK % "" + SEND % "") == [("no-undo", "error")]


@pytest.mark.parametrize(
    "steps",
    [
        BLOCK % "",
        BLOCK % "" + SEND % ", optional: true",
        BLOCK % ", undo: keep" + SEND % "",
        "a: {call: mail.send, with: {text: t}}\nb: {call: payments.block, with: {order_id: o-1}}",
        "a: {call: payments.charge, with: {order_id: o-1, amount: 1.0}}\n" + SEND % "",
        "a: {call: payments.refund, with: {payment_id: p-1}}\n" + SEND % "",
    ],
)
def test_nothing_is_told_where_nothing_fails_after_it_or_it_may_stay_or_is_taken_back(check, steps):
    assert found(check, steps) == []


def test_where_what_was_done_is_kept_nothing_needs_an_undo(check):
    assert found(check, BLOCK % "" + SEND % "", head="on_failure: keep") == []


def test_a_substitute_needs_an_undo_too(check):
    steps = "a:\n  call: orders.get\n  with: {order_id: o-1}\n"
    steps += "  substitutes: [{call: payments.block, with: {order_id: o-1}}]\n"

    assert found(check, steps + SEND % "") == [("no-undo", "error")]


def test_a_branch_beside_may_fail_as_well(check):
    steps = """
    both:
      parallel:
        left: {a: {call: payments.block, with: {order_id: o-1}}}
        right: {b: {call: mail.send, with: {text: t}}}
    """
    assert found(check, steps) == [("no-undo", "error")]


def test_of_an_effect_that_nobody_declared_it_is_undecided(check, catalog):
    operation = catalog.operations["payments.block"].model_copy(update={"effect_source": "default"})
    catalog.operations = {**catalog.operations, "payments.block": operation}

    told = check(BLOCK % "" + SEND % "", head=HEAD, remarks=True)

    assert [(p.code, p.severity) for p in told] == [("no-undo", "undecided")]


def test_what_an_undo_cannot_read_is_told(check):
    steps = "a: {call: payments.hold, with: {order_id: o-1}}"

    assert found(check, steps) == [("undo-not-derivable", "error")]


def test_a_call_that_may_be_repeated_or_a_promise_that_nobody_made_is_a_warning(check, catalog):
    steps = BLOCK % "" + SEND % ""
    silent = [(p.code, p.severity) for p in check(steps, remarks=True)]
    keyed = catalog.operations["payments.block"].model_copy(update={"effect": "keyed"})
    catalog.operations = {**catalog.operations, "payments.block": keyed}

    assert silent == [("no-undo", "warning")]
    assert [(p.code, p.severity) for p in check(steps, head=HEAD, remarks=True)] == silent
