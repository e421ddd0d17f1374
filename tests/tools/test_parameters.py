"""Parameters as arguments."""

import pytest

from tools import parameters
from tools.definitions import Definitions
from tools.references import References


def read(*values):
    references = References({"p": list(values)})
    definitions = Definitions(references, "request", siblings=True)
    return parameters.read([references.root.child("p", index) for index in range(len(values))], definitions)


def one(**value):
    return read({"name": "ids", "in": "query", **value})[0]


LIST = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("value", "style"),
    [
        ({"schema": LIST}, "repeat"),
        ({"schema": LIST, "explode": False}, "comma"),
        ({"schema": LIST, "style": "spaceDelimited"}, "space"),
        ({"schema": LIST, "style": "pipeDelimited"}, "pipe"),
        ({"schema": LIST, "in": "path"}, "comma"),
        ({"schema": LIST, "in": "header"}, "comma"),
        ({"schema": {"type": "string"}, "in": "path"}, "repeat"),
        ({"schema": {"type": ["string", "null"]}, "explode": False}, "repeat"),
    ],
)
def test_lists_are_written_as_the_document_says(value, style):
    assert one(**value).style == style


def test_a_path_parameter_is_always_required():
    assert one(**{"in": "path"}).required
    assert not one().required
    assert one(required=True).required


def test_a_parameter_keeps_its_description_and_example():
    found = one(schema={"type": "string"}, description="Which.", example="a", deprecated=True)
    assert found.schema == {"type": "string", "description": "Which.", "examples": ["a"], "deprecated": True}


def test_headers_that_belong_to_the_protocol_are_no_arguments():
    found = read(*({"name": name, "in": "header"} for name in ("Accept", "content-type", "X-Mine")))
    assert [argument.name for argument in found] == ["X-Mine"]


def test_equal_names_in_different_places_are_told_apart():
    found = read({"name": "id", "in": "path"}, {"name": "id", "in": "query"}, {"name": "id", "in": "header"})
    assert [(argument.name, argument.wire, argument.place) for argument in found] == [
        ("id", "id", "path"),
        ("id_query", "id", "query"),
        ("id_header", "id", "header"),
    ]


def test_a_deep_object_has_one_argument_for_each_field():
    schema = {
        "type": "object",
        "properties": {"colour": {"type": "string"}, "size": {}},
        "required": ["size"],
    }
    found = read({"name": "filter", "in": "query", "style": "deepObject", "required": True, "schema": schema})
    assert [(argument.wire, argument.required) for argument in found] == [
        ("filter[colour]", False),
        ("filter[size]", True),
    ]


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, "JSON"),
        ({"style": "matrix", "in": "path"}, "matrix"),
        ({"style": "label", "in": "path"}, "label"),
    ],
)
def test_what_nobody_here_writes_is_a_text_of_the_caller(value, note):
    found = one(**value, description="Which.")
    assert found.schema["type"] == "string"
    assert found.schema["description"].startswith("Which.")
    assert note in found.schema["description"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"in": "query"}, ""),
        ({"name": "", "in": "query"}, ""),
        ({"name": "a", "in": "qery"}, "/in"),
    ],
)
def test_a_parameter_without_name_or_place_is_a_problem(value, path):
    found = parameters.fault(References(value).root)
    assert found.path == path
    assert found.remedy


def test_a_parameter_with_name_and_place_has_no_fault():
    assert parameters.fault(References({"name": "a", "in": "query"}).root) is None
    assert parameters.fault(References({"name": "a", "in": "body"}).root, places=["body"]) is None
