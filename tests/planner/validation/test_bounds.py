import pytest
import yaml

from planner.definition import Workflow
from planner.validation import bounds
from tools.catalog import Catalog

NOTHING = Catalog({}, {})


def most(text, **workflows):
    flow = Workflow.model_validate(yaml.safe_load(f"workflow: w\n{text}"))
    known = {name: Workflow.model_validate(yaml.safe_load(body)) for name, body in workflows.items()}
    found = bounds.bounds(flow, NOTHING, known)
    return {item.sequence.full(item.name): item.most for item in found}


def test_a_step_in_a_straight_line_is_come_to_once():
    assert most("steps: {a: {call: x.y}, b: {call: x.y}}") == {"a": 1, "b": 1}


def test_in_a_cycle_a_step_is_come_to_once_more_than_the_steps_that_bound_it():
    text = """
steps:
  a: {call: x.y}
  b: {call: x.y, max_visits: 3}
  again: {decide: Once more, options: {go: {then: a}, stop: {then: end}}, otherwise: stop}
"""
    assert most(text) == {"a": 4, "b": 3, "again": 4}


def test_a_foreach_counts_its_longest_list():
    text = """
input: {type: object, properties: {lines: {type: array, maxItems: 20}, open: {type: array}}}
steps:
  each: {foreach: "${input.lines}", steps: {hold: {call: x.y}}}
  all: {foreach: "${input.open}", steps: {hold: {call: x.y}}}
"""
    assert most(text) == {"each": 1, "each.hold": 20, "all": 1, "all.hold": None}


def test_what_another_workflow_does_counts_as_often_as_it_is_run():
    text = "input: {type: object, properties: {n: {type: array, maxItems: 5}}}\n"
    text += 'steps: {each: {foreach: "${input.n}", steps: {tell: {run: other}}}}'
    found = most(text, other="workflow: other\nsteps: {send: {call: x.y}}")
    assert found == {"each": 1, "each.tell": 5, "send": 5}


@pytest.mark.parametrize(
    ("one", "other", "product"), [(2, 3, 6), (None, 3, None), (None, 0, 0), (0, None, 0)]
)
def test_nothing_times_anything_is_nothing_and_no_bound_stays_none(one, other, product):
    assert bounds.times(one, other) == product


def test_branches_side_by_side_count_each_once():
    assert most("steps: {p: {parallel: {a: {x: {call: x.y}}, b: {x: {call: x.y}}}}}") == {
        "p": 1,
        "p.a.x": 1,
        "p.b.x": 1,
    }
