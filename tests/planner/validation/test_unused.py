"""Tests of what is there and not used."""

import pytest

from planner.validation import codes
from tools.catalog import Catalog

S16 = {"unused-input", "unused-value", "whole-value"}


@pytest.fixture
def catalog():
    known = codes.catalog()
    return Catalog(known.operations, known.services)


def found(check, steps, head=""):
    return [(p.code, p.path) for p in check(steps, head=head, remarks=True) if p.code in S16]


INPUT = "input: {type: object, properties: {a: {type: string}, b: {type: string}}}\n"


def test_an_input_that_nothing_reads_is_told(check):
    assert found(check, 's: {set: {x: "${input.a}"}}', INPUT) == [("unused-input", "/input/properties/b")]


@pytest.mark.parametrize(
    ("steps", "head"),
    [
        ('s: {set: {x: "${input.a}", y: "${input.b}"}}', INPUT),
        ('s: {set: {x: "${input}"}}', INPUT),
        ('s: {set: {x: "${input.a}"}}', INPUT + "invariants: {never: [\"input.b == 'x'\"]}"),
        ('s: {set: {x: "${input.a}"}}', INPUT + "output: {b: \"${has(input.b) ? input.b : ''}\"}"),
        ("s: {wait: PT1S}", "input: {type: object}"),
    ],
)
def test_an_input_that_is_read_anywhere_is_right(check, steps, head):
    assert found(check, steps, head) == []


def test_a_value_of_a_set_is_told_where_others_of_it_are_read(check):
    steps = "s: {set: {x: 1, y: {z: 2}, w: 3}}\n"

    assert found(check, steps, 'output: "${s.y.z + s.x}"') == [("unused-value", "/steps/s/set/w")]
    assert found(check, steps, 'output: "${s}"') == []
    assert found(check, steps, 'output: "${s.y.z + s.x}"\ninvariants: {never: ["state.s.w == 1"]}') == []
    assert found(check, steps) == []


def test_a_whole_answer_that_two_arguments_take_is_told_once(check):
    steps = "a: {call: orders.get, with: {order_id: o-1}}\n"
    steps += 'b: {call: orders.merge, with: {one: "${a}", other: "${a}"}}'

    assert found(check, steps) == [("whole-value", "/steps/b/with/other")]
    assert found(check, steps.replace('other: "${a}"', 'other: "${a.id}"')) == []
