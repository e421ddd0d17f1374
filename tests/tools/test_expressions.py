"""Expressions: what they read, what they give, and what they say when they cannot."""

import pytest

from tools.errors import ExpressionError
from tools.expressions import Template, condition, expression, reading, split

VALUES = {
    "a": 1,
    "b": 2.5,
    "s": "x",
    "n": None,
    "yes": True,
    "items": [{"price": 3.0, "tags": ["new"]}, {"price": 5.0, "tags": []}],
    "order": {"id": "o-1", "lines": {"sku": "k"}},
}


def reads(source):
    return {".".join([found.root, *found.fields]) for found in expression(source).references}


def render(template):
    return Template(template).render(VALUES)


def complaint(template):
    with pytest.raises(ExpressionError) as caught:
        render(template)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a.b.c", {"a.b.c"}),
        ("a.b[0].c", {"a.b"}),
        ('a["b"].c', {"a"}),
        ("a .b\n.c", {"a.b.c"}),
        ("size(a.items) > limit", {"a.items", "limit"}),
        ("a.b.startsWith(c.d)", {"a.b", "c.d"}),
        ("a.size() > 2", {"a"}),
        ("has(a.b.c)", {"a.b.c"}),
        ("!has(a.b)", {"a.b"}),
        ("a ? b : c.d", {"a", "b", "c.d"}),
        ("x in y.z", {"x", "y.z"}),
        ('{"k": v.x}', {"v.x"}),
        ("true && null == a", {"a"}),
        ("1.5e3 + 0x1F + a", {"a"}),
        ("1e-3 * a", {"a"}),
        ("type(a) == int", {"a"}),
        ("int", {"int"}),
        ("(a).b", {"a"}),
        ("a // b\n + c", {"a", "c"}),
    ],
)
def test_references_name_what_is_read(source, names):
    assert reads(source) == names


@pytest.mark.parametrize(
    "source",
    ['"a.b" + c', "'it is } a.b' + c", "r'\\d{2}' + c", "b'x' == c", '"""a ${ } " b""" + c', "'\\' a' + c"],
)
def test_texts_are_not_read_as_names(source):
    assert reads(source) == {"c"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("items.exists(x, x.price > limit.max)", {"items", "limit.max"}),
        ("items.map(x, x.tags.filter(y, y == x.name && z))", {"items", "z"}),
        ("items.all(x, x > 1) && x.y", {"items", "x.y"}),
        ("item.lines.map(item, item.sku) == item.id", {"item.lines", "item.id"}),
        ("items.exists_one(q, (q.a + 1) > 2)", {"items"}),
        ("'.map(x, ' + x", {"x"}),
    ],
)
def test_a_comprehension_variable_is_bound_inside_its_parentheses_only(source, names):
    assert reads(source) == names


def test_a_name_used_both_inside_and_outside_a_comprehension_keeps_both_meanings():
    source = "items.exists(a, a.price > 4.0) && a == 1"
    assert expression(source).evaluate(VALUES) is True


def test_names_are_sorted_roots():
    assert expression("order.id + s + order.id").names == ("order", "s")


def test_equal_sources_share_one_compiled_expression():
    assert expression("a + 1") is expression("a + 1")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${a}", 1),
        ("${a + 1}", 2),
        ("${b * 2.0}", 5.0),
        ("${n}", None),
        ("${yes}", True),
        ("${items}", VALUES["items"]),
        ("${order.lines}", {"sku": "k"}),
        ("${items[1].price}", 5.0),
        ("${items.map(x, x.price * 2.0)}", [6.0, 10.0]),
        ("${items.filter(x, size(x.tags) > 0)[0].price}", 3.0),
        ("${has(order.id)}", True),
        ("${has(order.total)}", False),
        ("${{'k': a}}", {"k": 1}),
        ("${ {'k': {'z': a}}.k }", {"z": 1}),
        ("no expression", "no expression"),
        ("", ""),
        (7, 7),
    ],
)
def test_one_expression_keeps_its_type(template, value):
    assert render(template) == value
    assert type(render(template)) is type(value)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("order ${order.id} (${a})", "order o-1 (1)"),
        ("${a}-${b}", "1-2.5"),
        ("x${n}y", "xy"),
        ("paid: ${yes}", "paid: true"),
        ("${order.lines} and ${items[0].tags}", '{"sku":"k"} and ["new"]'),
        ("${'}'}${'{'}", "}{"),
        ("${'${'}x", "${x"),
        ('${"{"}x', "{x"),
        ("{not: an expression} $a", "{not: an expression} $a"),
        ("} ${s} {", "} x {"),
    ],
)
def test_text_around_expressions_makes_a_text(template, text):
    assert render(template) == text


