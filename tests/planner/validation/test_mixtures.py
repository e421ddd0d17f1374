"""Tests of arithmetic between whole and decimal numbers."""

import pytest

ORDER = "order: {call: orders.getOrder, with: {order_id: x}}\n"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("order.total * 2", "`2.0`"),
        ("order.total * 2 > 5.0", "`2.0`"),
        ("1 - order.total", "`1.0`"),
        ("order.quantity / 2.0", "double(order.quantity)"),
    ],
)
def test_a_mixture_is_told_with_the_way_to_write_it(check, code, remedy):
    (problem,) = check(ORDER + f's: {{set: {{x: "${{{code}}}"}}}}')

    assert (problem.code, problem.path) == ("mixed-numbers", "/steps/s/set/x")
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    "code",
    [
        "order.total * 2.0",
        "order.quantity * 2",
        "order.total > 2",
        "double(order.quantity) * 2.0",
        "size(order.lines) + 2",
        "order.id + 'order.total * 2'",
        "order.lines[0].quantity * 2",
    ],
)
def test_numbers_of_one_kind_are_let_be(check, code):
    assert check(ORDER + f's: {{set: {{x: "${{{code}}}"}}}}') == []
