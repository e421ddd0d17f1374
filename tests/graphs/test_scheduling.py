"""Runs begin by themselves, each moment's once."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from graphs import scheduling, testing
from graphs.scheduling import Scheduler
from graphs.testing import START, Crashed, VirtualClock, ended, until
from planner.budgets import TenantBudget
from planner.clock import SystemClock
from planner.errors import InputInvalid, QueueFull, VersionClosed, WorkflowUnknown
from planner.schedules import Timing
from planner.store import runs, schedules, versions

INPUT = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
WAITS = "ask: {decide: What now, by: person, options: {a: {}, b: {}}}"


def register(database, steps="a: {set: {x: 1}}", **more):
    testing.register(database, steps, **{"input": INPUT} | more)


@asynccontextmanager
async def process(database, catalog, ticking=None, **more):
    """One process whose clock stands still unless a test moves it."""
    async with testing.process(database, catalog, clock=ticking or VirtualClock(), **more) as dispatcher:
        yield Scheduler(dispatcher.parts, dispatcher), dispatcher.parts


async def add(parts, name="often", tenant="default", **plan):
    made = Timing(**{"workflow": "test", "every": "PT1H", "input": {"n": 1}} | plan)
    drafted = scheduling.drafted(
        made, name=name, tenant=tenant, schedule_id=parts.new_id(), by="u", now=parts.clock.now()
    )
    return await parts.database.write(scheduling.add, drafted)


async def begun(parts, schedule):
    page = await parts.database.read(runs.page, started_by=f"schedule:{schedule.id}")
    return list(reversed(page.items))


async def later(scheduler, parts, **by):
    parts.clock.advance(parts.clock.now() + timedelta(**by))
    await scheduler.begin_due()


def play(database, catalog, scene, **more):
    async def scenario():
        async with process(database, catalog, **more) as (scheduler, parts):
            return await scene(scheduler, parts)

    return asyncio.run(scenario())


def test_a_run_begins_when_its_moment_has_come(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts)
        await later(scheduler, parts, minutes=59)
        before = await begun(parts, schedule)
        await later(scheduler, parts, minutes=1)
        await scheduler.begin_due()
        found = await begun(parts, schedule)
        await ended(database, found[0].id)
        return before, found, await parts.database.read(schedules.get, schedule.id)

    before, (run,), held = play(database, catalog, scene)

    assert (before, run.input, run.workflow.name) == ([], {"n": 1}, "test")
    assert (held.last_run_id, held.next_at, held.problem) == (run.id, START + timedelta(hours=2), None)


def test_two_processes_begin_one_run_for_a_moment(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts)
        async with process(database, catalog) as (other, others):
            for each in (parts, others):
                each.clock.advance(START + timedelta(hours=1))
            await asyncio.gather(*(each.begin_due() for each in (scheduler, other) * 3))
        return await begun(parts, schedule)

    assert len(play(database, catalog, scene)) == 1


def test_while_the_run_before_goes_on_the_next_is_left_out(database, catalog):
    register(database, WAITS)

    async def scene(scheduler, parts):
        schedule = await add(parts)
        await later(scheduler, parts, hours=1)
        await later(scheduler, parts, hours=1)
        return await begun(parts, schedule), await parts.database.read(schedules.get, schedule.id)

    (run,), held = play(database, catalog, scene)

    assert (held.skipped, held.last_run_id) == (1, run.id)
    assert held.problem == f"run {run.id} had not ended"


def test_where_overlap_is_allowed_runs_go_on_side_by_side(database, catalog):
    register(database, WAITS)

    async def scene(scheduler, parts):
        schedule = await add(parts, overlap="allow")
        for _ in range(3):
            await later(scheduler, parts, hours=1)
        return await begun(parts, schedule)

    assert len(play(database, catalog, scene)) == 3


def test_where_the_plan_says_so_the_run_before_is_cancelled(database, catalog):
    register(database, WAITS)

    async def scene(scheduler, parts):
        schedule = await add(parts, overlap="cancel")
        await later(scheduler, parts, hours=1)
        (first,) = await begun(parts, schedule)

        # The database has a clock of its own, by which a run would be woken that is asked before it waits.
        async def waits():
            return (await parts.database.read(runs.get, first.id)).status == "waiting"

        await until(waits)
        await later(scheduler, parts, hours=1)
        _, second = await begun(parts, schedule)
        await ended(database, first.id)
        return [await parts.database.read(runs.get, each.id) for each in (first, second)]

    first, second = play(database, catalog, scene)

    assert (first.status, second.ended) == ("cancelled", False)


def test_moments_that_were_missed_are_caught_up_with_as_long_as_they_are_not_too_old(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts, overlap="allow", catch_up="PT2H30M")
        await later(scheduler, parts, hours=10)
        return await begun(parts, schedule), await parts.database.read(schedules.get, schedule.id)

    found, held = play(database, catalog, scene)

    assert len(found) == 3
    assert (held.skipped, held.next_at) == (7, START + timedelta(hours=11))


def test_what_cannot_be_begun_is_told_and_tried_at_the_next_moment(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts)
        await parts.database.write(versions.change, "test", "1.0.0", "draining", actor="u", now=START)
        await later(scheduler, parts, hours=1)
        failed = await parts.database.read(schedules.get, schedule.id)
        await parts.database.write(versions.change, "test", "1.0.0", "active", actor="u", now=START)
        await later(scheduler, parts, hours=1)
        return failed, await begun(parts, schedule)

    failed, found = play(database, catalog, scene)

    assert "1.0.0 is draining" in failed.problem
    assert len(found) == 1


def test_while_the_queue_is_full_a_moment_waits(database, catalog):
    register(database)

    async def scene(_scheduler, parts):
        idle = Scheduler(parts, None)
        schedule = await add(parts, overlap="allow")
        await later(idle, parts, hours=1)
        with pytest.raises(QueueFull):
            await later(idle, parts, hours=1)
        parts.most_queued = None
        await idle.begin_due()
        return await parts.database.read(schedules.get, schedule.id)

    async def scenario():
        async with process(database, catalog, most_queued=1) as (scheduler, parts):
            parts.concurrency = 0
            return await scene(scheduler, parts)

    assert asyncio.run(scenario()).next_at == START + timedelta(hours=3)


def test_a_tenant_whose_queue_is_full_holds_up_no_other(database, catalog):
    register(database)

    async def scene(_scheduler, parts):
        idle = Scheduler(parts, None)
        await add(parts, tenant="acme", overlap="allow")
        await later(idle, parts, hours=1)
        other = await add(parts, tenant="other")
        with pytest.raises(QueueFull, match="acme"):
            await later(idle, parts, hours=1)
        return await begun(parts, other)

    full = {"acme": TenantBudget(most_queued=1)}
    assert len(play(database, catalog, scene, tenants=full, concurrency=0)) == 1


async def nothing():
    """Let nothing happen."""


async def crash():
    raise Crashed


class Watched:
    """A database around whose writes something happens."""

    def __init__(self, database, *, before=nothing, after=nothing):
        self.database, self.before, self.after = database, before, after

    def __getattr__(self, name):
        return getattr(self.database, name)

    async def write(self, *what, **more):
        await self.before()
        written = await self.database.write(*what, **more)
        await self.after()
        return written


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_moment_is_passed_if_and_only_if_its_run_began_wherever_its_process_dies(
    database, catalog, is_kept
):
    register(database)

    async def scene(_scheduler, parts):
        schedule = await add(parts, catch_up="PT0S")
        parts.database = Watched(database, **{"after" if is_kept else "before": crash})
        with pytest.raises(Crashed):
            await later(Scheduler(parts, None), parts, hours=1)
        parts.database = database
        after_crash = await database.read(schedules.get, schedule.id)
        await later(Scheduler(parts, None), parts, minutes=30)
        return after_crash, await begun(parts, schedule), await database.read(schedules.get, schedule.id)

    after_crash, found, held = play(database, catalog, scene)

    assert [run.id for run in found] == ([after_crash.last_run_id] if is_kept else [])
    assert after_crash.next_at == START + timedelta(hours=2 if is_kept else 1)
    assert (held.skipped, held.next_at) == (0 if is_kept else 1, START + timedelta(hours=2))


def test_a_schedule_that_is_paused_while_it_was_looked_at_begins_nothing(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts)

        async def pause():
            await database.write(schedules.change, schedule.id, "paused", parts.clock.now())

        parts.database = Watched(database, before=pause)
        await later(scheduler, parts, hours=1)
        return await begun(parts, schedule), await database.read(schedules.get, schedule.id)

    found, held = play(database, catalog, scene)

    assert (found, held.last_run_id, held.problem) == ([], None, None)


def test_a_moment_a_little_late_begins_though_nothing_is_caught_up_with(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts, catch_up="PT0S")
        await later(scheduler, parts, hours=1, seconds=scheduling.LOOK_SECONDS)
        on_time = await begun(parts, schedule)
        await later(scheduler, parts, hours=1, minutes=1)
        return on_time, await parts.database.read(schedules.get, schedule.id)

    on_time, held = play(database, catalog, scene)

    assert (len(on_time), held.skipped) == (1, 1)


def test_a_schedule_without_another_moment_stops_no_other(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        last = await add(parts, name="last", every="P3000000D", starts_at=START + timedelta(hours=1))
        often = await add(parts, overlap="allow")
        for _ in range(2):
            await later(scheduler, parts, hours=1)
        return await parts.database.read(schedules.get, last.id), await begun(parts, often)

    last, found = play(database, catalog, scene)

    assert (last.next_at, last.last_run_id is not None, len(found)) == (None, True, 2)


class BrokenOnce(VirtualClock):
    """A clock that fails when it is first looked at again."""

    is_broken = False

    def now(self):
        if self.is_broken:
            self.is_broken = False
            raise RuntimeError("the clock stands on its head")
        return super().now()


def test_looking_goes_on_after_a_failure_that_nobody_thought_of(database, catalog, caplog):
    register(database)

    async def scene(scheduler, parts):
        schedule = await add(parts)
        parts.clock.advance(START + timedelta(hours=1))
        parts.clock.is_broken = True
        await scheduler.start()
        try:
            for _ in range(250):
                if await begun(parts, schedule):
                    break
                await asyncio.sleep(0.02)
        finally:
            await scheduler.stop()
        return await begun(parts, schedule)

    assert len(play(database, catalog, scene, ticking=BrokenOnce())) == 1
    assert "beginning scheduled runs failed" in caplog.text


def test_a_schedule_that_could_begin_nothing_is_refused(database, catalog):
    register(database)

    async def scene(_scheduler, parts):
        for wrong, error in (
            ({"workflow": "nix"}, WorkflowUnknown),
            ({"version": "9.0.0"}, WorkflowUnknown),
            ({"input": {}}, InputInvalid),
        ):
            with pytest.raises(error):
                await add(parts, **wrong)
        await parts.database.write(versions.change, "test", "1.0.0", "paused", actor="u", now=START)
        with pytest.raises(VersionClosed):
            await add(parts)

    play(database, catalog, scene)


def test_a_process_that_serves_begins_runs_by_its_clock(database, catalog):
    register(database)

    async def scene(scheduler, parts):
        await scheduler.start()
        schedule = await add(parts, every="PT1S")
        scheduler.poke()
        try:
            for _ in range(200):
                if len(await begun(parts, schedule)) > 1:
                    break
                await asyncio.sleep(0.05)
        finally:
            await scheduler.stop()
        return await begun(parts, schedule)

    found = play(database, catalog, scene, ticking=SystemClock())

    assert (found[1].created_at - found[0].created_at).total_seconds() > 0.5
