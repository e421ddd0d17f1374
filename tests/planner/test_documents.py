"""Tests of reading, writing and publishing workflow documents."""

import json
import re
import string
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import documents
from planner.definition import Call, Decide, Option, Workflow

SMALL = """\
workflow: small
goal: Look.
steps:
  look:
    call: orders.getOrder
    with: {order_id: "7"}
"""
EVERY_KIND = """\
workflow: kinds
version: 2.0.1-rc.1
input: {type: object, properties: {a: {type: string}}}
budget: {duration: PT1H}
on_failure: keep
steps:
  a: {call: x.y, with: {n: 1, on: "yes"}, retry: {attempts: 2, initial: PT0.2S}, timeout: PT3S, undo: keep}
  b: {decide: q, options: {x: {means: "no", then: c}, y: {confirm: person}}, otherwise: y, within: P2D}
  c: {switch: [{when: "${input.a == 'x'}", then: d}], otherwise: e}
  d: {set: {text: "1e3", more: "0x1F", empty: "", lines: "a\\nb", nothing: null, list: [1, 2.5, true]}}
  e: {parallel: {left: {l: {wait: 5}}, right: {r: {run: other, version: 1.0.0}}}}
  f: {foreach: "${[1, 2]}", concurrency: 2, steps: {g: {set: {x: "${item}"}}}}
  g: {fail: "no", if: "false"}
output: "${d.text}"
"""


def test_yaml_is_read_with_its_places():
    parsed = documents.read(SMALL, file="small.yaml")

    assert parsed.problems == ()
    assert parsed.workflow.workflow == "small"
    assert parsed.document.position("/steps/look/call") == (5, 5)


def test_json_is_the_same_thing():
    data = {
        "workflow": "small",
        "goal": "Look.",
        "steps": {"look": {"call": "orders.getOrder", "with": {"order_id": "7"}}},
    }

    assert documents.read(json.dumps(data)).workflow == documents.read(SMALL).workflow


def test_python_is_the_same_thing():
    built = Workflow(
        workflow="small", goal="Look.", steps={"look": Call(call="orders.getOrder", with_={"order_id": "7"})}
    )

    assert built == documents.read(SMALL).workflow
    assert built.sha256 == documents.read(SMALL).workflow.sha256


@pytest.mark.parametrize("text", ["workflow: [", "a: 1\na: 2", "a: &x [*x]", "\tworkflow: x", "{"])
def test_a_text_that_cannot_be_read_is_a_problem_with_its_place(text):
    parsed = documents.read(text, file="bad.yaml")

    assert parsed.workflow is None
    assert all(problem.file == "bad.yaml" and problem.line for problem in parsed.problems)
    assert parsed.problems


@pytest.mark.parametrize("text", ["", "- a\n- b", "7", "hello"])
def test_a_text_that_is_no_mapping_is_a_problem(text):
    (problem,) = documents.read(text).problems

    assert (problem.code, problem.path) == ("not-a-mapping", "")


def test_a_wrong_form_is_a_problem_with_its_place():
    (problem,) = documents.read(SMALL.replace("with:", "wiht:"), file="small.yaml").problems

    assert str(problem).startswith("small.yaml:6:")
    assert problem.path == "/steps/look/wiht"


def test_check_places_what_validation_finds(tmp_path):
    text = SMALL.replace('"7"', '"${inpt.id}"')
    (problem,) = documents.check(text, file="small.yaml").problems

    assert (problem.code, problem.line) == ("unknown-name", 6)


def test_a_problem_of_something_that_is_not_there_is_placed_at_what_holds_it():
    (problem,) = documents.check(
        "workflow: t\nsteps:\n  d: {decide: q, options: {x: {}, y: {then: end}}}\n"
    ).problems[:1]

    assert (problem.code, problem.line) == ("missing-otherwise", 3)


def test_what_is_written_reads_back_equal():
    workflow = documents.read(EVERY_KIND).workflow

    assert documents.read(documents.dump(workflow)).workflow == workflow


def test_defaults_are_not_written():
    assert "retry" not in documents.dump(documents.read(SMALL).workflow)


TEXTS = st.one_of(
    st.text(max_size=30).filter(lambda text: text.isprintable() or "\n" in text),
    st.sampled_from(
        [
            "yes",
            "no",
            "on",
            "null",
            "~",
            "1e3",
            "0o17",
            "0x1F",
            "1_000",
            "2024-01-01",
            "1:30",
            ".inf",
            "=",
            "<<",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(
        TEXTS,
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.none(),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_any_json_value_survives_being_written(value):
    workflow = Workflow(workflow="t", steps={"a": Call(call="x.y", with_={"value": value})})

    assert documents.read(documents.dump(workflow)).workflow == workflow


@pytest.fixture(scope="module")
def published():
    return jsonschema_rs.Draft202012Validator(documents.schema())


def test_the_published_schema_is_a_2020_12_schema_with_a_title():
    schema = documents.schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "Workflow"
    assert schema["$defs"]["Call"]["title"] == "call step"


def test_the_published_schema_takes_every_kind_of_step(published):
    assert list(published.iter_errors(documents.read(EVERY_KIND).document.data)) == []


@pytest.mark.parametrize(
    "step",
    [
        {"call": "a.b", "set": {}},
        {"with": {}},
        {"call": "a.b", "wiht": {}},
        {"parallel": {"b": {"c": {"cal": "x"}}}},
        {"decide": "q", "options": {"Not A Name": {}}},
        [],
    ],
)
def test_the_published_schema_refuses_what_is_no_step(published, step):
    assert not published.is_valid({"workflow": "t", "steps": {"a": step}})


def test_the_published_schema_refuses_names_that_are_none(published):
    assert not published.is_valid({"workflow": "t", "steps": {"Not A Name": {"set": {}}}})


def test_every_field_of_the_published_schema_that_has_words_shows_them():
    assert documents.schema()["$defs"]["Call"]["properties"]["optional"]["description"]


def test_decisions_built_in_python_are_written_as_yaml():
    step = Decide(decide="Which?", options={"x": Option(then="end"), "y": Option()}, otherwise="y")
    text = documents.dump(Workflow(workflow="t", steps={"d": step}))

    assert 'otherwise: "y"' in text


ROOT = Path(__file__).resolve().parents[2]


def test_every_example_of_the_guide_has_the_form_of_a_step():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "workflows.md").read_text(), re.DOTALL)
    steps = [block for block in blocks if re.match(r"  \w+:", block)]

    assert len(steps) >= 11
    for block in steps:
        assert documents.read(f"workflow: guide\nsteps:\n{block}").problems == ()
    assert documents.check(next(block for block in blocks if block.startswith("workflow:"))).problems == ()
