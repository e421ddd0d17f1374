import orjson
import pytest

from planner import bodies


def test_a_body_is_compact_json_that_others_can_read():
    assert bodies.encode({"a": [1, 2.5, None, "ü"]}) == '{"a":[1,2.5,null,"ü"]}'


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "", "\u0000", [], {}, {"a": {"b": [None]}}, 2**63, "🦊", {"ä": "\n"}]
)
def test_a_body_comes_back_unchanged(value):
    assert bodies.decode(bodies.encode(value)) == value


@pytest.mark.parametrize("value", [10**30, {"n": -(10**40)}, "\ud800", ["\udfff", 2**64]])
def test_what_services_answer_beyond_the_fast_format_comes_back_unchanged(value):
    text = bodies.encode(value)

    text.encode()  # a database can hold it
    back = bodies.decode(text)
    assert back == value
    assert type(back) is type(value)


def test_what_was_never_stored_is_none():
    assert bodies.decode(None) is None


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError):
        bodies.encode({"a": object()})


def test_a_damaged_body_is_an_error_and_no_value():
    with pytest.raises(orjson.JSONDecodeError):
        bodies.decode('{"a":')
