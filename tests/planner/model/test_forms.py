from planner.model import forms

SCHEMA = {
    "type": "object",
    "required": ["order_id"],
    "properties": {
        "order_id": {"type": "string", "pattern": "^o-", "description": "Its number."},
        "kind": {"enum": ["late", "lost"]},
        "address": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "zip": {"type": "string"}},
        },
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {"line": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}},
}


def test_every_property_is_asked_for_and_may_be_null():
    form = forms.form(SCHEMA)
    assert form.strict
    assert form.schema["required"] == ["order_id", "kind", "address", "lines"]
    assert form.schema["additionalProperties"] is False
    assert form.schema["properties"]["order_id"] == {"type": ["string", "null"], "description": "Its number."}
    assert form.schema["properties"]["kind"] == {"anyOf": [{"enum": ["late", "lost"]}, {"type": "null"}]}


def test_objects_within_are_closed_and_keep_what_they_require():
    address = forms.form(SCHEMA).schema["properties"]["address"]
    assert address["type"] == ["object", "null"]
    assert address["required"] == ["city", "zip"]
    assert address["additionalProperties"] is False
    assert address["properties"] == {"city": {"type": "string"}, "zip": {"type": ["string", "null"]}}


def test_shared_definitions_come_along_in_strict_form():
    line = forms.form(SCHEMA).schema["$defs"]["line"]
    assert line["additionalProperties"] is False


def test_what_strict_output_cannot_say_is_asked_for_loosely():
    for odd in ({"type": "object"}, {}, {"allOf": [{"type": "string"}]}, True, {"type": ["object", "null"]}):
        form = forms.form({"type": "object", "required": ["a"], "properties": {"a": odd}})
        assert not form.strict
        assert form.schema["required"] == []
        assert form.schema["properties"] == {"a": odd}


def test_one_of_becomes_any_of():
    schema = {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "number"}]}}}
    written = forms.form(schema).schema["properties"]["a"]
    assert written == {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "number"}]}, {"type": "null"}]}


def test_nulls_that_mean_not_told_are_taken_away():
    value = {"order_id": "o-1", "kind": None, "address": {"city": None, "zip": None}, "x": 1}
    assert forms.told(SCHEMA, value) == {"order_id": "o-1", "address": {"city": None}}


def test_nulls_within_lists_of_objects_are_taken_away_too():
    schema = {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": {"type": "object", "properties": {"a": {}, "b": {}}}}
        },
    }
    assert forms.told(schema, {"rows": [{"a": 1, "b": None}, None]}) == {"rows": [{"a": 1}, None]}


def test_fields_can_be_left_out_of_a_schema():
    rest = forms.without(SCHEMA, {"order_id": "o-1"})
    assert list(rest["properties"]) == ["kind", "address", "lines"]
    assert rest["required"] == []
    assert forms.fields({"type": "object"}) == {}
