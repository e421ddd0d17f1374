import asyncio
import sqlite3
import threading
from collections import Counter

import pytest
from sqlalchemy import func, select

from planner.errors import RunUnknown, StoreUnavailable
from planner.store import journal, migrate, open_database, runs, tables


@pytest.fixture
def file(tmp_path):
    """An SQLite file of the newest schema."""
    path = tmp_path / "planner.db"
    with open_database(f"sqlite:///{path}") as opened:
        migrate.upgrade(opened)
    return path


@pytest.fixture
def small(file):
    """A database that waits only a moment for a lock."""
    with open_database(f"sqlite:///{file}", busy_ms=50) as opened:
        yield opened


def count(tx):
    return tx.execute(select(func.count()).select_from(tables.runs)).scalar_one()


def pragma(database, name):
    return database.read_sync(lambda tx: tx.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def test_what_was_written_is_read(database, make):
    run = make.run()

    async def work():
        await database.write(runs.create, run)
        return await database.read(runs.get, run.id)

    assert asyncio.run(work()) == run


def test_a_function_that_raises_gives_its_error_to_its_caller(database):
    async def work():
        await database.read(runs.get, "nobody")

    with pytest.raises(RunUnknown):
        asyncio.run(work())


def test_one_read_sees_one_state(database, make):
    def twice(tx):
        before = count(tx)
        if database.name.startswith("sqlite"):
            database.write_sync(runs.create, make.run())
        return before, count(tx)

    assert database.read_sync(twice) == (0, 0)


def test_a_read_cannot_leave_anything_behind(database, make):
    database.read_sync(runs.create, make.run())

    assert database.read_sync(count) == 0


def test_the_event_loop_goes_on_while_the_database_works(database):
    async def work():
        gone_on = threading.Event()
        reading = asyncio.create_task(database.read(lambda _: gone_on.wait(5)))
        writing = asyncio.create_task(database.write(lambda _: gone_on.wait(5)))
        await asyncio.sleep(0.01)
        gone_on.set()
        return await asyncio.gather(reading, writing)

    assert asyncio.run(work()) == [True, True]


def test_a_database_closes_itself_where_it_was_opened(file):
    async def work():
        async with open_database(f"sqlite:///{file}") as opened:
            assert await opened.read(count) == 0
        return opened

    with pytest.raises(StoreUnavailable, match="it was closed"):
        asyncio.run(work()).read_sync(count)


def test_a_closed_database_says_so_and_may_be_closed_again(database):
    database.close()
    database.close()

    for use in (database.read_sync, database.write_sync):
        with pytest.raises(StoreUnavailable, match="it was closed"):
            use(count)
    with pytest.raises(StoreUnavailable, match="it was closed"):
        asyncio.run(database.read(count))


def test_sqlite_syncs_every_commit_and_lets_readers_read(small):
    found = [pragma(small, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")]

    assert found == ["wal", 2, 1, 50]


def test_folders_of_the_file_are_made(tmp_path):
    with open_database(f"sqlite:///{tmp_path / 'a' / 'b' / 'planner.db'}") as opened:
        migrate.upgrade(opened)

    assert (tmp_path / "a" / "b" / "planner.db").is_file()


def test_the_password_of_a_url_is_never_shown():
    with (
        open_database("postgresql://me:s3cret@127.0.0.1:1/db") as hidden,
        pytest.raises(StoreUnavailable) as caught,
    ):
        hidden.read_sync(count)
    assert "s3cret" not in f"{hidden.name} {caught.value}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "a database in memory is lost with its process"),
        ("sqlite:///:memory:", "a database in memory is lost with its process"),
        ("planner.db", "cannot be read"),
        ("mysql://me@127.0.0.1/db", "write sqlite:///file.db or postgresql"),
    ],
)
def test_a_url_that_names_no_usable_database_is_refused(url, words):
    with pytest.raises(StoreUnavailable, match=words):
        open_database(url)


def test_a_driver_that_is_not_installed_is_named():
    with pytest.raises(StoreUnavailable, match="needs the driver 'pg8000'; install it or use sqlite"):
        open_database("postgresql+pg8000://me@127.0.0.1/db")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreUnavailable, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'planner.db'}")


