import pytest
from google.protobuf import json_format

from tools import schemas
from tools.rpc import descriptors, messages

SOURCE = """
syntax = "proto3";
package t;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Colour { COLOUR_UNSPECIFIED = 0; RED = 1; }
message All {
  int32 product_id = 1;
  uint32 count = 2;
  int64 cents = 3;
  fixed64 big = 4;
  float ratio = 5;
  double price = 6;
  bool is_gift = 7;
  string note = 8;
  bytes picture = 9;
  Colour colour = 10;
  repeated string tags = 11;
  repeated Line lines = 12;
  map<string, Line> by_sku = 13;
  map<int32, Colour> by_number = 14;
  Line first = 15;
  optional string maybe = 16;
  oneof payment { string card = 17; Line cash = 18; string voucher = 19; }
  string renamed = 20 [json_name = "otherwise"];
}
message Line { string sku = 1; }
message Tree { string name = 1; repeated Tree children = 2; Tree parent = 3; }
message Known {
  google.protobuf.Timestamp at = 1;
  google.protobuf.Duration lasting = 2;
  google.protobuf.FieldMask mask = 3;
  google.protobuf.Struct free = 4;
  google.protobuf.Value value = 5;
  google.protobuf.ListValue list = 6;
  google.protobuf.Any any = 7;
  google.protobuf.Int64Value long = 8;
  google.protobuf.StringValue text = 9;
  google.protobuf.Empty empty = 10;
  google.protobuf.NullValue nothing = 11;
}
"""


@pytest.fixture
def types(compiled):
    return descriptors.read(compiled(t=SOURCE))


def answered(types, name, value):
    """Return the JSON that an answer is read as."""
    message = json_format.ParseDict(value, types.new(name), descriptor_pool=types.pool)
    return json_format.MessageToDict(
        message, always_print_fields_with_no_presence=True, descriptor_pool=types.pool
    )


FULL = {
    "productId": 7,
    "count": 2,
    "cents": "9007199254740993",
    "big": "18446744073709551615",
    "ratio": 0.5,
    "price": 1.25,
    "isGift": True,
    "note": "n",
    "picture": "AQI=",
    "colour": "RED",
    "tags": ["a"],
    "lines": [{"sku": "s"}],
    "bySku": {"s": {"sku": "s"}},
    "byNumber": {"-3": "RED"},
    "first": {"sku": "s"},
    "maybe": "m",
    "card": "c",
    "otherwise": "o",
}


@pytest.mark.parametrize("value", [{}, FULL])
def test_an_answer_fits_its_schema(types, value):
    schema = messages.schema(types.message("t.All"), "response")
    assert schemas.faults(schema) == []
    assert schemas.problems(schema, answered(types, "t.All", value)) == []


def test_an_answer_has_all_its_fields_but_those_that_can_be_absent(types):
    schema = messages.schema(types.message("t.All"), "response")
    absent = {"first", "maybe", "card", "cash", "voucher"}
    assert set(schema["required"]) == schema["properties"].keys() - absent
    assert schema["additionalProperties"] is False


def test_a_request_fits_its_schema_and_needs_nothing(types):
    schema = messages.schema(types.message("t.All"), "request")
    assert schemas.faults(schema) == []
    assert schemas.problems(schema, {}) == schemas.problems(schema, FULL) == []


@pytest.mark.parametrize(
    "value",
    [
        {"productId": "7"},
        {"productId": 2**31},
        {"count": -1},
        {"cents": "many"},
        {"cents": 1.5},
        {"colour": "GREEN"},
        {"product_id": 7},
        {"byNumber": {"three": "RED"}},
        {"lines": [{"size": 1}]},
        {"card": "c", "voucher": "v"},
    ],
)
def test_a_request_that_cannot_be_written_breaks_its_schema(types, value):
    assert schemas.problems(messages.schema(types.message("t.All"), "request"), value)


