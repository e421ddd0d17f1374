"""Schemas of services' documents, as JSON Schema 2020-12."""

import pytest

from tools import schemas
from tools.definitions import Definitions
from tools.references import References


def converted(schema, direction="response", *, siblings=False, **components):
    references = References({"s": schema, "components": {"schemas": components}})
    definitions = Definitions(references, direction, siblings=siblings)
    found = definitions.convert(references.root.child("s"))
    return definitions.bundle(found) if isinstance(found, dict) else found, definitions.problems


def plain(schema, direction="response", **options):
    found, problems = converted(schema, direction, **options)
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "x-nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"nullable": True, "allOf": [{}]}, {"anyOf": [{"allOf": [{}]}, {"type": "null"}]}),
        ({"nullable": True}, {}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"type": "integer", "example": 3}, {"type": "integer", "examples": [3]}),
        ({"type": "file"}, {"type": "string", "format": "binary"}),
        ({"type": "int"}, {"type": "integer"}),
        ({"type": "any"}, {}),
        ({"oneOf": [{"type": "integer"}, {}]}, {"anyOf": [{"type": "integer"}, {}]}),
        ({"oneOf": [{}], "anyOf": [True]}, {"oneOf": [{}], "anyOf": [True]}),
        (
            {"type": "array", "items": [{"type": "int"}]},
            {"type": "array", "prefixItems": [{"type": "integer"}]},
        ),
        ({"type": "string", "required": True, "xml": {}, "x-order": 1}, {"type": "string"}),
        ({"type": "string", "x-label": "secret"}, {"type": "string", "x-label": "secret"}),
        ({"type": "string", "pattern": "(?<bad"}, {"type": "string"}),
        ({"examples": {"a": {"value": 1}}}, {}),
        (
            {"type": ["integer", "null"], "exclusiveMinimum": 3},
            {"type": ["integer", "null"], "exclusiveMinimum": 3},
        ),
        ({"$defs": {"a": {}}, "$id": "x", "discriminator": {"propertyName": "k"}}, {}),
    ],
)
def test_words_of_older_versions_are_translated(old, new):
    assert plain(old) == new
    assert schemas.faults(new) == []


def test_named_schemas_come_along_with_all_that_they_need():
    found = plain(
        {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
        Order={"properties": {"lines": {"items": {"$ref": "#/components/schemas/Line"}}}},
        Line={"properties": {"default": {"$ref": "#/components/schemas/Text"}}},
        Text={"type": "string"},
        Unused={},
    )
    assert found["items"] == {"$ref": "#/$defs/Order"}
    assert list(found["$defs"]) == ["Line", "Order", "Text"]


def test_recursive_schemas_work():
    found = plain(
        {"$ref": "#/components/schemas/Node"},
        Node={
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
        },
    )
    assert schemas.valid(found, {"children": [{"children": []}]})
    assert not schemas.valid(found, {"children": [{"children": 3}]})


def test_schemas_with_equal_last_names_are_told_apart():
    references = References(
        {"s": {"anyOf": [{"$ref": "#/a/X"}, {"$ref": "#/b/X"}]}, "a": {"X": {}}, "b": {"X": True}}
    )
    definitions = Definitions(references, "response", siblings=False)
    found = definitions.bundle(definitions.convert(references.root.child("s")))
    assert found["$defs"] == {"X": {}, "X_2": True}


def test_what_stands_beside_a_reference_counts_in_3_1_only():
    schema = {"$ref": "#/components/schemas/A", "description": "Mine."}
    assert "description" not in plain(schema, A={})
    assert plain(schema, siblings=True, A={})["description"] == "Mine."


@pytest.mark.parametrize(("direction", "required"), [("request", ["b", "c"]), ("response", ["a", "c"])])
def test_fields_of_the_other_side_are_not_required(direction, required):
    schema = {
        "required": ["a", "b", "c"],
        "properties": {"a": {"$ref": "#/components/schemas/Id"}, "b": {"writeOnly": True}, "c": {}},
    }
    found = plain(schema, direction, Id={"readOnly": True})
    assert found["required"] == required


def test_bytes_may_be_sent_as_base64():
    found = plain({"type": "string", "format": "binary"}, "request")
    assert schemas.valid(found, {"base64": "aGk=", "content_type": "text/plain"})
    assert schemas.valid(found, "hi")
    assert not schemas.valid(found, {"text": "hi"})


@pytest.mark.parametrize(
    ("name", "meant", "said", "remedy"),
    [
        ("int", {"type": "integer"}, "it is read as 'integer'", "Write 'integer'."),
        ("bool", {"type": "boolean"}, "it is read as 'boolean'", "Write 'boolean'."),
        ("float", {"type": "number"}, "it is read as 'number'", "Write 'number'."),
        ("str", {"type": "string"}, "it is read as 'string'", "Write 'string'."),
        ("strin", {}, "any value is taken", "Did you mean 'string'?"),
    ],
)
def test_a_type_that_no_standard_knows_is_read_with_a_warning(name, meant, said, remedy):
    references = References({"s": {"properties": {"a": {"type": name}}}})
    definitions = Definitions(references, "response", siblings=False)
    assert definitions.convert(references.root.child("s")) == {"properties": {"a": meant}}
    (warning,) = definitions.warnings
    assert (warning.path, warning.code) == ("/s/properties/a/type", "unknown-type")
    assert warning.message == f"There is no type {name!r}; {said}."
    assert warning.remedy == remedy
    assert definitions.problems == []


def test_a_type_that_none_of_the_listed_values_has_gives_way_to_them_with_a_warning():
    schema = {"type": "string", "enum": [0, 1]}
    references = References({"s": schema, "t": {"type": "string", "enum": ["a", 1]}})
    definitions = Definitions(references, "request", siblings=False)
    assert definitions.convert(references.root.child("s")) == {"enum": [0, 1]}
    assert definitions.convert(references.root.child("t")) == {"type": "string", "enum": ["a", 1]}
    (warning,) = definitions.warnings
    assert (warning.path, warning.code) == ("/s/type", "wrong-type")
    assert "enum" in warning.message


def test_a_reference_to_nothing_is_a_problem_and_allows_everything():
    found, (problem,) = converted({"properties": {"a": {"$ref": "#/components/schemas/No"}}})
    assert found == {"properties": {"a": {}}}
    assert problem.path == "/s/properties/a"


def test_a_schema_that_is_no_object_is_a_problem():
    found, (problem,) = converted({"properties": {"a": "string"}})
    assert found == {"properties": {"a": True}}
    assert problem.path == "/s/properties/a"


def test_a_property_may_be_named_like_a_keyword():
    schema = {"properties": {"type": {"type": "string"}, "enum": {"$ref": "#/components/schemas/E"}}}
    found = plain(schema, E={"type": "array"})
    assert schemas.valid(found, {"type": "a", "enum": []})
    assert not schemas.valid(found, {"type": 1})
