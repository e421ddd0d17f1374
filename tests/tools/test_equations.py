import pytest

from tools import equations, expressions
from tools.errors import ExpressionError


def sides(source):
    found = equations.find(expressions.expression(source), "event")
    return found and (found.outside.source, found.inside.source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("event.data.id == order.id", ("event.data.id", "order.id")),
        ("order.id == event.data.id", ("event.data.id", "order.id")),
        ("event.data.ok && event.data.id == order.id", ("event.data.id", "order.id")),
        ("event.subject == 'o-' + input.id", ("event.subject", "'o-' + input.id")),
        ("event.subject == 'a && b == c'", ("event.subject", "'a && b == c'")),
        ("[event.a == b.c].all(x, x) && event.d == e.f", ("event.d", "e.f")),
    ],
)
def test_the_equality_that_must_hold_is_found(source, expected):
    assert sides(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "event.a == b.c || event.d == e.f",
        "event.a == b.c ? true : false",
        "event.a != b.c",
        "event.total >= b.c",
        "event.a == event.b",
        "event.a + order.b == order.c",
        "event.ok",
        "(event.a == b.c || event.d)",
    ],
)
def test_what_need_not_hold_or_is_no_equality_is_not_taken_for_one(source):
    assert sides(source) is None


def test_values_that_expressions_see_as_equal_have_one_digest():
    assert equations.digest(3) == equations.digest(3.0)
    assert len({equations.digest(value) for value in ("1", 1, True, "true", "")}) == 5


@pytest.mark.parametrize("value", [None, 1.5, [1], {"a": 1}])
def test_values_that_are_compared_in_another_way_have_no_digest(value):
    assert equations.digest(value) is None


def test_a_side_without_a_value_says_so():
    with pytest.raises(ExpressionError):
        equations.solve(expressions.expression("event.data.id"), {"event": {"data": {}}})
