"""Tests of names that were probably meant."""

from planner.validation.candidates import meant, near, places


def test_the_nearest_names_come_first_whatever_their_case():
    assert near("ORDR", ["stock", "order", "orders"]) == ["order", "orders"]


def test_few_names_are_all_listed_where_none_is_near():
    assert meant("zzz", ["a", "b"], what="steps") == "The steps here are 'a', 'b'."


def test_many_names_are_counted():
    assert "20 steps" in meant("zzz", [f"n{count}" for count in range(20)], what="steps")


def test_no_names_at_all_are_said_so():
    assert meant("zzz", [], what="fields") == "There are no fields here."


def test_a_single_place_is_not_counted():
    assert places(1) == ""
    assert places(3) == " (in 3 places)"
