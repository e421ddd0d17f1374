"""What is wrong with a value, said to a person: what was found, where, what would be right."""

import pytest

from tools import schemas


def only(schema, value):
    found = schemas.problems(schema, value)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def an_object(properties, *required, closed=True):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": not closed,
    }


def test_a_missing_field_is_named_with_the_type_it_needs():
    found = only(an_object({"amount": {"type": "integer"}}, "amount"), {})
    assert (found.code, found.path) == ("missing-field", "/amount")
    assert "'amount'" in found.message
    assert "a whole number" in found.remedy


def test_an_unknown_field_gets_the_closest_name():
    found = only(an_object({"amount": {}, "currency": {}}), {"curency": 1})
    assert (found.code, found.path) == ("unknown-field", "/curency")
    assert found.remedy == "Did you mean 'currency'?"


def test_one_wrong_letter_in_a_needed_field_is_one_problem():
    found = only(an_object({"amount": {}}, "amount"), {"amont": 1})
    assert found.code == "unknown-field"
    assert "'amount'" in found.remedy


def test_every_problem_is_reported_at_once():
    schema = an_object({"a": {"type": "string"}, "b": {"minimum": 3}, "c": {}}, "c")
    codes = {problem.path: problem.code for problem in schemas.problems(schema, {"a": 1, "b": 2})}
    assert codes == {"/a": "wrong-type", "/b": "out-of-range", "/c": "missing-field"}


def test_a_wrong_type_says_what_was_found_and_what_is_right():
    found = only({"type": ["integer", "null"]}, "three")
    assert '"three"' in found.message
    assert found.remedy == "It must be a whole number or null."


def test_a_duration_of_the_wrong_type_is_explained():
    found = only({"type": "string", "format": "duration"}, 2)
    assert "ISO 8601" in found.remedy


def test_a_value_outside_an_enumeration_gets_the_nearest_one():
    found = only({"enum": ["standard", "express"]}, "expres")
    assert found.remedy == "Did you mean 'express'?"
    assert '"standard" or "express"' in only({"enum": ["standard", "express"]}, 4).remedy


@pytest.mark.parametrize(
    ("schema", "value", "code", "remedy"),
    [
        ({"const": 3}, 4, "not-allowed", "3"),
        ({"maximum": 3}, 4, "out-of-range", "at most 3"),
        ({"exclusiveMinimum": 4}, 4, "out-of-range", "more than 4"),
        ({"multipleOf": 2}, 3, "out-of-range", "multiple of 2"),
        ({"minLength": 3}, "é", "wrong-size", "at least 3 characters"),
        ({"maxItems": 1}, [1, 2], "wrong-size", "at most 1 items"),
        ({"minProperties": 1}, {}, "wrong-size", "at least 1 fields"),
        ({"pattern": "^a+$"}, "b", "wrong-pattern", "^a+$"),
        ({"uniqueItems": True}, [1, 1], "repeated", "repetition"),
        ({"properties": {"a": False}}, {"a": 1}, "not-allowed", "Remove"),
        ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, "wrong-name", "Rename"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "missing-field", "'b'"),
    ],
)
def test_each_kind_of_limit_has_its_words(schema, value, code, remedy):
    found = only(schema, value)
    assert found.code == code
    assert remedy in found.remedy


@pytest.mark.parametrize("schema", [{"not": {"type": "string"}}, {"oneOf": [{}, {}]}])
def test_what_has_no_words_of_its_own_is_still_a_problem(schema):
    assert only(schema, "a").code == "no-match"


def test_a_nullable_value_of_a_wrong_type_names_all_types():
    found = only({"anyOf": [{"type": "number"}, {"type": "null"}]}, "x")
    assert found.remedy == "It must be a number or null."


def test_the_form_that_was_meant_is_the_one_that_is_explained():
    card = an_object({"kind": {"const": "card"}, "number": {"type": "string"}}, "kind", "number")
    cash = an_object({"kind": {"const": "cash"}}, "kind")
    found = only({"oneOf": [card, cash, {"type": "null"}]}, {"kind": "card", "number": 4})
    assert (found.path, found.code) == ("/number", "wrong-type")


def test_alternatives_that_are_equally_far_away_are_one_problem():
    schema = {"anyOf": [an_object({"a": {}}, "a", closed=False), an_object({"b": {}}, "b", closed=False)]}
    found = only(schema, {})
    assert found.code == "no-match"
    assert "2 forms" in found.message


def test_alternatives_of_fixed_values_are_one_problem():
    assert only({"anyOf": [{"const": 1}, {"const": 2}]}, 3).code in {"not-allowed", "no-match"}


def test_an_unevaluated_field_is_unknown_unless_it_has_its_own_problem():
    schema = {"allOf": [{"properties": {"q": {"minimum": 3}}}], "unevaluatedProperties": False}
    assert {problem.path: problem.code for problem in schemas.problems(schema, {"q": 1, "k": 1})} == {
        "/q": "out-of-range",
        "/k": "unknown-field",
    }


def test_secrets_in_long_values_are_cut_out_of_messages():
    found = only({"type": "integer"}, "x" * 400)
    assert len(found.message) < 100
