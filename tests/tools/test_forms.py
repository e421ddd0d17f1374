"""Schemas taken apart."""

from tools.forms import Form, forms


def test_each_type_is_a_form():
    assert forms({"type": ["string", "null"], "maxLength": 3}, {}) == [
        Form("string", {"maxLength": 3}),
        Form("null", {"maxLength": 3}),
    ]


def test_notes_are_no_limits():
    assert forms({"type": "string", "title": "T", "format": "uuid", "x-a": 1}, {}) == [Form("string", {})]


def test_types_are_implied_by_values_and_structure():
    assert [form.type for form in forms({"enum": ["a", 1, None]}, {})] == ["integer", "null", "string"]
    assert forms({"const": True}, {}) == [Form("boolean", {"enum": [True]})]
    assert forms({"properties": {}}, {})[0].type == "object"
    assert forms({"items": {}}, {})[0].type == "array"


def test_what_must_hold_together_is_joined():
    found = forms({"allOf": [{"type": "number"}, {"type": "integer", "minimum": 1}]}, {})
    assert found == [Form("integer", {"minimum": 1})]
    assert forms({"allOf": [{"type": "string"}, {"type": "integer"}]}, {}) == []


def test_keywords_that_stand_twice_are_joined_or_kept_apart():
    left = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "minProperties": 1}
    right = {"type": "object", "properties": {"a": {"minLength": 1}}, "required": ["b"], "minProperties": 2}
    (found,) = forms({"allOf": [left, right]}, {})
    assert found.keywords["required"] == ["a", "b"]
    assert found.keywords["properties"] == {"a": {"allOf": [{"type": "string"}, {"minLength": 1}]}}
    assert found.keywords["also minProperties"] == 1


def test_allowed_values_and_items_are_joined():
    (found,) = forms({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {})
    assert found.keywords["enum"] == ["b"]
    (found,) = forms({"allOf": [{"type": "array", "items": {}}, {"type": "array", "items": True}]}, {})
    assert found.keywords["items"] == {"allOf": [{}, True]}


def test_too_many_forms_are_not_told_apart():
    many = {"anyOf": [{"type": "string", "maxLength": number} for number in range(9)]}
    assert forms({"allOf": [many, many, many]}, {}) is None


def test_an_endless_schema_is_not_told_apart():
    root = {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}}
    assert forms({"$ref": "#/$defs/A"}, root) is None
