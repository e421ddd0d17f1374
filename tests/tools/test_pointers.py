"""JSON pointers and references inside one schema."""

import pytest

from tools import pointers


def test_parts_and_pointer_are_each_others_reverse():
    names = ("a", "b/c", "d~e", "0", "")
    assert pointers.parts(pointers.pointer(names)) == names
    assert pointers.pointer(["x", 3]) == "/x/3"


def test_a_pointer_finds_fields_and_items():
    assert pointers.find({"a": [{"b/c": 1}]}, "/a/0/b~1c") == 1
    assert pointers.find({"a": 1}, "") == {"a": 1}


@pytest.mark.parametrize("path", ["/x", "/a/7", "/a/x", "/b/c"])
def test_a_pointer_to_nothing_is_a_lookup_error(path):
    with pytest.raises(LookupError):
        pointers.find({"a": [1], "b": "text"}, path)


def test_a_reference_out_of_the_schema_is_a_lookup_error():
    with pytest.raises(LookupError):
        pointers.target("other.json#/a", {})


def test_a_chain_of_references_is_followed():
    root = {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "string"}}}
    assert pointers.follow({"$ref": "#/$defs/A"}, root) == {"type": "string"}


def test_what_stands_beside_a_reference_is_kept():
    root = {"$defs": {"A": {"type": "string"}}}
    found = pointers.follow({"$ref": "#/$defs/A", "minLength": 2}, root)
    assert found == {"allOf": [{"type": "string"}, {"minLength": 2}]}


def test_references_that_end_nowhere_allow_everything():
    assert pointers.follow({"$ref": "#/$defs/A"}, {"$defs": {"A": {"$ref": "#/$defs/A"}}}) is True
    assert pointers.follow({"$ref": "#/$defs/B"}, {}) is True
