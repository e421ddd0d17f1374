"""Jobs of Procrastinate come with the run's change, once a transaction, and their tables are looked after."""

import asyncio
import time

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import text

from planner.errors import StoreUnavailable
from planner.store import bells, migrate, open_database, queue, runs


@pytest.fixture
def database(postgresql):
    with open_database(postgresql) as opened:
        migrate.upgrade(opened)
        yield opened


@pytest.fixture
def plain(postgresql):
    """A connection that knows nothing of ours."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        yield connection


def jobs(database):
    query = text("SELECT status, queueing_lock FROM procrastinate_jobs WHERE task_name = :task ORDER BY id")
    found = database.read_sync(lambda tx: tx.execute(query, {"task": queue.TASK}).all())
    return [tuple(row) for row in found]


def fetched(plain):
    """Fetch a job as a process does that dies at once."""
    dead = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 day') RETURNING id"
    (worker,) = plain.execute(dead).fetchone()
    plain.execute("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['planner']::varchar[], %s)", [worker])


def wait_until_gone(database, *, within=10.0):
    until = time.monotonic() + within
    while jobs(database):
        assert time.monotonic() < until
        time.sleep(0.02)


async def heard(database, count, *, within=10.0):
    """Listen until it was heard so often."""
    told = asyncio.Queue()

    async def note():
        told.put_nowait(None)

    listening = asyncio.create_task(database.bell.queue.listen(note))
    async with asyncio.timeout(within):
        for _ in range(count):
            await told.get()
    return listening, told


async def ended(listening):
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


def test_many_rings_of_a_transaction_are_one_job(database):
    def twice(tx):
        bells.ring(tx)
        bells.ring(tx)

    database.write_sync(twice)

    assert jobs(database) == [("todo", database.bell._name)]


def test_jobs_do_not_pile_up_where_nobody_fetches_them(database, postgresql):
    with open_database(postgresql) as other:
        for store in (database, other, database, other, database):
            store.write_sync(bells.ring)

        assert {name for _, name in jobs(database)} == {database.bell._name, other.bell._name}
        assert len(jobs(database)) == 2


def test_what_is_rolled_back_rang_for_nobody(database, make):
    def failing(tx):
        runs.create(tx, make.run())
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write_sync(failing)

    assert jobs(database) == []


def test_a_job_that_was_fetched_is_not_replaced_and_the_next_stands_beside_it(database, plain):
    database.write_sync(bells.ring)
    fetched(plain)

    database.write_sync(bells.ring)

    assert [status for status, _ in jobs(database)] == ["doing", "todo"]


def test_a_job_is_heard_once_and_gone(database):
    async def scenario():
        database.write_sync(bells.ring)
        listening, told = await heard(database, 1)
        await database.write(bells.ring)
        async with asyncio.timeout(10):
            await told.get()
        await asyncio.to_thread(wait_until_gone, database)
        await ended(listening)
        return told.qsize()

    assert asyncio.run(scenario()) == 0


def test_jobs_that_a_process_took_with_it_are_dropped_and_count_as_heard(database, plain):
    database.write_sync(bells.ring)
    fetched(plain)

    async def scenario():
        listening, _ = await heard(database, 1)
        await asyncio.to_thread(wait_until_gone, database)
        await ended(listening)

    asyncio.run(scenario())


def test_listening_goes_on_after_every_connection_was_ended(database, plain):
    every = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"

    async def scenario():
        database.write_sync(bells.ring)
        listening, told = await heard(database, 1)
        plain.execute(f"{every} AND pid <> pg_backend_pid()")
        await asyncio.sleep(0.5)
        await database.write(bells.ring)
        async with asyncio.timeout(30):
            await told.get()
        await ended(listening)

    asyncio.run(scenario())


def test_listening_ends_whenever_it_is_cancelled_and_leaves_nothing_behind(database):
    async def hear_nothing():
        pass

    async def scenario():
        left = []
        for delay in range(60):
            listening = asyncio.create_task(database.bell.queue.listen(hear_nothing))
            await asyncio.sleep(delay / 4000)
            listening.cancel()
            await asyncio.wait({listening}, timeout=10)
            left += [delay for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        return left

    assert asyncio.run(scenario()) == []


def test_what_goes_wrong_in_whoever_hears_does_not_end_the_listening(database):
    told = asyncio.Queue()

    async def failing():
        told.put_nowait(None)
        raise ValueError("no")

    async def scenario():
        listening = asyncio.create_task(database.bell.queue.listen(failing))
        for _ in range(2):
            await database.write(bells.ring)
            async with asyncio.timeout(10):
                await told.get()
        await ended(listening)

    asyncio.run(scenario())


def at_version(plain, place):
    """Carry out the library's migrations up to one, as an older program of ours did."""
    known = queue._versions()
    for name in known[: place + 1]:
        plain.execute((queue._folder() / name).read_text(encoding="utf-8"))
    plain.execute(queue._MARK.format(known[place]))
    return known[place]


def test_older_tables_of_ours_are_brought_up_to_date(postgresql, plain):
    before, newest = at_version(plain, -4), queue._versions()[-1]
    with open_database(postgresql) as store:
        with pytest.raises(StoreUnavailable, match=f"has those of {before}, .* needs {newest}"):
            store.read_sync(store.bell.queue.check)

        migrate.upgrade(store)

        migrate.check(store)
        store.write_sync(bells.ring)
        assert len(jobs(store)) == 1
        assert store.read_sync(queue._found) == newest


def test_what_an_older_library_would_not_bear_is_left_until_it_is_asked_for(postgresql, plain):
    at_version(plain, -4)
    with open_database(postgresql) as store:
        store.write_sync(store.bell.queue.install, only_pre=True)

        assert store.read_sync(queue._found) == queue._versions()[-2]
        store.read_sync(store.bell.queue.check)
        store.write_sync(bells.ring)
        assert len(jobs(store)) == 1


def test_tables_of_a_newer_library_are_refused(database, plain):
    plain.execute("COMMENT ON TABLE procrastinate_jobs IS '99.00.00_01_pre_more.sql'")

    with pytest.raises(StoreUnavailable, match=r"Procrastinate 99\.00\.00_01.* install the newer one"):
        migrate.check(database)
    with pytest.raises(StoreUnavailable, match="install the newer one"):
        migrate.upgrade(database)


def test_tables_of_another_program_are_refused(postgresql, plain):
    plain.execute(SchemaManager.get_schema())

    with (
        open_database(postgresql) as store,
        pytest.raises(StoreUnavailable, match="another program's tables"),
    ):
        migrate.upgrade(store)


def test_a_database_that_lacks_the_tables_says_what_to_do(database, plain):
    plain.execute("DROP TABLE procrastinate_jobs CASCADE")

    with pytest.raises(StoreUnavailable, match=r"lacks the tables of Procrastinate.* run `planner migrate`"):
        migrate.check(database)
