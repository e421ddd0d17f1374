"""A run is moved by whoever has its lease, and by nobody else."""

import asyncio
from datetime import timedelta
from functools import partial

from graphs.testing import OK, ScriptedCaller, process, register, settled, start
from planner.clock import SystemClock
from planner.store import journal, runs, versions

STEPS = "a: {call: shop.look}\nb: {set: {n: '${input.n}'}}"
now = SystemClock().now


def test_another_process_takes_up_what_a_dead_one_left(database, catalog):
    register(database, STEPS)
    hanging = ScriptedCaller({})

    async def never(*_, **__):
        await asyncio.sleep(60)

    async def scenario():
        hanging.call = never
        async with process(database, catalog, hanging) as first:
            run_id = await start(first, workflow="test", input={"n": 1})
            await asyncio.sleep(0.1)
            holding = first._leases.held
            moving = (each.task for each in holding.values())
            for task in (first._leases._task, *first._claims._tasks, *moving):
                task.cancel()
            held = holding[run_id].run
            holding.clear()
            later = now() + timedelta(seconds=60)
            lost = await database.write(runs.claim, worker="other", now=later, lease_seconds=-120.0)
            async with process(database, catalog) as second:
                return held.epoch, lost[0].epoch, await settled(second, run_id)

    before, after, run = asyncio.run(scenario())

    assert after > before
    assert run.status == "succeeded"


def test_a_worker_that_lost_its_lease_writes_nothing_more(database, catalog):
    register(database, "a: {call: shop.pay, with: {order: o-1}}\nb: {call: shop.look}")
    slow = ScriptedCaller({})
    called = asyncio.Event()

    async def late(operation, arguments, **more):
        slow.calls.append((operation.name, arguments, None))
        called.set()
        await asyncio.sleep(0.3)
        return OK

    async def scenario():
        slow.call = late
        async with process(database, catalog, slow, lease_seconds=60) as stale:
            run_id = await start(stale, workflow="test")
            await called.wait()
            later = now() + timedelta(hours=1)
            stolen = await database.write(runs.claim, worker="thief", now=later, lease_seconds=3600)
            await asyncio.sleep(0.6)
            entries = await database.read(journal.entries, run_id)
            return stolen, [entry.kind for _, entry in entries], [name for name, _, _ in slow.calls]

    stolen, kinds, calls = asyncio.run(scenario())

    assert len(stolen) == 1
    assert kinds == ["started", "intention"]
    assert calls == ["shop.pay"]


def test_runs_of_a_paused_version_stop_at_a_safe_point_and_go_on_when_it_is_active(database, catalog):
    register(database, "a: {call: shop.look}\nw: {wait: PT0.6S}\nb: {call: shop.look}")

    async def scenario():
        caller = ScriptedCaller({})
        async with process(database, catalog, caller, lease_seconds=0.3) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            change = partial(versions.change, name="test", version="1.0.0", actor="u-1", now=now())
            await database.write(change, state="paused")
            held = await settled(dispatcher, run_id)
            await asyncio.sleep(1.0)
            still, made = await database.read(runs.get, run_id), len(caller.calls)
            await database.write(change, state="draining")
            return held, still, made, await settled(dispatcher, run_id, or_waits=False)

    held, still, made, ended = asyncio.run(scenario())

    assert (held.status, still.status, made) == ("waiting", "waiting", 1)
    assert ended.status == "succeeded"
