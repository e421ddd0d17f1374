"""Tests of what is known of values."""

import pytest

from planner import documents
from planner.validation.sequences import sequences
from planner.validation.values import Fields, Leaf, Scope, follow, items, literal, wording
from tools.expressions import expression

STEPS = """
workflow: t
steps:
  order: {call: orders.getOrder, with: {order_id: x}}
  s: {set: {n: 1, t: "a ${order.id}", r: "${order.total}", m: {k: [1]}, o: "${order}"}}
  d: {decide: q, options: {x: {}, y: {}}, otherwise: y}
  w: {wait: PT1S}
  x: {switch: [{when: "true", then: end}]}
  f: {foreach: "${order.lines}", steps: {m: {set: {q: "${item.quantity}"}}}}
  p: {parallel: {b: {n: {set: {v: "${p.b.n.v}"}}}}}
"""


@pytest.fixture
def known(catalog):
    workflow = documents.read(STEPS).workflow
    everything = sequences(workflow)
    scope = Scope(workflow, catalog)
    return lambda text, place=0: scope.schema(everything[place], expression(text))


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("order.total", {"type": "number"}),
        ("s.n", {"type": "integer", "const": 1}),
        ("s.t", {"type": "string"}),
        ("s.r", {"type": "number"}),
        ("s.o.total", {"type": "number"}),
        ("d.choice", {"type": "string", "enum": ["x", "y"]}),
        ("x.then", {"type": "string"}),
        ("run.id", {"type": "string"}),
        ("int(order.total)", {"type": "integer"}),
        ("order.total + 1.0", None),
        ("w.anything", None),
        ("string(order.id) + string(order.sku)", None),
    ],
)
def test_what_an_expression_gives_is_known(known, text, schema):
    assert known(text) == schema


def test_items_have_the_form_of_the_list(known):
    assert known("item.quantity", 1) == {"type": "integer"}
    assert known("index", 1) == {"type": "integer"}


def test_a_value_that_reads_itself_is_not_known(known):
    assert known("p.b.n.v") == {}


def test_following_fields_stops_where_one_is_absent():
    shape = Fields({"a": Leaf({"type": "object", "properties": {"b": {}}, "additionalProperties": False})})

    assert follow(shape, ("a", "b")).state == "found"
    found = follow(shape, ("a", "c", "d"))
    assert (found.state, found.depth, found.known) == ("absent", 1, ("b",))
    assert follow(shape, ("z",)).known == ("a",)


def test_items_stand_alone_with_their_definitions():
    schema = {"type": "array", "items": {"$ref": "#/$defs/Line"}, "$defs": {"Line": {"type": "string"}}}

    assert items(schema)["$defs"] == schema["$defs"]
    assert items({"type": "array"}) == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "null"), (True, "true or false"), (1, "a whole number"), (1.5, "a number"), ([], "a list")],
)
def test_literals_are_described(value, words):
    assert wording(literal(value)) == words


def test_schemas_without_a_type_are_described_too():
    assert wording({}) == "another form"
    assert wording({"enum": ["a", "b"]}) == "one of 'a', 'b'"
