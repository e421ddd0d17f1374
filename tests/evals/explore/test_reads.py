"""Reads: of values, only what some expression reads is told apart."""

import math

import pytest

from evals.explore import reads
from evals.explore.reads import Reads
from graphs import blocks
from graphs.context import Frame

THING = {"id": "x", "total": 3, "lines": [{"sku": "mug"}]}


def frame(program, own, prefix="", parent=None, body=None):
    return Frame(body or program.body, prefix, own, parent)


def program(explorer, text):
    return blocks.program(explorer.workflow(text))


def test_fields_that_nobody_reads_are_left_out(explorer):
    made = program(
        explorer,
        """
        steps:
          look: {call: shop.look, with: {}}
          mark: {call: shop.mark, with: {id: "${look.id}"}, if: "${look.total > 2}"}
        """,
    )

    assert Reads([made]).left(frame(made, {"look": THING, "mark": THING})) == {
        "look": {"id": "x", "total": 3},
        "mark": {},
    }


def test_a_value_that_is_read_whole_stays_whole(explorer):
    made = program(
        explorer,
        'steps: {look: {call: shop.look, with: {}}, mark: {call: shop.mark, with: {all: "${look}"}}}',
    )

    assert Reads([made]).left(frame(made, {"look": THING})) == {"look": THING}


def test_what_is_read_of_a_branch_by_way_of_its_step_stays(explorer):
    made = program(
        explorer,
        """
        steps:
          both: {parallel: {left: {look: {call: shop.look, with: {}}}}}
          mark: {call: shop.mark, with: {id: "${both.left.look.id}"}}
        """,
    )
    outer = frame(made, {})
    branch = made.body.nodes["both"].children["left"]

    left = Reads([made]).left(frame(made, {"look": THING}, "both.left.", outer, branch))

    assert left == {"look": {"id": "x"}}


@pytest.mark.parametrize(
    ("steps", "most"),
    [
        ("which: {decide: A, options: {a: {}}}", 1),
        ("which: {decide: A, by: person, options: {a: {}}}", 0),
        ("look: {call: shop.look, with: {}, recover: {}}", 2),
        ("look: {call: shop.look, with: {}, recover: {by: rule}}", 0),
        ("which: {decide: A, options: {a: {}}, max_visits: 3}", math.inf),
        ('all: {foreach: "${input.of}", steps: {which: {decide: A, options: {a: {}}}}}', math.inf),
    ],
)
def test_a_model_is_asked_so_often_at_most(explorer, steps, most):
    made = program(explorer, f"steps:\n  {steps}")

    assert reads.questions(made, {"w": made}, recoveries=2) == most
