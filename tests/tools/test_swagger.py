"""Swagger 2.0 in the shape of OpenAPI 3."""

import pytest

from tools import swagger
from tools.references import Located


def located(**value):
    return Located(value, "", "/p")


@pytest.mark.parametrize(
    ("chosen", "style"),
    [
        (None, {"style": "form", "explode": False}),
        ("csv", {"style": "form", "explode": False}),
        ("multi", {"style": "form", "explode": True}),
        ("ssv", {"style": "spaceDelimited"}),
        ("pipes", {"style": "pipeDelimited"}),
        ("tsv", {"style": "tabs"}),
    ],
)
def test_the_format_of_a_list_becomes_its_style(chosen, style):
    given = {"collectionFormat": chosen} if chosen else {}
    found = swagger.parameter(located(name="a", type="array", items={}, **{"in": "query"}, **given)).value
    assert {name: found[name] for name in ("style", "explode") if name in found} == style
    assert found["schema"] == {"type": "array", "items": {}}


def test_a_parameter_keeps_what_is_its_own_and_the_rest_is_its_schema():
    value = {"name": "a", "in": "path", "required": True, "type": "string", "maxLength": 3, "x-example": "b"}
    assert swagger.parameter(located(**value)).value == {
        "name": "a",
        "in": "path",
        "required": True,
        "example": "b",
        "schema": {"type": "string", "maxLength": 3},
    }


def test_a_body_parameter_is_the_request_body():
    found = swagger.body([located(name="x", required=True, schema={"type": "array"}, **{"in": "body"})], [])
    assert found.value["required"] is True
    assert found.value["content"] == {"application/json": {"schema": {"type": "array"}}}


def test_form_fields_are_one_object():
    fields = [
        located(name="a", type="string", required=True, description="A.", **{"in": "formData"}),
        located(name="b", type="integer", **{"in": "formData"}),
    ]
    (kind, media), *_ = swagger.body(fields, ["application/json"]).value["content"].items()
    assert kind == "application/x-www-form-urlencoded"
    assert media["schema"]["required"] == ["a"]
    assert media["schema"]["properties"]["a"] == {"type": "string", "description": "A."}


def test_a_file_is_sent_in_parts():
    field = located(name="a", type="file", **{"in": "formData"})
    assert list(swagger.body([field], []).value["content"]) == ["multipart/form-data"]


def test_no_body_is_no_body():
    assert swagger.body([], ["application/json"]) is None


def test_an_answer_has_its_schema_under_each_media_type():
    found = swagger.response(located(schema={"type": "string"}), ["application/hal+json"]).value
    assert found == {"content": {"application/hal+json": {"schema": {"type": "string"}}}}
    assert swagger.response(located(description="x"), []).value == {"description": "x"}


@pytest.mark.parametrize(
    ("document", "address"),
    [
        ({"host": "a.b:80", "basePath": "/v1/", "schemes": ["http", "https"]}, "https://a.b:80/v1"),
        ({"host": "orders", "basePath": "/"}, "http://orders"),
        ({"basePath": "/v1"}, "/v1"),
        ({}, None),
    ],
)
def test_the_address_is_put_together(document, address):
    assert swagger.base_url(document) == address
