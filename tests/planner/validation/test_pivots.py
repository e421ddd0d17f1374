"""Tests of what may go wrong once something cannot be taken back."""

import pytest

from planner.definition import Workflow
from planner.validation import codes
from tools.catalog import Catalog

REFUND = "a: {call: payments.refund, with: {payment_id: p-1}%s}\n"
CHARGE = "b: {call: payments.charge, with: {order_id: o-1, amount: 1.0}%s}\n"


@pytest.fixture
def catalog():
    known = codes.catalog()
    return Catalog(known.operations, known.services)


def found(check, steps, **more):
    told = check(steps, head="on_failure: undo", **more)
    return [(p.path, p.severity) for p in told if p.code == "no-way-back"]


@pytest.mark.parametrize(
    "then",
    [
        CHARGE % "",
        CHARGE % ", recover: {allow: [retry, fail], otherwise: fail}",
        "b: {fail: It did not work.}",
        "b: {receive: paid, within: PT1H}",
        "b: {call: payments.refund, with: {payment_id: p-2}}",
    ],
)
def test_a_step_that_gives_up_behind_the_point_of_no_return_is_told(check, then):
    assert found(check, REFUND % "" + then) == [("/steps/b", "error")]


@pytest.mark.parametrize(
    "then",
    [
        CHARGE % ", recover: {allow: [person, fail], otherwise: person}",
        CHARGE % ", recover: {by: person}",
        CHARGE % ", optional: true",
        "b: {call: mail.send, with: {text: t}}",
        "b: {receive: paid, within: PT1H, otherwise: end}",
        "b: {wait: PT1S}",
    ],
)
def test_what_is_safe_to_repeat_or_asks_a_person_or_may_be_skipped_is_right(check, then):
    assert found(check, REFUND % "" + then) == []


def test_what_stands_before_it_or_is_meant_to_stay_is_right(check):
    assert found(check, CHARGE % "" + REFUND % "") == []
    assert found(check, REFUND % ", undo: keep" + CHARGE % "") == []


def test_a_workflow_that_is_run_behind_it_is_looked_into(check):
    known = {
        name: Workflow.model_validate({"workflow": name, "steps": {"s": step}})
        for name, step in {"loud": {"fail": "no"}, "quiet": {"wait": "PT1S"}}.items()
    }

    assert found(check, REFUND % "" + "b: {run: loud}", workflows=known) == [("/steps/b", "error")]
    assert found(check, REFUND % "" + "b: {run: quiet}", workflows=known) == []
