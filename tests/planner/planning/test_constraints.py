from datetime import timedelta

import pytest

from planner.definition import Budget, Workflow
from planner.permits import Permit
from planner.planning import constraints, manifest
from planner.planning.constraints import Constraints

REFUND = {
    "call": "payments.refund",
    "with": {"payment_id": "p", "amount": 1.0, "reason": "late", "reference": "r"},
}
ORDER = {"call": "orders.getOrder", "with": {"order_id": "o-1"}}


def flow(**steps):
    return Workflow.model_validate({"workflow": "w", "steps": steps})


def codes(problems):
    return [(problem.path, problem.code) for problem in problems]


def test_nothing_is_forbidden_unless_told(shop):
    assert constraints.allowed(Constraints(), shop.operations) == shop.operations
    assert constraints.broken(Constraints(), flow(pay=REFUND), shop, {}) == ()


@pytest.mark.parametrize("name", ["payments.refund", "payments", "write", "changes"])
def test_an_operation_is_forbidden_by_its_name_its_service_and_its_effect(shop, name):
    limits = Constraints(forbid=(name,))
    assert "payments.refund" not in constraints.allowed(limits, shop.operations)
    assert "orders.getOrder" in constraints.allowed(limits, shop.operations)
    nested = {"parallel": {"a": {"order": ORDER}, "b": {"pay": REFUND}}}
    (problem,) = constraints.broken(limits, flow(both=nested), shop, {})
    assert (problem.path, problem.code) == ("/steps/both/parallel/b/pay", "forbidden-operation")
    assert problem.message == f"It calls payments.refund, which is forbidden: {name!r}."


def test_what_would_be_called_to_take_something_back_is_forbidden_too(shop):
    undone = next(item for item in shop.operations.values() if item.undo is not None)
    limits = Constraints(forbid=(undone.undo.call,))
    assert undone.name not in constraints.allowed(limits, shop.operations)


def test_without_changes_only_reads_are_left(shop):
    left = constraints.allowed(Constraints(forbid=("changes",)), shop.operations)
    assert {item.effect for item in left.values()} == {"read"}


def test_calls_and_decisions_are_counted(shop):
    two = flow(one=ORDER, two=ORDER)
    assert constraints.broken(Constraints(steps=2), two, shop, {}) == ()
    found = constraints.broken(Constraints(steps=1), two, shop, {})
    assert codes(found) == [("/steps", "too-many-steps")]


def test_a_forbidden_name_that_is_none_is_told(shop):
    limits = Constraints(forbid=("payments", "paymnts.refund", "changes", "irreversible"))
    (problem,) = constraints.unknown(limits, shop)
    assert (problem.path, problem.code) == ("/constraints/forbid/1", "unknown-constraint")
    assert "payments.refund" in problem.remedy


def test_limits_only_ever_get_tighter():
    one = Constraints(forbid=("a", "b"), steps=5)
    assert one.tightened(Constraints(forbid=("b", "c"), steps=3)) == Constraints(
        forbid=("a", "b", "c"), steps=3
    )
    assert one.tightened(Constraints()) == one
    lower = constraints.lower(Budget(tokens=10, duration=timedelta(hours=1)), Budget(tokens=20, cost_usd=0.5))
    assert lower == Budget(tokens=10, cost_usd=0.5, duration=timedelta(hours=1))


def test_a_worst_case_over_the_budget_is_told(shop):
    decide = {
        "decide": "Which?",
        "options": {"a": {"means": "A.", "then": "end"}, "b": {"means": "B.", "then": "end"}},
        "otherwise": "a",
    }
    asked = flow(which=decide)
    made = manifest.manifest(asked, shop, {}, asked=())
    worst = {"tokens": 900, "seconds": 90.0}
    small = Budget(model_calls=0, tokens=500, duration=timedelta(minutes=1))
    assert list(constraints.overruns(small, made, worst)) == [
        "the model may be asked once, and the budget allows 0 requests",
        "at worst it takes about 900 tokens, and the budget allows 500",
        "at worst it takes 90 s, and the budget allows 60 s",
    ]
    enough = Budget(model_calls=1, tokens=900, duration=timedelta(minutes=2))
    assert list(constraints.overruns(enough, made, worst)) == []
    assert list(constraints.overruns(Budget(), made, worst)) == []


def test_every_permit_bounds_what_may_be_called_and_not_what_takes_it_back(shop):
    limits = Constraints(
        permits=(Permit(operations=("payments.*", "orders.*")), Permit(effects=("read", "write")))
    )
    allowed = constraints.allowed(limits, shop.operations)
    assert {"payments.refund", "orders.getOrder"} <= allowed.keys()
    assert "notifications.send" not in allowed
    assert all(shop.operations[name].effect in {"read", "write"} for name in allowed)
    assert constraints.broken(limits, flow(order=ORDER, pay=REFUND), shop, {}) == ()

    tell = {"call": "notifications.send", "with": {"template": "t"}}
    (problem, _) = constraints.broken(limits, flow(tell=tell), shop, {})
    assert (problem.path, problem.code) == ("/steps/tell/call", "not-permitted")
    assert "none of the operations that the permit of the plan or its tenant names" in problem.message


def test_what_a_permit_keeps_apart_or_wants_first_holds_for_a_plan(shop):
    apart = Constraints(permits=(Permit(apart=(("orders.getOrder", "payments.refund"),)),))
    first = Constraints(permits=(Permit(first={"payments.refund": "orders.getOrder"}),))
    both, alone = flow(order=ORDER, pay=REFUND), flow(pay=REFUND)
    assert codes(constraints.broken(apart, both, shop, {})) == [("/steps/pay/call", "forbidden-pair")]
    assert codes(constraints.broken(first, alone, shop, {})) == [("/steps/pay/call", "not-prepared")]
    assert constraints.broken(first, both, shop, {}) == constraints.broken(apart, alone, shop, {}) == ()


def test_permits_of_two_add_up_and_the_same_one_counts_once():
    one, other = Permit(effects=("read",)), Permit(operations=("orders.*",))
    both = Constraints(permits=(one,)).tightened(Constraints(permits=(other, one), steps=3))
    assert (both.permits, both.steps) == ((one, other), 3)
