"""Values against schemas."""

import pytest

from tools import schemas, validators

CLOSED = {
    "type": "object",
    "properties": {"amount": {"type": "number"}, "currency": {"type": "string"}},
    "required": ["amount"],
    "additionalProperties": False,
}


def test_a_value_that_fits_has_no_problems():
    assert schemas.problems(CLOSED, {"amount": 3}) == []
    assert schemas.valid(CLOSED, {"amount": 3})


def test_a_value_that_does_not_fit_is_not_valid():
    assert not schemas.valid(CLOSED, {"amount": "3"})
    assert not schemas.valid(CLOSED, None)


def test_problems_stand_below_the_path_that_was_given():
    (found,) = schemas.problems(CLOSED, {"amount": "3"}, path="/steps/pay/with")
    assert found.path == "/steps/pay/with/amount"


def test_a_schema_is_compiled_by_its_content_not_by_its_object():
    schema = {"type": "string"}
    assert schemas.valid(schema, "a")
    schema["type"] = "integer"
    assert not schemas.valid(schema, "a")


@pytest.mark.parametrize("schema", [{"type": "wat"}, {"$ref": "#/$defs/no"}, {"pattern": "("}, 7])
def test_a_broken_schema_is_a_problem_and_no_crash(schema):
    assert not schemas.valid(schema, 1)
    assert schemas.problems(schema, 1)[0].code == "broken-schema"
    assert schemas.faults(schema)[0].code == "broken-schema"


def test_a_schema_is_never_fetched():
    (found,) = schemas.problems({"$ref": "http://127.0.0.1:9/schema.json"}, 1)
    assert found.code == "broken-schema"


def test_a_good_schema_has_no_faults():
    assert schemas.faults(CLOSED) == []
    assert schemas.faults({}) == []


def test_a_value_that_is_no_json_is_a_problem():
    (found,) = schemas.problems({"type": "integer"}, {1, 2})
    assert found.code == "no-json"
    assert not schemas.valid({"type": "integer"}, {1, 2})


def test_a_schema_that_is_no_json_has_a_fault():
    assert schemas.faults({"const": object()})[0].code == "broken-schema"
    assert schemas.problems({"const": object()}, 1) != []


def test_recursive_schemas_work():
    tree = {
        "$ref": "#/$defs/Node",
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/Node"}},
                "additionalProperties": False,
            }
        },
    }
    assert schemas.valid(tree, {"next": {"next": {}}})
    assert schemas.problems(tree, {"next": {"nxt": {}}})[0].path == "/next/nxt"


@pytest.mark.parametrize(
    ("text", "found"),
    [("a Token of thanks", True), ("x-9", True), ("tok en", False), ("x9", False), ("", False)],
)
def test_a_text_is_searched_for_an_expression(text, found):
    assert validators.searching(r"(?i:token)|x-[0-9]")(text) is found
