"""Events let runs that wait go on, and begin others; nothing that was kept is lost."""

import asyncio

import pytest

from graphs import arrivals, testing
from graphs.arrivals import Arrivals
from graphs.intake import RunRequest, begin
from graphs.testing import process, settled, until
from planner import clock
from planner.clock import SystemClock
from planner.events import Event, KeptEvent
from planner.store import events, runs, tables
from tools.announcements import Announcement
from tools.catalog import Catalog

WAITS = """
pay: {receive: paid, when: "${event.data.order == input.order}"}
note: {set: {amount: "${pay.data.amount}"}}
"""
ON = [{"event": "placed", "when": "${event.data.total > 0.0}", "input": {"order": "${event.data.order}"}}]
INPUT = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}
now = SystemClock().now


def register(database, steps=WAITS, **more):
    return testing.register(database, steps, **{"input": INPUT, "output": "${note.amount}"} | more)


def event(kind="paid", name="e-1", **data):
    return Event(id=name, source="/bank", type=kind, data=data)


async def arrive(dispatcher, told, **more):
    given = {"tenant": "default", "received_by": "test"} | more
    return await arrivals.arrive(told, dispatcher.parts, dispatcher, **given)


async def start(dispatcher, order="o-1"):
    return await testing.start(dispatcher, workflow="test", input={"order": order})


async def waits_at(dispatcher, run_id, path):
    """Return once the run waits for an event at this step."""

    async def is_there():
        found = await dispatcher.parts.database.read(events.awaited, run_id)
        return [each.path for each in found] == [path]

    await until(is_there)


def test_a_run_that_waits_goes_on_with_its_event_and_others_wait_on(database, catalog):
    register(database)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            mine, other = await start(dispatcher, "o-1"), await start(dispatcher, "o-2")
            waiting = [await settled(dispatcher, each) for each in (mine, other)]
            arrived = await arrive(dispatcher, event(order="o-1", amount=7))
            ended = await settled(dispatcher, mine, or_waits=False)
            left = await dispatcher.parts.database.read(runs.get, other)
            return waiting, arrived, ended, left, dispatcher.active

    waiting, arrived, ended, left, active = asyncio.run(scenario())

    assert [run.wake_at for run in waiting] == [None, None]
    assert arrived.offered_to == (ended.id,)
    assert (ended.output, left.status, active) == (7, "waiting", 0)


def test_an_event_that_came_before_the_run_came_to_its_step_is_taken(database, catalog):
    register(database, "nap: {wait: 0.3}\n" + WAITS)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher)
            arrived = await arrive(dispatcher, event(order="o-1", amount=7))
            return arrived, await settled(dispatcher, run_id, or_waits=False)

    arrived, ended = asyncio.run(scenario())

    assert (arrived.offered_to, ended.output) == ((), 7)


def test_an_event_that_is_told_again_is_a_duplicate_and_does_nothing(database, catalog):
    register(database, "a: {receive: paid}\nnote: {receive: paid}")

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher)
            await settled(dispatcher, run_id)
            first = await arrive(dispatcher, event())
            await waits_at(dispatcher, run_id, "note")
            again = await arrive(dispatcher, event())
            await asyncio.sleep(0.2)
            return first, again, await dispatcher.parts.database.read(runs.get, run_id)

    first, again, run = asyncio.run(scenario())

    assert (first.duplicate, again.duplicate, again.kept.id) == (False, True, first.kept.id)
    assert run.status == "waiting"


def test_an_event_begins_a_run_of_each_workflow_that_says_so(database, catalog):
    register(database, "note: {set: {amount: 1}}", on=ON)
    register(database, "note: {set: {amount: 1}}", workflow="other", on=[{"event": "sent"}])

    async def scenario():
        async with process(database, catalog) as dispatcher:
            arrived = await arrive(dispatcher, event("placed", order="o-1", total=5.0))
            again = await arrive(dispatcher, event("placed", order="o-1", total=5.0))
            nothing = await arrive(dispatcher, event("placed", "e-2", order="o-1", total=0.0))
            ended = await settled(dispatcher, arrived.kept.began[0], or_waits=False)
            return arrived, again, nothing, ended

    arrived, again, nothing, ended = asyncio.run(scenario())

    assert (len(arrived.kept.began), again.kept.began, nothing.kept.began) == (1, arrived.kept.began, ())
    assert (ended.workflow.name, ended.input, ended.started_by) == (
        "test",
        {"order": "o-1"},
        f"event:{arrived.kept.id}",
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [({"total": 5.0}, "there is no 'order' in the data"), ({"total": 5.0, "order": 7}, "/input/order")],
)
def test_an_event_that_gives_no_right_input_says_why_it_began_nothing(database, catalog, data, why):
    register(database, on=ON)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            return await arrive(dispatcher, event("placed", **data))

    kept = asyncio.run(scenario()).kept

    assert (kept.began, kept.routed) == ((), True)
    assert kept.problems[0].startswith("test 1.0.0: ")
    assert why in kept.problems[0]


