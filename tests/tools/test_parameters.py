"""Parameters as arguments."""

import pytest

from tools import parameters
from tools.definitions import Definitions
from tools.references import References


def read(*values):
    references = References({"p": list(values)})
    definitions = Definitions(references, "request", siblings=True)
    problems = []
    located = [references.root.child("p", index) for index in range(len(values))]
    return parameters.read(located, definitions, problems), problems


def one(**value):
    found, problems = read({"name": "ids", "in": "query", **value})
    assert problems == []
    return found[0]


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
    found, _ = read(*({"name": name, "in": "header"} for name in ("Accept", "content-type", "X-Mine")))
    assert [argument.name for argument in found] == ["X-Mine"]


def test_equal_names_in_different_places_are_told_apart():
    found, _ = read(
        {"name": "id", "in": "path"}, {"name": "id", "in": "query"}, {"name": "id", "in": "header"}
    )
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
    found, _ = read(
        {"name": "filter", "in": "query", "style": "deepObject", "required": True, "schema": schema}
    )
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
        ({"in": "query"}, "/p/0"),
        ({"name": "", "in": "query"}, "/p/0"),
        ({"name": "a", "in": "qery"}, "/p/0/in"),
    ],
)
def test_a_parameter_without_name_or_place_is_a_problem(value, path):
    found, (problem,) = read(value)
    assert found == []
    assert problem.path == path
