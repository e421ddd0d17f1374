"""Tests of what has surely run: the must-reach data-flow."""

import pytest

from planner import documents
from planner.validation.runs import Certainty, avoiding
from planner.validation.sequences import sequences


def sequence_of(steps):
    workflow = documents.read(f"{{workflow: t, steps: {steps}}}").workflow
    return sequences(workflow)


STRAIGHT = "{a: {set: {}}, b: {set: {}}, c: {set: {}}}"
BRANCHING = """{a: {decide: q, options: {x: {then: b}, y: {then: c}}, otherwise: y},
                b: {set: {}, then: d}, c: {set: {}}, d: {set: {}}}"""


def test_steps_before_have_run_on_a_straight_line():
    (outer,) = sequence_of(STRAIGHT)

    assert Certainty().before(outer, "c") == {"a", "b"}
    assert Certainty().before(outer, "end") == {"a", "b", "c"}


def test_only_what_all_ways_hold_has_surely_run():
    (outer,) = sequence_of(BRANCHING)

    assert Certainty().before(outer, "d") == {"a"}


@pytest.mark.parametrize("step", ["{set: {}, if: 'run.id == \"x\"'}", "{call: a.b, optional: true}"])
def test_a_step_that_may_be_skipped_has_not_surely_run(step):
    (outer,) = sequence_of(f"{{a: {step}, b: {{set: {{}}}}}}")

    assert Certainty().before(outer, "b") == set()


def test_a_step_that_is_never_come_to_has_no_state():
    (outer,) = sequence_of("{a: {set: {}, then: end}, b: {set: {}}}")

    assert Certainty().before(outer, "b") is None


def test_steps_of_branches_have_run_once_the_parallel_has_ended():
    outer, *_ = sequence_of(
        "{p: {parallel: {x: {m: {set: {}}}, y: {n: {set: {}, if: 'true'}}}}, z: {set: {}}}"
    )

    assert Certainty().before(outer, "z") == {"p", "p.x.m"}


def test_a_nested_step_knows_what_ran_around_it():
    _, inner = sequence_of("{a: {set: {}}, f: {foreach: '[1]', steps: {m: {set: {}}, n: {set: {}}}}}")

    assert Certainty().before(inner, "n") == {"a", "f.m"}


def test_a_loop_keeps_what_ran_before_its_first_round():
    (outer,) = sequence_of(
        "{a: {set: {}}, b: {set: {}, max_visits: 3}, c: {switch: [{when: 'true', then: b}], otherwise: end}}"
    )

    assert Certainty().before(outer, "b") == {"a"}


def test_a_way_around_a_step_is_named():
    (outer,) = sequence_of(BRANCHING)

    assert avoiding(outer, "b", "d") == ["a", "c", "d"]


def test_a_skipped_step_is_named_as_skipped():
    (outer,) = sequence_of("{a: {set: {}, if: 'true'}, b: {set: {}}}")

    assert avoiding(outer, "a", "b") == ["a (skipped)", "b"]
