"""Matchers: what fits, what does not, and where the first difference is."""

import pytest

from evals import match
from evals.match import ABSENT, difference, fits

ORDER = {"id": "o-1", "total": 49.9, "lines": [{"sku": "mug", "quantity": 2}], "note": None, "paid": True}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (5, 5.0),
        ({"a": 1}, {"a": 1}),
        ({"equals": {"type": "x"}}, {"type": "x"}),
        ({"any_of": ["refund", {"contains": "ship"}]}, "reship"),
        ({"not": "refund"}, "reship"),
        ({"contains": "late"}, "the order is late"),
        ({"contains": {"json_subset": {"sku": "mug"}}}, [{"sku": "mug", "quantity": 2}]),
        ({"contains": "id"}, ORDER),
        ({"regex": "^o-[0-9]+$"}, "o-12"),
        ({"regex": {"pattern": "o-[0-9]", "anchored": True}}, "o-1"),
        ({"json_subset": {"lines": [{"sku": "mug"}], "total": {"approx": {"value": 50, "abs": 0.2}}}}, ORDER),
        ({"json_schema": {"type": "object", "required": ["id"]}}, ORDER),
        ({"approx": 49.9000001}, 49.9),
        ({"approx": {"value": 100, "rel": 0.1}}, 109),
        ({"len": 2}, "ab"),
        ({"len": {"min": 1, "max": 3}}, [1, 2]),
        ({"unordered": ["b", "a"]}, ["a", "b"]),
        ({"absent": True}, ABSENT),
        ({"present": True}, None),
        ({"type": "number"}, 1.5),
        ({"type": ["string", "null"]}, None),
        ({"id": {"regex": "^o"}, "n": {"absent": True}}, {"id": "o-1"}),
    ],
)
def test_a_pattern_takes_what_it_says(pattern, found):
    assert difference(pattern, found) is None


@pytest.mark.parametrize(
    ("pattern", "found", "sentence"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "/a/b expected 1, found 2"),
        ({"a": 1}, {}, "/a expected 1, found nothing"),
        ({"a": 1}, {"a": 1, "c": 3}, "/c expected {absent: true}, found 3"),
        ([1, 2], [1], "/1 expected 2, found nothing"),
        ([1], [1, 2], "/1 expected {absent: true}, found 2"),
        (1, True, "/ expected 1, found true"),
        ("a", "b", '/ expected "a", found "b"'),
        ({"any_of": [1, 2]}, 3, "/ expected {any_of: [1, 2]}, found 3"),
        ({"not": 1}, 1, "/ expected {not: 1}, found 1"),
        ({"contains": "x"}, "abc", '/ expected {contains: "x"}, found "abc"'),
        ({"contains": "x"}, 5, '/ expected {contains: "x"}, found 5'),
        ({"regex": "^b"}, "abc", '/ expected {regex: "^b"}, found "abc"'),
        ({"json_subset": {"a": {"b": 1}}}, {"a": {"c": 1}}, "/a/b expected 1, found nothing"),
        ({"json_subset": {"a": [1]}}, {"a": [1, 2]}, "/a expected [1], found [1, 2]"),
        ({"json_subset": {"a": 1}}, [1], "/ expected {a: 1}, found [1]"),
        ({"approx": 1}, 1.1, "/ expected {approx: 1}, found 1.1"),
        ({"approx": 1}, True, "/ expected {approx: 1}, found true"),
        ({"len": 1}, "ab", '/ expected {len: 1}, found "ab"'),
        ({"len": 1}, 5, "/ expected {len: 1}, found 5"),
        ({"unordered": [1, 2]}, [1, 3], "/1 expected 2, found [3]"),
        ({"unordered": [1]}, [1, 2], "/ expected {unordered: [1]}, found [1, 2]"),
        ({"unordered": [1]}, "1", '/ expected {unordered: [1]}, found "1"'),
        ({"absent": True}, 1, "/ expected {absent: true}, found 1"),
        ({"present": True}, ABSENT, "/ expected {present: true}, found nothing"),
        ({"type": "integer"}, True, '/ expected {type: "integer"}, found true'),
        ({"equals": 1}, 2, "/ expected 1, found 2"),
    ],
)
def test_the_first_difference_names_place_expectation_and_find(pattern, found, sentence):
    told = difference(pattern, found)
    assert str(told).replace("  ", " ") == sentence


def test_a_schema_that_does_not_hold_says_why():
    told = difference({"json_schema": {"type": "object", "required": ["x"]}}, {})
    assert told is not None
    assert "x" in str(told.expected)
    assert not fits({"json_schema": {}}, ABSENT)


def test_several_matchers_in_one_mapping_must_all_hold():
    assert fits({"contains": "a", "not": {"contains": "b"}}, "ac")
    assert not fits({"contains": "a", "not": {"contains": "b"}}, "ab")


def test_types_that_json_keeps_apart_are_kept_apart():
    assert not fits({"equals": [{"a": 1}]}, [{"a": True}])
    assert fits({"equals": [{"a": 1}]}, [{"a": 1.0}])
    assert not fits({"equals": {"a": 1}}, {"a": 1, "b": 2})


def test_a_matcher_may_stand_at_the_top_of_a_subset():
    assert fits({"json_subset": {"contains": "a"}}, "abc")


def test_a_long_value_is_cut_in_messages():
    assert len(str(difference("x", "y" * 1000))) < 300


@pytest.mark.parametrize(
    "pattern",
    [
        {"regex": "("},
        {"regex": 5},
        {"any_of": "a"},
        {"unordered": {"a": 1}},
        {"approx": "1"},
        {"approx": {"abs": 1}},
        {"len": "1"},
        {"len": True},
        {"absent": "yes"},
        {"type": "text"},
        {"json_schema": {"type": "nothing"}},
        {"a": [{"not": {"regex": "["}}]},
        {"json_subset": {"a": {"regex": "["}}},
    ],
)
def test_a_pattern_that_can_never_be_compared_is_told_at_once(pattern):
    assert list(match.faults(pattern))


def test_a_good_pattern_has_no_fault():
    assert (
        list(match.faults({"a": [{"regex": "^x"}, {"equals": {"regex": "("}}], "b": {"len": {"not": 2}}}))
        == []
    )