def test_data_that_is_not_as_announced_is_told_and_received_all_the_same(database, catalog):
    register(database, "note: {set: {amount: 1}}", on=ON)
    data = {"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}, "note": {}}}
    announced = {"placed": Announcement(type="placed", data=data), "open": Announcement(type="open")}
    found = Catalog(catalog.operations, catalog.services, announcements=announced)

    async def scenario():
        async with process(database, found) as dispatcher:
            right = await arrive(dispatcher, event("placed", order="o-1", total=5.0))
            wrong = await arrive(dispatcher, event("placed", "e-2", order="o-1", total="much"))
            free = await arrive(dispatcher, event("open", "e-3", anything=1))
            other = await arrive(dispatcher, event("unheard", "e-4"))
            return [each.kept for each in (right, wrong, free, other)]

    right, wrong, free, other = asyncio.run(scenario())

    assert (len(right.began), right.problems, free.problems, other.problems) == (1, (), (), ())
    assert wrong.problems[0].startswith("not as announced: /data/total: ")
    assert wrong.routed


def test_what_a_process_that_died_has_kept_is_routed_by_another(database, catalog):
    register(database)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            parts = dispatcher.parts
            run_id = await start(dispatcher)
            await settled(dispatcher, run_id)
            told = event(order="o-1", amount=7)
            await parts.database.write(
                events.keep, KeptEvent(id=parts.new_id(), event=told, received_at=now())
            )
            looking = Arrivals(parts, dispatcher, kept_days=30, left_seconds=0.05)
            await looking.start()
            try:
                return await settled(dispatcher, run_id, or_waits=False)
            finally:
                await looking.stop()

    assert asyncio.run(scenario()).output == 7


def test_an_event_that_cannot_be_opened_holds_up_none_behind_it(database, catalog, caplog):
    register(database)

    def seal(tx):
        kept = tables.events
        tx.execute(kept.update().where(kept.c.event_id == "broken").values(sealed=b"no seal"))

    async def scenario():
        async with process(database, catalog) as dispatcher:
            parts = dispatcher.parts
            run_id = await start(dispatcher)
            await settled(dispatcher, run_id)
            for told in (event(name="broken"), event(order="o-1", amount=7)):
                kept = KeptEvent(id=parts.new_id(), event=told, received_at=now())
                await parts.database.write(events.keep, kept)
            await parts.database.write(seal)
            looking = Arrivals(parts, dispatcher, kept_days=30, left_seconds=0.05)
            await looking.start()
            try:
                return await parts.database.read(events.get, (await routed(parts)).id)
            finally:
                await looking.stop()

    async def routed(parts):
        async def one_is_left():
            return len(await parts.database.read(events.unrouted, now())) == 1

        await until(one_is_left)
        (left,) = await parts.database.read(events.unrouted, now())
        return left

    assert asyncio.run(scenario()).event.event.id == "broken"
    assert "events could not be looked after" in caplog.text


def test_an_event_behind_a_thousand_others_of_its_type_is_found(database, catalog):
    register(database, "nap: {wait: 0.5}\n" + WAITS)

    def crowd(tx):
        for n in range(events.PAGE + 1):
            told = event(name=f"other-{n}", order="o-2")
            events.keep(tx, KeptEvent(id=clock.new_id(), event=told, received_at=now(), routed=True))

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher)
            await dispatcher.parts.database.write(crowd)
            await arrive(dispatcher, event(order="o-1", amount=7))
            return await settled(dispatcher, run_id, or_waits=False)

    assert asyncio.run(scenario()).output == 7


def test_while_the_queue_is_full_an_event_waits_to_begin_its_run(database, catalog):
    register(database, "note: {set: {amount: 1}}", on=ON)

    async def scenario():
        async with process(database, catalog, most_queued=1) as dispatcher:
            parts = dispatcher.parts
            await dispatcher.stop()
            await begin(RunRequest(workflow="test", input={"order": "o-0"}), parts, None, started_by="test")
            full = await arrivals.arrive(
                event("placed", order="o-1", total=5.0), parts, None, tenant="default", received_by="test"
            )
            parts.most_queued = None
            (left,) = await parts.database.read(events.unrouted, now())
            kept = await parts.database.read(events.unsealed, left.id)
            return full, await arrivals.route(kept, parts, None)

    full, routed = asyncio.run(scenario())

    assert (full.kept.routed, full.kept.began) == (False, ())
    assert len(routed.kept.began) == 1


def test_an_event_of_a_tenant_is_for_runs_of_that_tenant(database, catalog):
    register(database)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher)
            await settled(dispatcher, run_id)
            return await arrive(dispatcher, event(order="o-1"), tenant="acme")

    assert asyncio.run(scenario()).offered_to == ()
