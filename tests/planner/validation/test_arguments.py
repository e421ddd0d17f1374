"""Tests of arguments against the schemas of who takes them."""

import pytest

from planner import documents
from planner.validation import validate

ORDER = "order: {call: orders.getOrder, with: {order_id: x}}\n"


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


def test_an_unknown_operation_is_told_once_with_the_nearest_and_its_arguments_are_let_be(check):
    (problem,) = check("a: {call: orders.getOrdr, with: {zz: 1}}\nb: {call: orders.getOrdr}")

    assert (problem.code, problem.path) == ("unknown-operation", "/steps/a/call")
    assert "'orders.getOrder'" in problem.remedy
    assert "2 places" in problem.message


def test_operations_of_the_same_service_are_offered_where_none_is_like_it(check):
    (problem,) = check("a: {call: orders.xyzzy}")

    assert "'orders.create', 'orders.getOrder'" in problem.remedy or "'orders.getOrder'" in problem.remedy


def test_without_a_catalogue_calls_are_not_checked():
    workflow = documents.read("workflow: t\nsteps: {a: {call: no.such, with: {x: 1}}}").workflow

    assert validate(workflow, catalog=None) == []


def test_a_missing_argument_is_told(check):
    (problem,) = check("a: {call: payments.refund, with: {amount: 1.5}}")

    assert (problem.code, problem.path) == ("missing-argument", "/steps/a/with")
    assert "'payment_id'" in problem.message


def test_arguments_that_are_all_missing_are_told_one_by_one(check):
    assert [problem.code for problem in check("a: {call: payments.refund}")] == ["missing-argument"] * 2


@pytest.mark.parametrize("name", ["payment_idd", "zz"])
def test_a_misspelt_argument_is_one_problem(check, name):
    (problem,) = check(f"a: {{call: payments.refund, with: {{amount: 1.5, {name}: x}}}}")

    assert (problem.code, problem.path) == ("unknown-argument", f"/steps/a/with/{name}")
    assert "'payment_id'" in problem.remedy


def test_an_unknown_argument_beside_a_complete_set_is_told(check):
    assert pairs(check("a: {call: inventory.getStock, with: {sku: a, colour: red}}")) == [
        ("unknown-argument", "/steps/a/with/colour")
    ]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("{payment_id: 7, amount: 1.5}", "payment_id"),
        ("{payment_id: p, amount: much}", "amount"),
        ("{payment_id: p, amount: null}", "amount"),
        ("{payment_id: p, amount: \"${'7'}\"}", "amount"),
    ],
)
def test_a_literal_of_the_wrong_type_is_told(check, value, path):
    (problem,) = check(f"a: {{call: payments.refund, with: {value}}}")

    assert (problem.code, problem.path) == ("ill-typed-argument", f"/steps/a/with/{path}")


def test_a_reference_of_the_wrong_type_is_told_with_the_conversion(check):
    steps = (
        ORDER + 'a: {call: payments.refund, with: {payment_id: "${order.total}", amount: "${order.total}"}}'
    )
    (problem,) = check(steps)

    assert (problem.code, problem.path) == ("ill-typed-argument", "/steps/a/with/payment_id")
    assert "a number" in problem.message
    assert "string(order.total)" in problem.remedy


def test_a_conversion_has_the_type_it_converts_to(check):
    template = 'a: {call: payments.refund, with: {payment_id: "${order.id}", amount: "%s"}}'

    assert check(ORDER + template % "${double(order.id)}") == []
    assert pairs(check(ORDER + template % "${string(order.id)}")) == [
        ("ill-typed-argument", "/steps/a/with/amount")
    ]


def test_text_around_an_expression_makes_it_a_text(check):
    steps = ORDER + 'a: {call: payments.refund, with: {payment_id: p, amount: "EUR ${order.total}"}}'
    (problem,) = check(steps)

    assert problem.code == "ill-typed-argument"
    assert "no text around" in problem.remedy


def test_an_expression_that_may_fit_is_let_be(check):
    arguments = '{payment_id: "${x.a}", amount: "${x.b + 1.0}"}'
    steps = f"x: {{call: misc.anything}}\na: {{call: payments.refund, with: {arguments}}}"

    assert check(steps) == []


def test_parts_of_lists_and_mappings_are_checked_too(check):
    lines = "a: {call: orders.create, with: {lines: [%s]}}"

    assert check(lines % "{sku: a, quantity: 2}") == []
    assert pairs(check(lines % "{sku: a, quantity: many}")) == [
        ("ill-typed-argument", "/steps/a/with/lines/0/quantity")
    ]
    assert pairs(check(ORDER + lines % '{sku: "${order.total}", quantity: 1}')) == [
        ("ill-typed-argument", "/steps/a/with/lines/0/sku")
    ]
    assert pairs(check(ORDER + lines % '{sku: "${order.sku}"}')) == [
        ("missing-argument", "/steps/a/with/lines/0")
    ]


def test_substitutes_are_checked_like_the_call(check):
    steps = "a: {call: misc.anything, substitutes: [{call: misc.anythin}, {call: inventory.getStock}]}"

    assert pairs(check(steps)) == [
        ("unknown-operation", "/steps/a/substitutes/0/call"),
        ("missing-argument", "/steps/a/substitutes/1/with"),
    ]


def test_the_input_of_another_workflow_is_checked(check):
    text = """{workflow: other, input: {type: object, required: [n], properties: {n: {type: integer}}},
               steps: {a: {set: {}}}}"""
    other = documents.read(text).workflow

    assert check("a: {run: other, with: {n: 1}}", workflows={"other": other}) == []
    found = check("a: {run: other, with: {n: one}}", workflows={"other": other})
    assert pairs(found) == [("ill-typed-argument", "/steps/a/with/n")]
    assert check("a: {run: other, version: 9.0.0, with: {m: 1}}", workflows={"other": other}) == []


def test_an_operation_that_takes_anything_takes_anything(check):
    assert check('a: {call: misc.anything, with: {x: 1, y: {z: "${run.id}"}}}') == []
