"""Expectations about paths and effects, each on its own."""

import pytest

from evals import checks
from evals.expectations import Expect
from evals.services import Call
from evals.trace import Trace

AT = "2026-01-05T09:00:00Z"
PATH = ("a", "b", "b.x[0].y", "c")


def call(seq, operation="bank.charge", *, applied=True, key=None, arguments=None):
    told = {"order": "o-1"} if arguments is None else arguments
    return Call(
        seq=seq,
        operation=operation,
        arguments=told,
        key=key,
        at=AT,
        outcome="applied",
        applied=applied,
        sent=True,
    )


def judged(expect, small, *calls):
    trace = Trace(
        run_id="r",
        status="succeeded",
        path=PATH,
        decisions=(),
        calls=calls,
        entries=(),
        effects=(),
        virtual_s=1.0,
        executions=1,
    )
    return [check.reason for check in checks.judge(Expect.model_validate(expect), trace, small.catalog)]


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ({"mode": "strict", "steps": ["a", "b", "c"]}, True),
        ({"mode": "strict", "steps": ["a", "c", "b"]}, False),
        ({"mode": "strict", "steps": ["a", "b", "b.x.y", "c"], "nested": True}, True),
        ({"mode": "unordered", "steps": ["c", "a", "b"]}, True),
        ({"mode": "unordered", "steps": ["c", "a"]}, False),
        ({"mode": "subset", "steps": ["a", "b", "c", "d"]}, True),
        ({"mode": "subset", "steps": ["a", "b"]}, False),
        ({"mode": "superset", "steps": ["c", "a"]}, True),
        ({"mode": "superset", "steps": ["c", "d"]}, False),
        ({"mode": "in_order", "steps": ["a", "c"]}, True),
        ({"mode": "in_order", "steps": ["c", "a"]}, False),
        ({"mode": "in_order", "steps": ["b.x[0].y"], "nested": True}, True),
        ({"mode": "in_order", "steps": ["b.x.y", "c"], "nested": True}, True),
    ],
)
def test_a_path_is_compared_by_its_mode(small, path, holds):
    assert (judged({"path": path}, small) == [""]) is holds


def test_attempts_with_one_key_are_one_effect(small):
    held = [call(1, "bank.hold", key="k"), call(2, "bank.hold", key="k"), call(3, "bank.hold", key="l")]
    assert judged({"calls": {"bank.hold": {"exactly": 3, "applied": 2}}}, small, *held) == [""]


def test_equal_idempotent_calls_are_one_effect_and_equal_writes_are_two(small):
    paid_back = [
        call(1, "bank.refund"),
        call(2, "bank.refund"),
        call(3, "bank.refund", arguments={"charge": "2"}),
    ]
    assert checks.count_effects(paid_back, small.catalog) == 2
    assert checks.count_effects([call(1), call(2)], small.catalog) == 2
    assert checks.count_effects([call(1), call(2, applied=False)], small.catalog) == 1


def test_only_calls_that_fit_are_counted(small):
    made = [call(1, arguments={"order": "o-1"}), call(2, arguments={"order": "o-2"})]
    expect = {"calls": {"bank.charge": {"exactly": 1, "with": {"order": {"regex": "2$"}}}}}
    assert judged(expect, small, *made) == [""]
    assert judged({"calls": {"bank.charge": {"max": 1}}}, small, *made) == [
        "/calls/bank.charge expected {max: 1}, found 2"
    ]
