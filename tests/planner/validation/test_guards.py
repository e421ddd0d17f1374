"""Tests of guards: values that surely have the wrong form, comparisons that cannot hold, functions."""

import pytest

ORDER = "order: {call: orders.getOrder, with: {order_id: x}}\n"
EARLY = "pick: {decide: q, options: {fast: {}, slow: {}}, otherwise: slow}\n"


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


@pytest.mark.parametrize(
    "condition", ["${1}", "${'yes'}", "${order.total}", "${order.id}", "${size(order.lines)}"]
)
def test_a_guard_that_is_surely_no_boolean_is_told(check, condition):
    assert pairs(check(ORDER + f's: {{if: "{condition}", set: {{}}}}')) == [("not-boolean", "/steps/s/if")]


@pytest.mark.parametrize(
    "condition", ["${order.paid}", "order.paid", "${order.total > 1.0}", "${!order.paid}"]
)
def test_a_guard_that_may_be_a_boolean_is_let_be(check, condition):
    assert check(ORDER + f's: {{if: "{condition}", set: {{}}}}') == []


def test_guards_of_options_and_cases_are_checked(check):
    steps = (
        ORDER
        + """
a: {decide: q, by: rule, options: {x: {when: "${order.total}", then: c}, y: {}}}
b: {switch: [{when: "${order.id}", then: c}]}
c: {set: {x: "${a.choice}"}}
"""
    )
    assert pairs(check(steps)) == [
        ("not-boolean", "/steps/a/options/x/when"),
        ("not-boolean", "/steps/b/switch/0/when"),
    ]


@pytest.mark.parametrize("text", ["${order.total}", "${1}", "order.id"])
def test_a_foreach_over_no_list_is_told(check, text):
    steps = ORDER + f'f: {{foreach: "{text}", steps: {{m: {{set: {{}}}}}}}}'

    assert pairs(check(steps)) == [("not-a-list", "/steps/f/foreach")]


@pytest.mark.parametrize("text", ["PT", "5 minutes", "-PT5S", "${-1}", "${'soon'}", "${order.paid}"])
def test_a_wait_that_is_no_duration_is_told(check, text):
    assert pairs(check(ORDER + f'w: {{wait: "{text}"}}')) == [("bad-duration", "/steps/w/wait")]


@pytest.mark.parametrize("text", ['"PT5S"', "30", '"${30}"', '"${order.quantity}"', '"${order.id}"', "0.5"])
def test_a_wait_that_may_be_a_duration_is_let_be(check, text):
    assert check(ORDER + f"w: {{wait: {text}}}") == []


@pytest.mark.parametrize(
    "condition",
    ["pick.choice == 'fst'", "'fst' == pick.choice", 'pick.choice != \\"fst\\"', "order.status == 'sentt'"],
)
def test_a_comparison_with_a_text_that_cannot_be_is_told(check, condition):
    (problem,) = check(EARLY + ORDER + f's: {{if: "{condition}", set: {{x: "${{pick.choice}}"}}}}')

    assert (problem.code, problem.path) == ("unknown-value", "/steps/s/if")
    assert "Did you mean" in problem.remedy or "values here" in problem.remedy


def test_a_comparison_with_a_possible_text_is_let_be(check):
    assert check(EARLY + "s: {if: \"pick.choice == 'fast'\", set: {}}") == []


def test_an_unknown_function_is_told_with_the_nearest(check):
    (problem,) = check(ORDER + 's: {set: {n: "${siz(order.lines)}"}}')

    assert problem.code == "unknown-function"
    assert "'size'" in problem.remedy


@pytest.mark.parametrize("code", ["order.total >", "order..id", "(order.total", "200.q"])
def test_an_expression_that_cannot_be_read_is_told(check, code):
    assert pairs(check(ORDER + f's: {{set: {{n: "${{{code}}}"}}}}')) == [("bad-expression", "/steps/s/set/n")]


def test_every_function_of_the_language_can_be_called(check):
    code = (
        "order.lines.filter(l, l.sku.startsWith('a')).map(l, string(l.quantity)).exists(t, t.contains('1'))"
    )

    assert check(ORDER + f's: {{if: "${{{code}}}", set: {{}}}}') == []
