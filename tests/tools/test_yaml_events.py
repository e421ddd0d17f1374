"""What unquoted scalars mean, and that one reader keeps its places."""

import pytest

from tools.yaml_events import Limits, NoJson, Reader, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("NULL", None),
        ("TRUE", True),
        ("on", "on"),
        ("+7", 7),
        ("1_000", "1_000"),
        (".5", 0.5),
        ("1.", 1.0),
        ("0b1", "0b1"),
        ("1:30", "1:30"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text, value):
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_what_json_cannot_hold_says_why():
    assert isinstance(plain(".nan"), NoJson)
    assert isinstance(plain("1e999"), NoJson)
    assert "64 bits" in plain("9" * 21).message


def test_places_of_aliased_values_are_those_of_the_alias():
    reader = Reader(None, limits=Limits())
    assert reader.read("a: &x {b: 1}\nc: *x\n") == {"a": {"b": 1}, "c": {"b": 1}}
    assert reader.places["/c"] == (2, 1)
    assert "/c/b" not in reader.places
