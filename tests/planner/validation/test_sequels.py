"""Tests of what may begin after a step, and of what may fail."""

import pytest
import yaml

from planner.definition import Workflow
from planner.validation import sequels
from planner.validation.sequences import sequences

FLOW = """
workflow: t
steps:
  a: {set: {x: 1}}
  b: {switch: [{when: "${a.x > 1}", then: d}]}
  c:
    parallel:
      left: {l: {wait: PT1S}, m: {wait: PT1S}}
      right: {r: {wait: PT1S}}
  d: {foreach: "${[1]}", steps: {i: {wait: PT1S}, j: {wait: PT1S}}}
  e: {wait: PT1S, then: end}
  f: {wait: PT1S}
"""


def after(path):
    everything = sequences(Workflow.model_validate(yaml.safe_load(FLOW)))
    sequence, name = next(
        (each, name) for each in everything for name in each.steps if each.full(name) == path
    )
    return {each.full(name) for each, name in sequels.sequels(sequence, name)}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("e", set()),
        ("b", {"c", "c.left.l", "c.left.m", "c.right.r", "d", "d.i", "d.j", "e"}),
        ("c.left.m", {"c.right.r", "d", "d.i", "d.j", "e"}),
        ("d.j", {"d.i", "d.j", "e"}),
    ],
)
def test_what_may_begin_after_a_step_counts_branches_beside_it_and_other_items(path, found):
    assert after(path) == found


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ({"call": "a.b"}, True),
        ({"call": "a.b", "optional": True}, False),
        ({"call": "a.b", "optional": True, "recover": {"allow": ["fail"], "otherwise": "fail"}}, True),
        ({"receive": "t"}, False),
        ({"receive": "t", "within": "PT1S"}, True),
        ({"receive": "t", "within": "PT1S", "otherwise": "end"}, False),
        ({"fail": "no"}, True),
        ({"set": {"x": 1}}, False),
        ({"run": "quiet"}, False),
        ({"run": "outer"}, True),
        ({"run": "nowhere"}, True),
    ],
)
def test_a_step_may_fail_where_it_can_be_refused_and_not_be_skipped(step, answer):
    known = {
        name: Workflow.model_validate({"workflow": name, "steps": {"s": told}})
        for name, told in {
            "quiet": {"wait": "PT1S"},
            "outer": {"run": "loud"},
            "loud": {"fail": "no"},
        }.items()
    }
    workflow = Workflow.model_validate({"workflow": "t", "steps": {"s": step}})

    assert sequels.may_fail(sequences(workflow)[0], "s", known) is answer
