"""A workflow is cut where the flow branches or joins, and nowhere else."""

import yaml

from graphs import blocks
from planner.definition import Workflow


def cut(steps):
    workflow = Workflow.model_validate({"workflow": "test", "steps": yaml.safe_load(steps)})
    sequence = blocks.sequence(workflow.steps)
    return {
        name: ([node.name for node in block.nodes], set(block.targets))
        for name, block in sequence.blocks.items()
    }


def test_a_straight_line_is_one_block():
    assert cut("a: {set: {}}\nb: {set: {}}\nc: {set: {}}") == {"a": (["a", "b", "c"], {"end"})}


def test_a_jump_target_begins_a_block():
    assert cut("a: {set: {}, then: c}\nb: {set: {}}\nc: {set: {}}") == {
        "a": (["a"], {"c"}),
        "b": (["b"], {"c"}),
        "c": (["c"], {"end"}),
    }


def test_a_decision_ends_a_block():
    steps = """
    a: {set: {}}
    pick: {decide: Which one, options: {x: {then: c}, y: {}}, otherwise: y}
    b: {set: {}, then: end}
    c: {set: {}}
    """
    assert cut(steps) == {
        "a": (["a", "pick"], {"b", "c"}),
        "b": (["b"], {"end"}),
        "c": (["c"], {"end"}),
    }


def test_a_jump_back_cuts_at_its_target():
    steps = (
        "a: {set: {}}\nb: {set: {}, max_visits: 2}\nc: {switch: [{when: 'true', then: b}], otherwise: end}"
    )
    assert cut(steps) == {"a": (["a"], {"b"}), "b": (["b", "c"], {"b", "end"})}


def test_a_condition_with_a_jump_has_one_way_out():
    assert cut("a: {set: {}, if: 'true', then: end}\nb: {set: {}}") == {
        "a": (["a"], {"end"}),
        "b": (["b"], {"end"}),
    }


def test_a_fail_step_leads_to_the_end_alone():
    assert cut("a: {fail: stop}\nb: {set: {}}")["a"] == (["a"], {"end"})


def test_nested_steps_are_sequences_of_their_own():
    workflow = Workflow.model_validate(
        {"workflow": "t", "steps": {"p": {"parallel": {"l": {"x": {"set": {}}}, "r": {"y": {"set": {}}}}}}}
    )

    node = blocks.sequence(workflow.steps).nodes["p"]

    assert {branch: list(child.nodes) for branch, child in node.children.items()} == {"l": ["x"], "r": ["y"]}
