"""On PostgreSQL, what one process hands over another one begins at once, and nothing is lost on the way."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from graphs.intake import RunRequest, begin
from graphs.testing import ended, process, register, settled, start, until
from planner import postgres
from planner.clock import SystemClock
from planner.runs import PersonAnswer
from planner.store import migrate, open_database, questions, runs

STEPS = "a: {call: shop.look}\nb: {set: {n: '${input.n}'}}"
now = SystemClock().now
NEVER = 600.0
"""So seldom that a test cannot mean it."""
ASK = "ask: {decide: What now, by: person, within: PT1H, options: {go: {}, stop: {}}, otherwise: stop}"


@pytest.fixture
def url(postgresql):
    """Only PostgreSQL has several processes that tell each other."""
    return postgresql


@pytest.fixture
def elsewhere(url, database):
    """The same database as a process sees it that takes runs in and moves none."""
    with open_database(url) as opened:
        yield opened


@asynccontextmanager
async def listening(database, catalog, caller=None, **more):
    """A process that looks only when it is told to, and has begun to listen."""
    async with process(database, catalog, caller, look_seconds=NEVER, **more) as dispatcher:
        await until(partial(database.read, is_heard))
        await asyncio.sleep(0.2)
        yield dispatcher


def is_heard(tx):
    return tx.execute(text("SELECT count(*) FROM procrastinate_workers")).scalar_one() > 0


async def queued(store, dispatcher, **given):
    """Take a run in as a process does that moves none."""
    parts = replace(dispatcher.parts, database=store)
    begun = await begin(RunRequest(workflow="test", input=given), parts, None, started_by="test")
    return begun.run.id


def test_a_run_that_was_taken_in_without_dispatch_is_begun_elsewhere_at_once(database, elsewhere, catalog):
    register(database, STEPS)

    async def scenario():
        async with listening(database, catalog) as dispatcher:
            ids = [await queued(elsewhere, dispatcher, n=n) for n in range(5)]
            return [await ended(database, run_id) for run_id in ids]

    assert {run.status for run in asyncio.run(scenario())} == {"succeeded"}


@pytest.mark.parametrize("how", ["answer", "cancel", "wake"])
def test_a_waiting_run_that_is_woken_elsewhere_goes_on_at_once(database, elsewhere, catalog, how):
    register(database, ASK)

    async def scenario():
        async with listening(database, catalog) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            await settled(dispatcher, run_id)
            asked = (await database.read(questions.page)).items[0]
            if how == "answer":
                answer = PersonAnswer(choice="go", actor="u-1", at=now())
                await elsewhere.write(questions.answer, asked.decision_id, answer)
            elif how == "cancel":
                await elsewhere.write(runs.request_cancel, run_id, now())
            else:
                epoch = (await database.read(runs.get, run_id)).epoch
                await elsewhere.write(runs.wake, run_id, now())
                return epoch, await taken_again(database, run_id, epoch)
            return await ended(database, run_id)

    found = asyncio.run(scenario())

    if how == "wake":
        assert found[1] > found[0]
    else:
        assert found.status == {"answer": "succeeded", "cancel": "cancelled"}[how]


async def taken_again(database, run_id, epoch):
    """Return the epoch once somebody took the run up again."""

    async def is_taken():
        return (await database.read(runs.get, run_id)).epoch > epoch

    await until(is_taken)
    return (await database.read(runs.get, run_id)).epoch


def test_a_full_process_passes_on_what_it_is_told_of(database, elsewhere, catalog):
    register(database, STEPS)

    async def scenario():
        async with listening(database, catalog, concurrency=0) as full, listening(elsewhere, catalog):
            ids = [await queued(database, full, n=n) for n in range(6)]
            return [await ended(database, run_id) for run_id in ids], full.active

    found, active = asyncio.run(scenario())

    assert ({run.status for run in found}, active) == ({"succeeded"}, 0)


def test_a_full_process_hands_over_what_it_takes_in(database, elsewhere, catalog):
    register(database, STEPS)

    async def scenario():
        async with listening(database, catalog, concurrency=0) as full, listening(elsewhere, catalog):
            return await ended(database, await start(full, workflow="test", input={"n": 1}))

    assert asyncio.run(scenario()).status == "succeeded"


def test_a_process_that_begins_what_it_took_in_puts_nothing_into_the_queue(database, catalog):
    register(database, STEPS)

    async def scenario():
        async with listening(database, catalog) as dispatcher:
            before = await database.read(jobs_so_far)
            for n in range(3):
                await settled(dispatcher, await start(dispatcher, workflow="test", input={"n": n}))
            return before, await database.read(jobs_so_far)

    before, after = asyncio.run(scenario())

    assert before == after


def jobs_so_far(tx):
    return tx.execute(text("SELECT last_value FROM procrastinate_jobs_id_seq")).scalar_one()


def test_a_due_timer_fires_though_nobody_looks_and_nobody_is_told(database, catalog):
    register(database, ASK.replace("PT1H", "PT1S"))

    async def scenario():
        async with listening(database, catalog) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            parked = await settled(dispatcher, run_id)
            return parked, await ended(database, run_id)

    parked, run = asyncio.run(scenario())

    assert (parked.status, run.status) == ("waiting", "succeeded")
    assert timedelta() <= run.ended_at - parked.wake_at < timedelta(seconds=8)


def test_a_timer_of_a_process_that_stopped_fires_in_another_one(database, elsewhere, catalog):
    register(database, ASK.replace("PT1H", "PT3S"))

    async def scenario():
        async with listening(elsewhere, catalog):
            async with listening(database, catalog) as first:
                run_id = await start(first, workflow="test")
                await settled(first, run_id)
            return await ended(elsewhere, run_id)

    assert asyncio.run(scenario()).status == "succeeded"


def test_a_lease_that_ends_is_noticed_though_its_owner_tells_nobody(database, elsewhere, catalog):
    register(database, STEPS)

    async def scenario():
        async with listening(database, catalog) as dispatcher:
            dispatcher.parts.concurrency = 0
            run_id = await queued(elsewhere, dispatcher, n=1)
            await elsewhere.write(runs.claim, worker="dead", now=now(), lease_seconds=2.0)
            dispatcher.parts.concurrency = 1
            dispatcher.poke()
            return await ended(database, run_id)

    assert asyncio.run(scenario()).status == "succeeded"


def test_what_a_killed_process_was_told_of_is_lost_to_nobody(database, elsewhere, catalog):
    """The first one is told and dies before it looks; the next one that listens takes up the run."""
    register(database, STEPS)

    async def scenario():
        async with process(elsewhere, catalog, concurrency=0) as setting:
            run_id = await queued(elsewhere, setting, n=1)
        await database.write(fetch_and_die)
        async with listening(database, catalog):
            return await ended(database, run_id)

    assert asyncio.run(scenario()).status == "succeeded"


def fetch_and_die(tx):
    dead = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 day') RETURNING id"
    worker = tx.execute(text(dead)).scalar_one()
    fetch = "SELECT id FROM procrastinate_fetch_job_v2(ARRAY['planner']::varchar[], :worker)"
    assert tx.execute(text(fetch), {"worker": worker}).scalar_one() is not None


def test_runs_are_handed_over_after_the_server_was_restarted(catalog):
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL is not installed")

    async def scenario(server):
        with open_database(server.url) as database, open_database(server.url) as elsewhere:
            migrate.upgrade(database)
            register(database, STEPS)
            async with listening(database, catalog) as dispatcher:
                first = await ended(database, await queued(elsewhere, dispatcher, n=1))
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                run_id = await queued(elsewhere, dispatcher, n=2)
                return first, await ended(elsewhere, run_id, within=40)

    with postgres.server(durable=False) as server:
        found = asyncio.run(scenario(server))

    assert [run.status for run in found] == ["succeeded", "succeeded"]
