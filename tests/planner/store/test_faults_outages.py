"""A PostgreSQL server that goes away, takes too long or loses a commit leaves nothing half-written."""

import os
import re
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from planner import postgres
from planner.errors import StoreUnavailable
from planner.store import migrate, open_database, runs, tables


@pytest.fixture
def database(postgresql):
    with open_database(postgresql) as opened:
        migrate.upgrade(opened)
        yield opened


def count(database):
    return database.read_sync(
        lambda tx: tx.execute(select(func.count()).select_from(tables.runs)).scalar_one()
    )


def kill_others(postgresql):
    """End every other connection to the database, as a failover does."""
    with open_database(postgresql) as other:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        where = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        other.read_sync(lambda tx: tx.execute(text(f"{ended} {where}")).scalar_one())


def slow_down_commits(tx):
    body = "BEGIN PERFORM pg_sleep(5); RETURN NULL; END"
    tx.execute(text(f"CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
    when = "AFTER INSERT ON runs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    tx.execute(text(f"CREATE CONSTRAINT TRIGGER slow {when} EXECUTE FUNCTION dawdle()"))


def test_a_connection_that_was_lost_while_nobody_wrote_is_made_anew_unseen(database, postgresql, make):
    database.write_sync(runs.create, make.run())

    kill_others(postgresql)

    database.write_sync(runs.create, make.run())
    assert count(database) == 2


def test_a_connection_lost_in_the_midst_of_a_transaction_writes_all_or_nothing(database, postgresql, make):
    tries = []

    def half(tx):
        tries.append(1)
        runs.create(tx, make.run())
        if len(tries) == 1:
            kill_others(postgresql)
        runs.create(tx, make.run())

    database.write_sync(half)

    assert (len(tries), count(database)) == (2, 2)


def test_a_commit_whose_fate_is_unknown_says_so(database, postgresql, make):
    database.write_sync(slow_down_commits)
    killer = threading.Timer(0.5, kill_others, [postgresql])
    killer.start()

    with pytest.raises(StoreUnavailable, match="lost while it committed, so what was to be written may be"):
        database.write_sync(runs.create, make.run())
    killer.join()
    assert count(database) == 0


def test_a_statement_that_takes_too_long_is_told_and_harms_no_other(postgresql, make):
    with open_database(f"{postgresql}?options=-cstatement_timeout%3D200") as database:
        migrate.upgrade(database)

        with pytest.raises(StoreUnavailable, match="canceling statement due to statement timeout"):
            database.write_sync(lambda tx: tx.execute(text("SELECT pg_sleep(2)")) and None)

        database.write_sync(runs.create, make.run())
        assert count(database) == 1


def test_a_server_that_was_stopped_is_told_and_used_again_once_it_is_back(make):
    with postgres.server(durable=False) as running, open_database(running.url) as database:
        migrate.upgrade(database)
        database.write_sync(runs.create, make.run())
        running.stop()

        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"cannot be used: .*onnection"):
            database.write_sync(runs.create, make.run())
        with pytest.raises(StoreUnavailable):
            count(database)
        assert time.monotonic() - began < 20

        running.start()
        database.write_sync(runs.create, make.run())
        assert count(database) == 2


def large(tx, run):
    runs.create(tx, run.model_copy(update={"goal": os.urandom(20_000).hex()}))


def logged(tx, run):
    """Write little to the table and much to the server's log, which then needs a new file first."""
    runs.create(tx, run)
    tx.execute(text("SELECT pg_logical_emit_message(true, 'large', :text)"), {"text": "x" * 4_000_000})


def fill(database, make, write):
    """Write runs until one is refused; return how many were told to be written, and why no more."""
    for told in range(1000):
        try:
            database.write_sync(write, make.run())
        except StoreUnavailable as error:
            return told, str(error)
    raise AssertionError("the disk never filled up")


def test_a_file_on_a_full_disk_holds_exactly_what_was_told_to_be_written(disk, make):
    with open_database(f"sqlite:///{disk.folder / 'planner.db'}") as database:
        migrate.upgrade(database)
        database.write_sync(runs.create, make.run())

        with disk.full():
            told, words = fill(database, make, large)
            assert "there is no room left" in words
            assert count(database) == told + 1

        database.write_sync(runs.create, make.run())
        assert count(database) == told + 2


def test_a_server_on_a_full_disk_holds_exactly_what_was_told_to_be_written_also_after_a_restart(
    disk, make, postgresql_server
):
    del postgresql_server  # skips where none is installed
    home = disk.folder / "home"
    home.mkdir()
    running = postgres.Server(
        postgres.binaries(), home, ("max_wal_size=32MB", "min_wal_size=32MB", "wal_compression=off")
    )
    running.initialise()
    running.start()
    try:
        with open_database(running.url) as database:
            migrate.upgrade(database)
            database.write_sync(runs.create, make.run())

            with disk.full():
                told, words = fill(database, make, logged)
                assert re.search("there is no room left|connection|terminat", words), words
                running.stop()
            running.start()

            # A server that dies at the commit cannot say whether it took effect.
            found = count(database)
            assert found - told - 1 in {0, int("may be there or not" in words)}
            database.write_sync(runs.create, make.run())
            assert count(database) == found + 1
    finally:
        running.stop()


@contextmanager
def held(postgresql):
    """Keep every run locked in a connection of one's own that does nothing else."""
    with open_database(postgresql) as other, other._engine.connect() as connection:
        connection.execute(text("UPDATE runs SET nudged = nudged"))
        yield


def test_a_lock_that_another_process_keeps_for_too_long_is_told_and_harms_no_other(postgresql, make):
    with open_database(postgresql, busy_ms=200) as database:
        migrate.upgrade(database)
        run = database.write_sync(runs.create, make.run())

        with held(postgresql):
            with pytest.raises(StoreUnavailable, match="another process keeps locked what was to be written"):
                database.write_sync(runs.request_cancel, run.id, make.at)
            database.write_sync(runs.create, make.run())

        assert count(database) == 2
        assert not database.read_sync(runs.get, run.id).cancel_requested
        assert database.write_sync(runs.request_cancel, run.id, make.at).cancel_requested


def test_a_process_that_stood_still_amid_a_write_kept_nobody_out_and_writes_all_of_it_later(postgresql, make):
    tries, others = [], []

    def stand_still(tx, run_id):
        tries.append(1)
        runs.request_cancel(tx, run_id, make.at)
        if len(tries) == 1:
            with open_database(postgresql) as other:
                others.append(other.write_sync(runs.wake, run_id, make.at))
        runs.create(tx, make.run())

    with open_database(postgresql) as database:
        migrate.upgrade(database)
        run = database.write_sync(runs.create, make.run())

        database.write_sync(stand_still, run.id)

        assert (len(tries), len(others), count(database)) == (2, 1, 2)
        assert database.read_sync(runs.get, run.id).cancel_requested


def test_a_write_that_the_server_ended_before_its_commit_is_written_once_more(postgresql, make):
    tries = []

    def dawdle(tx):
        tries.append(1)
        runs.get(tx, runs.create(tx, make.run()).id)
        time.sleep(0.5 if len(tries) == 1 else 0)

    with open_database(f"{postgresql}?options=-cidle_in_transaction_session_timeout%3D200") as database:
        migrate.upgrade(database)

        database.write_sync(dawdle)

        assert (len(tries), count(database)) == (2, 1)
