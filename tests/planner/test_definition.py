"""Tests of the definition of workflows."""

import pytest
from pydantic import ValidationError

from planner.definition import Call, Foreach, Parallel, Set, Wait, Workflow, canonical, kind_of, walk


def workflow(**changes):
    return Workflow.model_validate({"workflow": "t", "steps": {"a": {"set": {"x": 1}}}, **changes})


def test_equal_content_has_an_equal_hash_whatever_the_order_of_keys():
    one = workflow(steps={"a": {"set": {"x": 1, "y": 2}}})
    other = workflow(steps={"a": {"set": {"y": 2, "x": 1}}})

    assert one.sha256 == other.sha256


def test_written_defaults_do_not_change_the_hash():
    assert workflow().sha256 == workflow(on_failure="undo", version="0.1.0").sha256


def test_any_change_of_content_changes_the_hash():
    assert (
        len({workflow().sha256, workflow(goal="x").sha256, workflow(steps={"b": {"set": {"x": 1}}}).sha256})
        == 3
    )


def test_the_order_of_steps_is_content():
    two = {"a": {"set": {}}, "b": {"set": {}}}

    assert workflow(steps=two).sha256 != workflow(steps=dict(reversed(two.items()))).sha256


def test_canonical_json_has_sorted_keys_and_no_blanks():
    assert canonical({"b": [1, "ü"], "a": None}) == '{"a":null,"b":[1,"ü"]}'.encode()


def test_every_step_is_walked_in_the_order_of_the_file():
    whole = Workflow(
        workflow="t",
        steps={
            "p": Parallel(parallel={"l": {"a": Set(set={})}, "r": {"b": Set(set={})}}),
            "f": Foreach(foreach="[1]", steps={"c": Set(set={})}),
        },
    )

    assert [(place.pointer, place.path) for place in walk(whole)] == [
        ("/steps/p", "p"),
        ("/steps/p/parallel/l/a", "p.l.a"),
        ("/steps/p/parallel/r/b", "p.r.b"),
        ("/steps/f", "f"),
        ("/steps/f/steps/c", "f.c"),
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"call": "x"}, "call"),
        ({"call": "x", "set": {}}, None),
        ({}, None),
        (3, None),
        (Call(call="x"), "call"),
    ],
)
def test_the_kind_of_a_step_is_its_one_word(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("given", "kept"), [(30, "PT30S"), (0.5, "PT0.5S"), ("PT5S", "PT5S"), ("${x}", "${x}")]
)
def test_a_wait_in_seconds_is_kept_as_a_duration(given, kept):
    assert Wait.model_validate({"wait": given}).wait == kept


@pytest.mark.parametrize("given", [True, -5, None, [1]])
def test_a_wait_that_is_neither_is_refused(given):
    with pytest.raises(ValidationError):
        Wait.model_validate({"wait": given})


def test_a_definition_cannot_be_changed():
    with pytest.raises(ValidationError):
        workflow().goal = "other"


def test_unknown_fields_are_refused():
    with pytest.raises(ValidationError):
        workflow(gaol="x")


def test_the_order_of_options_is_content():
    options = {"x": {"when": "true"}, "y": {"when": "true"}}
    one = {"a": {"decide": "q", "by": "rule", "options": options}}
    other = {"a": {"decide": "q", "by": "rule", "options": dict(reversed(options.items()))}}

    assert workflow(steps=one).sha256 != workflow(steps=other).sha256
