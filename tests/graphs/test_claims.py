"""What waits is taken up once, whatever goes wrong while looking for it."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
import uvloop

from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from graphs.testing import Failing, ScriptedCaller, ended, process, register, settled, start, until
from planner.clock import SystemClock
from planner.errors import StoreUnavailable
from planner.store import migrate, open_database, runs

STEPS = "a: {call: shop.look}\nb: {set: {n: '${input.n}'}}"
now = SystemClock().now


def test_a_claim_is_carried_out_though_nobody_waits_for_it_any_more(database, catalog):
    register(database, STEPS)

    async def scenario():
        async with process(database, catalog) as setting:
            parts = setting.parts
        alone = Dispatcher(parts)
        await alone.start(claim=False)
        begun = await begin(RunRequest(workflow="test", input={"n": 1}), parts, None, started_by="test")
        taking = asyncio.create_task(alone.take(begun.run.id))
        await asyncio.sleep(0)
        taking.cancel()
        run = await ended(database, begun.run.id, within=3)
        await alone.stop()
        return run

    assert asyncio.run(scenario()).status == "succeeded"


def test_a_process_that_stops_while_it_claims_keeps_no_run(database, catalog):
    register(database, STEPS)

    async def scenario():
        async with process(database, catalog) as setting:
            parts = setting.parts
        alone = Dispatcher(parts)
        await alone.start(claim=False)
        begun = await begin(RunRequest(workflow="test", input={"n": 1}), parts, None, started_by="test")
        taking = asyncio.create_task(alone.take(begun.run.id))
        await asyncio.sleep(0)
        await alone.stop()
        await taking
        return await database.read(runs.get, begun.run.id)

    run = asyncio.run(scenario())

    assert (run.status, run.worker) == ("queued", None)


@pytest.mark.parametrize("error", [StoreUnavailable("busy"), ValueError("a row that cannot be read")])
def test_the_claim_loop_outlives_what_goes_wrong_in_it(database, catalog, error):
    register(database, STEPS)

    async def scenario():
        async with process(Failing(database, error, claims={1}), catalog) as dispatcher:
            begun = await begin(
                RunRequest(workflow="test", input={"n": 1}), dispatcher.parts, None, started_by="test"
            )
            return await ended(database, begun.run.id)

    assert asyncio.run(scenario()).status == "succeeded"


def test_two_processes_on_one_database_move_every_run_once(database, catalog):
    register(database, "a: {call: shop.pay, with: {order: '${input.n}'}}\nb: {wait: PT0.01S}")

    async def scenario():
        one, two = ScriptedCaller({}), ScriptedCaller({})
        async with process(database, catalog, one) as first, process(database, catalog, two):
            ids = [
                (
                    await begin(
                        RunRequest(workflow="test", input={"n": n}), first.parts, None, started_by="test"
                    )
                ).run.id
                for n in range(60)
            ]
            found = [await ended(database, run_id) for run_id in ids]
        return [run.status for run in found], Counter(a["order"] for _, a, _ in one.calls + two.calls)

    statuses, paid = asyncio.run(scenario())

    assert set(statuses) == {"succeeded"}
    assert set(paid.values()) == {1}


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_earliest_moment_at_which_to_look_counts_on_every_event_loop(tmp_path, catalog, loop):
    """Also one that has passed, for which some loops give a handle that does not tell when it goes off."""
    with open_database(f"sqlite:///{tmp_path / 'planner.db'}") as database:
        migrate.upgrade(database)
        register(
            database, "ask: {decide: What now, by: person, options: {go: {}, stop: {}}, otherwise: stop}"
        )

        async def scenario():
            async with process(database, catalog) as dispatcher:
                run_id = await start(dispatcher, workflow="test")
                await settled(dispatcher, run_id)
                epoch = (await database.read(runs.get, run_id)).epoch
                await database.write(runs.wake, run_id, now())
                for seconds in (3600, -1, -2, 0, 7200):
                    dispatcher._claims.look_by(now() + timedelta(seconds=seconds))

                async def is_taken():
                    return (await database.read(runs.get, run_id)).epoch > epoch

                await until(is_taken)

        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(scenario())
