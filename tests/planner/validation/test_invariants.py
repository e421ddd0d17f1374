"""Tests of invariants: what the explorer is asked to hold every path against."""

import pytest

ORDER = "order: {call: orders.getOrder, with: {order_id: x}}\n"


def told(check, kind, condition):
    head = f'invariants: {{{kind}: ["{condition}"]}}'
    return [(each.code, each.path) for each in check(ORDER, head=head)]


@pytest.mark.parametrize("kind", ["never", "always", "finally"])
def test_an_invariant_over_what_happened_is_let_be(check, kind):
    condition = (
        "effects.exists(e, e.operation == 'orders.getOrder') && has(state.order.id) || run.status == 'failed'"
    )

    assert told(check, kind, condition) == []


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("effects.size( > 1", "bad-expression"),
        ("effects.siz() > 1", "unknown-function"),
        ("order.total > 1.0", "unknown-name"),
        ("state.ordr.total > 1.0", "unknown-step"),
    ],
)
def test_an_invariant_that_cannot_be_judged_is_told_with_its_place(check, condition, code):
    assert told(check, "always", condition) == [(code, "/invariants/always/0")]
