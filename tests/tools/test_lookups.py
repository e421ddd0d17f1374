"""Fields inside schemas."""

import pytest

from tools.schemas import at, together, valid

TEXT = {"type": "string"}
ORDER = {
    "$ref": "#/$defs/Order",
    "$defs": {
        "Order": {
            "type": "object",
            "properties": {
                "id": TEXT,
                "customer": {"$ref": "#/$defs/Customer"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                "parent": {"$ref": "#/$defs/Order"},
            },
        },
        "Customer": {"type": "object", "properties": {"name": TEXT}, "additionalProperties": False},
        "Line": {"type": "object"},
    },
}


def test_a_path_of_fields_is_found_through_references():
    found = at(ORDER, ["parent", "parent", "customer", "name"])
    assert (found.state, found.schema) == ("found", TEXT)


def test_what_is_found_can_stand_alone():
    found = at(ORDER, ["parent"])
    assert valid(found.schema, {"customer": {"name": "a"}})
    assert not valid(found.schema, {"customer": {"nam": "a"}})


def test_no_fields_at_all_give_the_schema_itself():
    assert at(ORDER, []).schema == ORDER


def test_a_closed_object_does_not_have_other_fields():
    found = at(ORDER, ["customer", "nme"])
    assert found == (None, "absent", ("name",))


def test_an_object_that_is_not_closed_is_open_unless_taken_strictly():
    assert at(ORDER, ["total"]).state == "open"
    found = at(ORDER, ["total"], strict=True)
    assert found.state == "absent"
    assert "lines" in found.known


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"additionalProperties": True}])
def test_a_schema_that_names_no_fields_is_open_even_when_taken_strictly(schema):
    assert at(schema, ["x"], strict=True).state == "open"


def test_explicitly_open_objects_are_open_even_when_taken_strictly():
    schema = {"properties": {"a": TEXT}, "additionalProperties": True}
    assert at(schema, ["b"], strict=True).state == "open"


def test_a_map_has_every_field():
    schema = {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer"}}
    assert at(schema, ["anything"]).schema == {"type": "integer"}


def test_fields_by_pattern_are_found():
    schema = {"patternProperties": {"^x-": TEXT}, "additionalProperties": False}
    assert at(schema, ["x-a"]).schema == TEXT
    assert at(schema, ["y"]).state == "absent"
    assert at({"patternProperties": {"(": TEXT}}, ["a"]).state == "found"


def test_a_text_or_a_list_has_no_fields():
    assert at(ORDER, ["id", "length"]).state == "absent"
    assert at(ORDER, ["lines", "sku"]).state == "absent"


def test_a_field_of_a_nullable_object_is_found():
    schema = {"anyOf": [{"type": "object", "properties": {"a": TEXT}}, {"type": "null"}]}
    assert at(schema, ["a"]).schema == TEXT
    assert at({"type": ["object", "null"], "properties": {"a": TEXT}}, ["a"]).state == "found"


def test_alternatives_join_their_fields():
    one = {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}
    other = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    assert at({"oneOf": [one, other]}, ["a"]).schema == {"anyOf": [TEXT, {"type": "integer"}]}
    assert at({"oneOf": [one, {}]}, ["a"]).schema == {"anyOf": [TEXT, True]}
    assert at({"oneOf": [one, {}]}, ["b"]).state == "open"
    assert at({"oneOf": [one, other]}, ["b"]) == (None, "absent", ("a",))


def test_all_of_joins_the_fields_of_its_members():
    schema = {"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": {"$ref": "#/$defs/B"}}}]}
    schema["$defs"] = {"B": {"type": "object", "properties": {"c": TEXT}}}
    assert at(schema, ["b", "c"], strict=True).state == "found"
    assert at(schema, ["d"], strict=True) == (None, "absent", ("a", "b"))
    both = {"allOf": [{"properties": {"a": TEXT}}, {"properties": {"a": {"minLength": 1}}}]}
    assert at(both, ["a"]).schema == {"allOf": [TEXT, {"minLength": 1}]}


def test_conditions_leave_it_open():
    schema = {"properties": {"a": TEXT}, "if": {}, "then": {"properties": {"b": TEXT}}}
    assert at(schema, ["b"], strict=True).state == "open"


def test_unevaluated_false_closes_an_object():
    schema = {"allOf": [{"properties": {"a": TEXT}}], "unevaluatedProperties": False}
    assert at(schema, ["b"]).state == "absent"


def test_references_to_nothing_or_in_a_circle_are_open():
    assert at({"$ref": "#/$defs/no"}, ["a"]).state == "open"
    assert at({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, ["a"]).state == "open"


def test_false_has_no_fields_and_gives_a_schema_that_fits_nothing():
    assert at({"properties": {"a": False}}, ["a", "b"]).state == "absent"
    assert not valid(at({"properties": {"a": False}}, ["a"]).schema, 1)


def test_a_schema_that_refers_to_its_own_root_is_still_able_to_stand_alone():
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}, "v": TEXT}, "additionalProperties": False}
    found = at({**tree, "properties": {**tree["properties"], "list": {"items": {"$ref": "#"}}}}, ["list"])
    assert valid(found.schema, [{"v": "a", "next": {}}])
    assert not valid(found.schema, [{"w": "a"}])


def test_schemas_that_stand_alone_stand_together_as_the_properties_of_one_object():
    order = {"$ref": "#/$defs/Order", "$defs": {"Order": {"type": "object", "required": ["id"]}}}
    other = {"$ref": "#/$defs/Order", "$defs": {"Order": {"type": "string"}}}
    schema = together({"a": order, "b": other, "c": {"type": "integer"}})
    assert valid(schema, {"a": {"id": 1}, "b": "x", "c": 3})
    assert not valid(schema, {"a": {}, "b": "x", "c": 3})
    assert not valid(schema, {"a": {"id": 1}, "b": 1, "c": 3})
    assert not valid(schema, {"a": {"id": 1}, "b": "x"})