def test_a_path_that_is_a_folder_cannot_be_opened(tmp_path):
    with (
        open_database(f"sqlite:///{tmp_path}") as opened,
        pytest.raises(StoreUnavailable, match="the file cannot be opened"),
    ):
        migrate.upgrade(opened)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir, " * 500)

    with (
        open_database(f"sqlite:///{path}") as opened,
        pytest.raises(StoreUnavailable, match="no SQLite database"),
    ):
        migrate.upgrade(opened)
    assert path.read_text() == "Dear Sir, " * 500


def test_a_database_without_tables_says_what_it_lacks(tmp_path):
    with (
        open_database(f"sqlite:///{tmp_path / 'new.db'}") as opened,
        pytest.raises(StoreUnavailable, match=r"no such table: runs.*bring its schema up to date"),
    ):
        opened.read_sync(count)


def test_a_locked_database_is_unavailable_until_it_is_let_go(small, file, make):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another process keeps it locked"):
        small.write_sync(runs.create, make.run())
    assert small.read_sync(count) == 0
    other.execute("ROLLBACK")
    other.close()

    small.write_sync(runs.create, make.run())

    assert small.read_sync(count) == 1


def test_a_file_that_is_not_writable_can_still_be_read(file, make):
    with open_database(f"sqlite:///file:{file}?mode=ro&uri=true") as opened:
        assert opened.read_sync(count) == 0
        with pytest.raises(StoreUnavailable, match="it is not writable"):
            opened.write_sync(runs.create, make.run())


def test_a_full_disk_loses_only_what_does_not_fit(small, make, held):
    run, other = make.claimed(small), make.claimed(small)
    pages = pragma(small, "page_count")
    small.write_sync(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 3}").close())

    async def work():
        with held(small):
            big = make.entry(1, body={"output": "x" * 500_000})
            units = [make.append(run)._replace(entries=(big,)), make.append(other, 1), make.append(other, 2)]
            tasks = [asyncio.create_task(small.append(unit)) for unit in units]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    full, *kept = asyncio.run(work())
    assert isinstance(full, StoreUnavailable)
    assert "there is no room left" in str(full)
    assert kept == [None, None]
    assert [seq for seq, _ in small.read_sync(journal.entries, other.id)] == [1, 2]
    small.write_sync(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count=100000").close())
    small.append_sync(make.append(other, 3))


def test_a_damaged_file_is_said_to_be_damaged(file, make):
    with open_database(f"sqlite:///{file}") as opened:
        for _ in range(300):
            opened.write_sync(runs.create, make.run(goal="x" * 200))
    content = bytearray(file.read_bytes())
    content[4096 : len(content)] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)

    with open_database(f"sqlite:///{file}") as opened:
        with pytest.raises(StoreUnavailable, match="the file is damaged; restore it from a backup"):
            opened.read_sync(runs.page)
        with pytest.raises(StoreUnavailable, match="the file is damaged"):
            opened.write_sync(runs.create, make.run())


def test_a_connection_that_was_closed_under_us_is_replaced(small, make):
    with pytest.raises(StoreUnavailable, match="its connection is closed"):
        small.write_sync(lambda tx: tx.connection.dbapi_connection.close())

    small.write_sync(runs.create, make.run())

    assert small.read_sync(count) == 1


def test_reads_in_many_threads_do_not_disturb_writes(database, make):
    async def work():
        writes = [database.write(runs.create, make.run()) for _ in range(40)]
        reads = [database.read(count) for _ in range(40)]
        return await asyncio.gather(*writes, *reads)

    kinds = Counter(type(each).__name__ for each in asyncio.run(work()))
    assert kinds == {"Run": 40, "int": 40}
    assert database.read_sync(count) == 40
