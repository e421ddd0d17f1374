import re
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, insert, inspect, select, table, text

from planner import bodies
from planner.errors import StoreUnavailable
from planner.log.envelopes import Keeping
from planner.store import decisions, instants, migrate, open_database, rows, runs, tables

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
    def is_ours(name, kind, _):
        return kind != "table" or not name.startswith("procrastinate_")

    def difference(connection):
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        return compare_metadata(context, tables.metadata)

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
            "decisions", *(column(name) for name in before if name != "ts"), column("ts", instants.Instant())
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


def note(database, revision, phase):
    """Make the schema one that a later program left."""
    stamp(database, revision)
    row = {"revision": revision, "phase": phase}
    database.write_sync(lambda tx: tx.execute(insert(tables.migrations).values(row)) and None)


def test_a_schema_that_a_later_program_only_added_to_is_used_as_it_is(database, make):
    note(database, "9998", "pre")
    note(database, "9999", "pre")

    migrate.check(database)
    migrate.upgrade(database)

    assert migrate.current(database) == "9999"
    assert migrate.pending(database) == {}
    database.write_sync(runs.create, make.run())


def test_a_schema_that_a_later_program_took_something_from_is_refused(database):
    note(database, "9998", "post")
    note(database, "9999", "pre")

    for use in (migrate.check, migrate.upgrade):
        with pytest.raises(StoreUnavailable, match="schema 9999, which is newer than this program"):
            use(database)


def test_what_programs_of_before_would_not_bear_waits(url):
    with open_database(url) as old:
        old.write_sync(lambda tx: command.upgrade(migrate.config(tx), "0001"))

        migrate.upgrade(old, to="pre")

        assert migrate.current(old) == "0002"
        assert next(iter(migrate.pending(old).items())) == ("0003", "post")
        with pytest.raises(
            StoreUnavailable, match="run `planner migrate` once no process of an older version"
        ):
            migrate.check(old)
        migrate.upgrade(old)
        migrate.check(old)


def test_what_was_done_is_noted_with_its_phase(database):
    noted = dict(database.read_sync(lambda tx: tx.execute(select(tables.migrations)).all()))

    assert noted["0001"] == "pre"
    assert noted["0003"] == "post"
    assert list(noted)[-1] == migrate.head()


def shape(connection):
    """Return the columns and the rules of every table."""
    found = inspect(connection)
    return {
        name: (
            {each["name"]: each for each in found.get_columns(name)},
            [found.get_pk_constraint(name), found.get_unique_constraints(name), found.get_foreign_keys(name)],
            [each for each in found.get_indexes(name) if each["unique"]],
        )
        for name in found.get_table_names()
    }


def test_what_is_called_pre_only_adds_what_programs_of_before_need_not_know(empty):
    scripts = migrate._known()
    empty.write_sync(lambda tx: command.upgrade(migrate.config(tx), scripts[0].revision))
    for script in scripts[1:]:
        before = empty.read_sync(shape)
        empty.write_sync(lambda tx, to=script.revision: command.upgrade(migrate.config(tx), to))
        if migrate._phase(script) == "post":
            continue
        after = empty.read_sync(shape)
        for name, (columns, *rules) in before.items():
            later, *later_rules = after[name]
            assert later_rules == rules, (script.revision, name)
            for each in columns:
                assert str(later[each]) == str(columns[each]), (script.revision, name, each)
            for each in later.keys() - columns.keys():
                fills_itself = later[each]["nullable"] or later[each]["default"] is not None
                assert fills_itself, (script.revision, name, each)


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
