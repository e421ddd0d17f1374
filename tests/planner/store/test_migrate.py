import re
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, insert, inspect, select, table, text

from planner.errors import StoreUnavailable
from planner.log.envelopes import Keeping
from planner.store import bodies, decisions, migrate, open_database, rows, runs, tables

VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


@pytest.fixture
def empty(url):
    with open_database(url) as opened:
        yield opened


LATER = {"tenant", "model_calls", "tokens", "nano_usd"}
"""Columns that decisions did not have at first."""


def stamp(database, revision):
    database.write_sync(
        lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision}) and None
    )


def test_an_empty_database_is_upgraded_to_the_head(empty):
    assert migrate.current(empty) is None

    migrate.upgrade(empty)

    assert migrate.current(empty) == migrate.head()
    migrate.check(empty)


def test_migrations_make_exactly_the_tables_of_the_code(database):
    def difference(connection):
        return compare_metadata(MigrationContext.configure(connection), tables.metadata)

    assert database.read_sync(difference) == []


def test_upgrading_again_keeps_what_is_there(database, make):
    run = database.write_sync(runs.create, make.run())

    migrate.upgrade(database)

    assert database.read_sync(runs.get, run.id) == run


def test_decisions_that_were_kept_before_the_log_are_taken_into_it(url, make):
    made = make.decision(reason="cheap", given={"total": 5})
    before = rows.of_index(made) | {"body": bodies.encode(made.model_dump(mode="json"))}
    before = {name: value for name, value in before.items() if name not in LATER}
    with open_database(url) as old:
        old.write_sync(lambda tx: command.upgrade(migrate.config(tx), "0001"))
        index = table(
            "decisions", *(column(name) for name in before if name != "ts"), column("ts", tables.Instant())
        )
        old.write_sync(lambda tx: tx.execute(insert(index).values(before)) and None)

        migrate.upgrade(old)

        assert old.read_sync(decisions.get, made.decision_id) == made
        head = old.read_sync(lambda tx: tx.execute(select(tables.heads)).one())
        assert (head.stream, head.seq) == ("migrated/0002", 1)


def test_what_was_there_before_tenants_is_the_default_one_s(url, make):
    with open_database(url) as old:
        old.write_sync(lambda tx: command.upgrade(migrate.config(tx), "0004"))
        run, row = make.run(), runs._row(make.run(), Keeping())
        row |= {"id": run.id, "created_at": 1, "updated_at": 1}
        for later in ("tenant", "sealed", "sealed_output"):
            del row[later]
        before = table("runs", *(column(name) for name in row))
        old.write_sync(lambda tx: tx.execute(insert(before).values(row)) and None)

        migrate.upgrade(old)

        assert old.read_sync(runs.get, run.id).tenant == "default"
        # A process of before, which knows of no tenants, writes on the new tables too.
        old.write_sync(lambda tx: tx.execute(insert(before).values(row | {"id": "old"})) and None)
        assert old.read_sync(runs.get, "old").tenant == "default"


def test_processes_that_start_together_upgrade_once(url):
    failures = []

    def start():
        try:
            with open_database(url) as own:
                migrate.upgrade(own)
        except StoreUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with open_database(url) as opened:
        migrate.check(opened)


def test_a_database_without_tables_is_refused_with_a_remedy(empty):
    with pytest.raises(
        StoreUnavailable, match=f"has no tables yet, and this program needs {migrate.head()}; upgrade it"
    ):
        migrate.check(empty)


def test_a_database_of_a_later_program_is_neither_used_nor_upgraded(database):
    stamp(database, "9999")

    with pytest.raises(StoreUnavailable, match="schema 9999, which is newer than this program"):
        migrate.check(database)
    with pytest.raises(StoreUnavailable, match="start the program that made it"):
        migrate.upgrade(database)


def test_an_upgrade_that_fails_half_way_leaves_nothing_behind(empty):
    empty.write_sync(lambda tx: tx.execute(text("CREATE TABLE workflows (name TEXT)")) and None)

    with pytest.raises(StoreUnavailable, match="workflows"):
        migrate.upgrade(empty)

    assert empty.read_sync(lambda tx: inspect(tx).get_table_names()) == ["workflows"]


def test_migrations_are_numbered_and_say_when_they_may_run():
    named = sorted(path.name for path in VERSIONS.glob("*.py"))

    assert named
    for number, name in enumerate(named, start=1):
        assert re.fullmatch(rf"{number:04}_(pre|post)_[a-z_]+\.py", name)


def test_migrations_only_go_forward():
    scripts = list(ScriptDirectory.from_config(migrate.config()).walk_revisions())

    assert [script.revision for script in scripts] == [f"{n:04}" for n in range(len(scripts), 0, -1)]
    assert not any(hasattr(script.module, "downgrade") for script in scripts)