def test_templates_reach_into_lists_and_objects():
    template = Template({"id": "${order.id}", "rest": ["${a}", {"deep": "n-${s}"}], "fixed": 1.5})
    assert template.render(VALUES) == {"id": "o-1", "rest": [1, {"deep": "n-x"}], "fixed": 1.5}
    assert template.names == {"order", "a", "s"}
    assert len(template.expressions) == 3


def test_only_named_values_are_asked_for():
    class Once(dict):
        def __missing__(self, key):
            raise AssertionError(key)

    assert expression("a + 1").evaluate(Once(a=1)) == 2


@pytest.mark.parametrize("text", ["${a", "x ${order.id", "${'}'", "${{'k': a}", "${a}${b"])
def test_an_unclosed_expression_is_named(text):
    with pytest.raises(ExpressionError, match="not closed"):
        split(text)


def test_text_is_cut_into_its_parts():
    assert split("a ${b} c${d}") == [(False, "a "), (True, "b"), (False, " c"), (True, "d")]
    assert split("") == [(False, "")]


@pytest.mark.parametrize("source", ["a +", "a b", "", "a.?b", "'a", "a == = b"])
def test_what_is_no_cel_says_where(source):
    with pytest.raises(ExpressionError, match=r"character \d+"):
        expression(source)


def test_whole_and_decimal_numbers_do_not_mix_and_the_remedy_is_told():
    said = complaint("${a + b}")
    assert "whole and decimal" in said
    assert "double(x)" in said
    assert render("${double(a) + b}") == 3.5
    assert render("${a < 2.5}") is True


def test_a_number_joined_to_a_text_gets_its_own_remedy():
    assert "string(x)" in complaint("${'n' + a}")
    assert render("${'n' + string(a)}") == "n1"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("${missing}", "no 'missing'"),
        ("${order.total}", "no 'total'"),
        ("${order.total + 1}", "no 'total'"),
        ("${a.b}", "a whole number, which has no fields"),
        ("${n.b}", "null, which has no fields"),
        ("${items[9]}", "index out of bounds"),
        ("${a / 0}", "division by zero"),
        ("${9223372036854775807 + a}", "overflow"),
        ("${items.sum()}", "'sum'"),
        ("${1.0 / 0.0}", "finite"),
        ("${b'ab'}", "bytes"),
    ],
)
def test_an_expression_without_a_value_says_why(template, said):
    assert said in complaint(template)


def test_the_error_names_the_expression():
    with pytest.raises(ExpressionError) as caught:
        render("total: ${order.total}")
    assert caught.value.source == "order.total"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("timestamp('2024-01-31T10:00:00+02:00')", "2024-01-31T08:00:00Z"),
        ("duration('90s')", "PT90S"),
        ("duration('1500ms')", "PT1.5S"),
        ("duration('0s')", "PT0S"),
        ("duration('0s') - duration('3s')", "-PT3S"),
        ("{'at': [timestamp('2024-01-31T10:00:00Z')]}", {"at": ["2024-01-31T10:00:00Z"]}),
        ("uint(3)", 3),
    ],
)
def test_results_are_always_json(source, value):
    assert expression(source).evaluate({}) == value


def test_a_condition_is_written_with_or_without_its_braces():
    assert condition("${a > 0}").evaluate(VALUES) is True
    assert condition("a > 0").evaluate(VALUES) is True


@pytest.mark.parametrize("text", ["${a} > 0", "x ${a}", "${a}${b}"])
def test_a_condition_with_text_around_it_is_refused(text):
    with pytest.raises(ExpressionError):
        condition(text)


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        (("total",), "order.total"),
        (("lines", "1st"), 'order.lines["1st"]'),
        (("thing-id", "in"), 'order["thing-id"]["in"]'),
        (("ключ", 'a"b'), 'order["ключ"]["a\\"b"]'),
        ((), "order"),
    ],
)
def test_a_field_is_read_whatever_it_is_called(fields, source):
    value = 7
    for name in reversed(fields):
        value = {name: value}
    assert reading("order", *fields) == source
    assert expression(source).evaluate({"order": value}) == 7


@pytest.mark.parametrize("source", ["{'z': a, 'b': 2, 'y': {'q': 1, 'c': a}}", "[o][0]", "[o].map(x, x)[0]"])
def test_fields_of_what_is_computed_stand_in_the_same_order_each_time(source):
    values = {"a": 1, "o": {"z": 1, "b": 2, "y": {"q": 1, "c": 1}}}
    written = {str(expression(source).evaluate(values)) for _ in range(20)}

    assert written == {"{'b': 2, 'y': {'c': 1, 'q': 1}, 'z': 1}"}