@pytest.mark.parametrize("cents", [12, "12", "-12"])
def test_a_long_number_may_be_given_as_number_or_text_and_is_answered_as_text(types, cents):
    request = messages.schema(types.message("t.All"), "request")
    response = messages.schema(types.message("t.All"), "response")
    assert schemas.valid(request, {"cents": cents})
    assert answered(types, "t.All", {"cents": cents})["cents"] == str(cents)
    assert response["properties"]["cents"]["type"] == "string"
    assert schemas.accepts(request["properties"]["cents"], response["properties"]["cents"]) == "yes"


def test_a_message_that_holds_itself_is_defined_once(types):
    schema = messages.schema(types.message("t.Tree"), "response")
    assert list(schema["$defs"]) == ["Tree"]
    tree = answered(types, "t.Tree", {"name": "a", "children": [{"name": "b", "parent": {"name": "a"}}]})
    assert schemas.problems(schema, tree) == []
    assert schemas.at(schema, ("children",)).state == "found"


def test_messages_of_one_name_are_told_apart(compiled):
    other = 'syntax = "proto3"; package other; message Line { int32 n = 1; }'
    both = """syntax = "proto3"; package t; import "other.proto";
    message Line { string sku = 1; } message Pair { Line mine = 1; other.Line yours = 2; }"""
    types = descriptors.read(compiled(t=both, other=other))
    schema = messages.schema(types.message("t.Pair"), "response")
    assert schema["properties"] == {
        "mine": {"$ref": "#/$defs/Line"},
        "yours": {"$ref": "#/$defs/other.Line"},
    }


KNOWN = {
    "at": "2026-01-01T00:00:00Z",
    "lasting": "1.500s",
    "mask": "a,b.c",
    "free": {"a": [1, None]},
    "value": "v",
    "list": [1, "a"],
    "any": {"@type": "type.googleapis.com/t.Line", "sku": "s"},
    "long": "12",
    "text": "t",
    "empty": {},
    "nothing": None,
}


@pytest.mark.parametrize("value", [{}, KNOWN])
@pytest.mark.parametrize("direction", ["request", "response"])
def test_well_known_messages_have_the_form_that_json_gives_them(types, value, direction):
    schema = messages.schema(types.message("t.Known"), direction)
    assert schemas.faults(schema) == []
    assert schemas.problems(schema, answered(types, "t.Known", value)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("at", 5), ("lasting", "PT1S"), ("any", {}), ("empty", {"a": 1}), ("long", "x")],
)
def test_well_known_messages_refuse_other_forms(types, field, value):
    assert schemas.problems(messages.schema(types.message("t.Known"), "request"), {field: value})


@pytest.mark.parametrize(
    ("name", "whole"),
    [("Value", True), ("Struct", True), ("StringValue", True), ("Timestamp", True), ("Empty", False)],
)
def test_some_messages_are_no_objects_with_fields(types, name, whole):
    assert messages.is_whole(types.message(f"google.protobuf.{name}")) is whole


def test_required_fields_of_proto2_are_required(compiled):
    old = 'syntax = "proto2"; message A { required string id = 1; optional string note = 2; }'
    types = descriptors.read(compiled(old=old))
    assert messages.schema(types.message("A"), "request")["required"] == ["id"]
    assert messages.schema(types.message("A"), "response")["required"] == ["id"]


def test_fields_that_google_marks_as_required_are_required_in_requests(compiled):
    api = """syntax = "proto3"; package google.api; import "google/protobuf/descriptor.proto";
    enum FieldBehavior { UNSPECIFIED = 0; OPTIONAL = 1; REQUIRED = 2; OUTPUT_ONLY = 3; }
    extend google.protobuf.FieldOptions { repeated FieldBehavior field_behavior = 1052 [packed = false]; }"""
    source = """syntax = "proto3"; import "api.proto";
    message A { string id = 1 [(google.api.field_behavior) = REQUIRED];
      string note = 2 [(google.api.field_behavior) = OPTIONAL]; string plain = 3; }"""
    for each in (api, api.replace(" [packed = false]", "")):
        types = descriptors.read(compiled(a=source, api=each))
        assert messages.schema(types.message("A"), "request")["required"] == ["id"]
