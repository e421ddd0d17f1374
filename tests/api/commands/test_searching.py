"""Tests of `planner catalog search`."""


def test_operations_are_searched_by_words(desk):
    found = desk("catalog", "search", "append a line to a file")

    assert (found.code, "desk.note" in found.out) == (0, True)
    assert desk("catalog", "search", "astronomy").out == "No operation has a word of this goal.\n"
    items = desk("catalog", "search", "line", "--limit", "1", "--json").data["items"]
    assert len(items) == 1
