"""Tests of `planner migrate`."""

from alembic import command

from planner.store import migrate, open_database


def test_a_database_is_made_and_then_left_as_it_is(desk):
    first, second = desk("migrate", "--json"), desk("migrate", "--json")

    assert (first.code, second.code) == (0, 0)
    assert first.data["from"] is None
    assert first.data["to"] == second.data["from"] == second.data["to"]
    assert "nothing was to be done" in desk("migrate").out


def test_what_was_done_is_told(desk):
    assert ": from nothing to " in desk("migrate").out


def test_a_phase_is_pre_or_post(desk):
    assert desk("migrate", "--to", "pre").code == 0
    assert desk("migrate", "--to", "later").code == 2


def test_what_waits_for_the_older_processes_to_end_is_told(desk):
    with open_database(desk.database) as store:
        store.write_sync(lambda tx: command.upgrade(migrate.config(tx), "0001"))

    early = desk("migrate", "--to", "pre")
    assert early.out.splitlines()[-1].startswith("0003, 0004")
    assert "waits for `planner migrate` once no process of an older version runs" in early.out
    refused = desk("runs")
    assert (refused.code, "run `planner migrate`" in refused.err) == (3, True)
    assert desk("migrate", "--json").data["pending"] == []
    assert desk("runs").code == 0


def test_a_url_that_names_no_database_exits_with_3(desk):
    said = desk.say("migrate", "--database", "mysql://nowhere/x")

    assert said.code == 3
    assert "sqlite:///file.db" in said.err
