"""Tests of `planner migrate`."""


def test_a_database_is_made_and_then_left_as_it_is(desk):
    first, second = desk("migrate", "--json"), desk("migrate", "--json")

    assert (first.code, second.code) == (0, 0)
    assert first.data["from"] is None
    assert first.data["to"] == second.data["from"] == second.data["to"]
    assert "nothing was to be done" in desk("migrate").out


def test_what_was_done_is_told(desk):
    assert ": from nothing to " in desk("migrate").out


def test_a_url_that_names_no_database_exits_with_3(desk):
    said = desk.say("migrate", "--database", "mysql://nowhere/x")

    assert said.code == 3
    assert "sqlite:///file.db" in said.err
