import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import requests
from tools.operations import HttpBinding, Operation
from tools.requests import Unbuildable


def build(arguments, *, input_schema=None, **binding):
    bound = HttpBinding(**{"method": "GET", "path": "/", **binding})
    operation = Operation(name="s.op", service="s", input=input_schema or {"type": "object"}, binding=bound)
    return requests.build(operation, bound, arguments)


def refused(arguments, **binding):
    with pytest.raises(Unbuildable) as caught:
        build(arguments, **binding)
    return str(caught.value)


def test_path_arguments_are_encoded_whole():
    message = build({"id": "a b/ü?#%"}, path="/orders/{id}/items")
    assert message.target == "/orders/a%20b%2F%C3%BC%3F%23%25/items"


@pytest.mark.parametrize("value", ["..", ".", "../admin", "a/../b", "a\\..\\b", "x/."])
def test_a_path_argument_cannot_step_through_the_path(value):
    assert "step through" in refused({"id": value}, path="/orders/{id}")


@pytest.mark.parametrize("arguments", [{}, {"id": ""}, {"id": None}, {"id": []}])
def test_an_empty_path_segment_is_refused(arguments):
    assert "needs a value for 'id'" in refused(arguments, path="/orders/{id}")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_path_argument_leaves_its_segment(text):
    try:
        target = build({"id": text}, path="/orders/{id}/x").target
    except Unbuildable:
        return
    assert target.count("/") == 3
    assert target.startswith("/orders/")
    assert target.endswith("/x")
    assert "?" not in target


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (5, "5"), (5.0, "5"), (2.5, "2.5"), ({"a": 1}, "a=1"), ([1, 2], "1&q=2")],
)
def test_query_values_are_written_as_json_writes_them(value, text):
    target = build({"q": value}, places={"q": "query"}).target
    assert target in {f"/?q={text}", f"/?{text}"}


@pytest.mark.parametrize(
    ("style", "text"),
    [("comma", "q=a%2Cb,c"), ("space", "q=a%2Cb%20c"), ("pipe", "q=a%2Cb%7Cc"), ("repeat", "q=a%2Cb&q=c")],
)
def test_lists_in_the_query_follow_their_style(style, text):
    assert build({"q": ["a,b", "c"]}, places={"q": "query"}, styles={"q": style}).target == f"/?{text}"


def test_a_style_belongs_to_the_argument_also_under_another_name_on_the_wire():
    message = build({"q": [1, 2]}, places={"q": "query"}, names={"q": "ids"}, styles={"q": "comma"})
    assert message.target == "/?ids=1,2"


def test_an_absent_value_is_left_out_of_the_query():
    assert build({"q": None}, places={"q": "query"}).target == "/"


def test_a_query_joins_the_one_that_the_path_brings():
    assert build({"q": 1}, path="/x?Action=Send", places={"q": "query"}).target == "/x?Action=Send&q=1"


@pytest.mark.parametrize("value", ["a\r\nX-Admin: 1", "a\nb", "a\x00b"])
def test_a_header_value_cannot_start_another_header(value):
    assert "line break" in refused({"h": value}, places={"h": "header"})


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "bad name", "x:y"])
def test_headers_of_the_connection_are_no_arguments(name):
    assert repr(name) in refused({"h": "1"}, places={"h": "header"}, names={"h": name})


def test_headers_and_cookies_carry_their_arguments():
    message = build({"tags": ["a", "b"], "session": "x; y=1"}, places={"tags": "header", "session": "cookie"})
    assert message.headers == [("tags", "a,b"), ("Cookie", "session=x%3B%20y=1")]


def test_fields_of_the_body_are_sent_as_json():
    message = build({"a": 1, "b": None}, method="POST", places={"a": "body", "b": "body"})
    assert message.body == b'{"a":1,"b":null}'
    assert message.headers == [("Content-Type", "application/json")]


def test_an_unplaced_argument_of_a_post_goes_into_the_body_and_of_a_get_into_the_query():
    assert build({"a": 1}, method="POST").body == b'{"a":1}'
    assert build({"a": 1}).target == "/?a=1"


def test_a_whole_body_is_sent_as_it_is():
    message = build({"body": [1, {"a": 2}]}, method="PUT", places={"body": "whole_body"})
    assert message.body == b'[1,{"a":2}]'


def test_a_whole_body_of_another_type_is_a_text_or_base64():
    places, kind = {"body": "whole_body"}, "text/csv"
    assert build({"body": "a,b"}, method="PUT", places=places, content_type=kind).body == b"a,b"
    assert (
        build({"body": {"base64": "AAE="}}, method="PUT", places=places, content_type=kind).body
        == b"\x00\x01"
    )
    assert "as a text" in refused({"body": 5}, method="PUT", places=places, content_type=kind)
    assert "no base64" in refused({"body": {"base64": "%%"}}, method="PUT", places=places, content_type=kind)


def test_a_form_is_urlencoded():
    message = build({"a": "x&y=1", "b": [1, 2]}, method="POST", places={"a": "form", "b": "form"})
    assert message.body == b"a=x%26y%3D1&b=1&b=2"
    assert message.headers == [("Content-Type", "application/x-www-form-urlencoded")]


def test_a_multipart_form_keeps_its_parts_apart():
    arguments = {"name": 'a"b', "file": {"base64": "cGFydA==", "content_type": "text/plain"}}
    places = {"name": "form", "file": "form"}
    message = build(arguments, method="POST", places=places, content_type="multipart/form-data")
    assert message.headers == [("Content-Type", "multipart/form-data; boundary=part-part")]
    assert message.body.count(b"--part-part\r\n") == 2
    assert b'name="file"; filename="file"\r\nContent-Type: text/plain\r\n\r\npart\r\n' in message.body


def test_no_fields_make_an_empty_object_unless_the_body_is_optional():
    places = {"a": "body"}
    assert build({}, method="POST", places=places).body == b"{}"
    optional = {"type": "object", "dependentRequired": {"b": ["a"]}}
    assert build({}, method="POST", places=places, input_schema=optional).body is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**70, "\ud800", [{"a": float("nan")}]])
def test_what_json_cannot_hold_is_refused(value):
    assert refused({"a": value}, method="POST", places={"a": "body"})


def test_text_that_cannot_be_encoded_is_refused_in_the_path_too():
    assert "cannot be encoded" in refused({"id": "\ud800"}, path="/{id}")
