"""Bodies and answers."""

from tools import bodies
from tools.definitions import Definitions
from tools.references import References

OBJECT = {"type": "object", "properties": {"sku": {"type": "string"}, "n": {}}, "required": ["sku"]}


def request(body, *taken, **components):
    references = References({"b": body, "components": {"schemas": components}})
    definitions = Definitions(references, "request", siblings=True)
    return bodies.request(references.root.child("b"), definitions, taken=taken)


def body_of(schema, *taken, kind="application/json", required=True, **components):
    return request({"required": required, "content": {kind: {"schema": schema}}}, *taken, **components)


def places(body):
    return {argument.name: (argument.place, argument.required) for argument in body.arguments}


def answer(responses):
    references = References({"r": responses})
    definitions = Definitions(references, "response", siblings=True)
    return bodies.answer({name: references.root.child("r", name) for name in responses}, definitions)


def json_answer(schema, kind="application/json"):
    return {"content": {kind: {"schema": schema}}}


def test_the_fields_of_one_object_become_arguments():
    body = body_of(OBJECT)
    assert places(body) == {"sku": ("body", True), "n": ("body", False)}
    assert body.content_type == "application/json"


def test_the_object_may_stand_behind_a_reference_or_be_joined_of_several():
    assert set(places(body_of({"$ref": "#/components/schemas/A"}, A=OBJECT))) == {"sku", "n"}
    joined = {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"m": {}}, "required": ["m"]}]}
    assert places(body_of(joined, A=OBJECT))["m"] == ("body", True)


def test_a_name_that_a_parameter_has_keeps_the_body_whole():
    assert places(body_of(OBJECT, "sku")) == {"body": ("whole_body", True)}
    assert set(places(body_of({"type": "array"}, "body"))) == {"request_body"}


def test_what_is_more_than_a_plain_object_stays_whole():
    for more in (
        {"additionalProperties": True},
        {"oneOf": [{}]},
        {"minProperties": 1},
        {"type": ["object", "null"]},
    ):
        assert set(places(body_of({**OBJECT, **more}))) == {"body"}
    assert set(places(body_of({"type": "object"}))) == {"body"}
    assert set(places(body_of({"allOf": [OBJECT, OBJECT]}))) == {"body"}
    assert set(places(body_of({"type": "array", "items": {}}))) == {"body"}


def test_fields_of_a_body_that_may_be_missing_are_needed_only_together():
    body = body_of(OBJECT, required=False)
    assert places(body) == {"sku": ("body", False), "n": ("body", False)}
    assert body.together == {"n": ["sku"]}


def test_json_is_preferred_and_its_media_type_is_kept():
    content = {"application/xml": {}, "application/json;charset=UTF-8": {"schema": OBJECT}}
    assert request({"content": content}).content_type == "application/json;charset=UTF-8"
    assert request({"content": {"*/*": {"schema": OBJECT}}}).content_type == "application/json"
    assert (
        request({"content": {"text/plain": {}, "application/hal+json": {}}}).content_type
        == "application/hal+json"
    )


def test_a_form_has_its_fields_as_arguments():
    body = body_of(OBJECT, kind="multipart/form-data")
    assert places(body)["sku"] == ("form", True)


def test_a_text_is_sent_whole():
    (argument,) = request({"description": "Notes.", "content": {"text/plain": {}}}).arguments
    assert (argument.name, argument.place) == ("body", "whole_body")
    assert argument.schema == {"type": "string", "description": "Notes."}


def test_a_body_without_content_is_none():
    assert request({}) == bodies.Body()


def test_the_answer_is_the_json_of_the_documented_success():
    found = answer({"404": json_answer({"type": "null"}), "201": json_answer({"type": "string"}), "200": {}})
    assert found == bodies.Success((200, 201), {"type": "string"})


def test_several_answers_of_success_are_alternatives():
    found = answer({"200": json_answer({"type": "string"}), "202": json_answer({"type": "integer"})})
    assert found.schema == {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert answer({"200": json_answer({}), "202": json_answer({})}).schema == {}


def test_a_range_of_success_leaves_the_statuses_open():
    assert answer({"2XX": json_answer({"type": "string"})}) == bodies.Success((), {"type": "string"})


def test_no_documented_success_leaves_everything_open():
    assert answer({"default": json_answer({"type": "string"}), "302": {}}) == bodies.Success((), None)


def test_only_json_is_checked():
    assert answer({"200": json_answer({}, kind="image/png")}).schema is None
    assert answer({"200": json_answer({}, kind="application/hal+json")}).schema == {}
    assert answer({"200": {"content": {"*/*": {"schema": {"type": "string"}}}}}).schema == {"type": "string"}
    assert answer({"200": {"content": {"application/json": {}}}}).schema is None
