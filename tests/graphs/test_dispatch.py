"""Runs move under a lease, are taken up after a loss, and never by two at once."""

import asyncio
import os
import time
from collections import Counter
from datetime import timedelta

import pytest

from graphs.intake import RunRequest, begin
from graphs.signals import Signals
from graphs.testing import LOST, OK, Failing, ScriptedCaller, ended, process, register, settled, start
from planner.budgets import TenantBudget
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.errors import InputInvalid, KeyReused, RouteUnclear, StoreUnavailable, WorkflowUnknown
from planner.log.envelopes import Keeping
from planner.model.adapter import Model
from planner.runs import PersonAnswer
from planner.seals import Seals
from planner.settings import ModelSettings
from planner.store import (
    catalogs,
    decisions,
    journal,
    migrate,
    open_database,
    questions,
    runs,
    workflows,
)
from planner.testing import ScriptedModel
from tools.catalog import Catalog

STEPS = "a: {call: shop.look}\nb: {set: {n: '${input.n}'}}"
ASK = """
ask: {decide: What now, by: person, options: {go: {}, stop: {then: end}}, otherwise: stop}
b: {call: shop.look}
"""
now = SystemClock().now


def test_a_run_is_taken_up_at_once_and_ends(database, catalog):
    register(database, STEPS, output={"n": "${b.n}"})

    async def scenario():
        async with process(database, catalog) as dispatcher:
            return await settled(dispatcher, await start(dispatcher, workflow="test", input={"n": 3}))

    run = asyncio.run(scenario())

    assert (run.status, run.output, run.worker) == ("succeeded", {"n": 3}, None)


def test_a_run_that_waits_for_a_person_goes_on_when_answered(database, catalog):
    register(database, ASK)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            waiting = await settled(dispatcher, run_id)
            active = dispatcher.active
            asked = (await dispatcher.parts.database.read(questions.page)).items[0]
            answer = PersonAnswer(choice="go", actor="u-1", at=now())
            await dispatcher.parts.database.write(questions.answer, asked.decision_id, answer)
            await dispatcher.take(run_id)
            return waiting, active, await settled(dispatcher, run_id)

    waiting, active, ended = asyncio.run(scenario())

    assert (waiting.status, active, ended.status) == ("waiting", 0, "succeeded")


def test_a_question_expires_at_its_deadline(database, catalog):
    register(database, ASK.replace("by: person,", "by: person, within: PT0.2S,"))

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            async with asyncio.timeout(5):
                while not (await dispatcher.parts.database.read(runs.get, run_id)).ended:
                    await dispatcher.signals.wait(run_id, 0.2)
            return await dispatcher.parts.database.read(decisions.of_run, run_id)

    assert [(d.choice, d.outcome_class) for d in asyncio.run(scenario())] == [("stop", "timeout")]


def test_a_cancelled_run_takes_back_what_it_did(database, catalog):
    register(database, "hold: {call: shop.reserve}\nlong: {wait: PT1H}")

    async def scenario():
        caller = ScriptedCaller({"shop.reserve": [OK]})
        async with process(database, catalog, caller) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            await settled(dispatcher, run_id)
            await database.write(runs.request_cancel, run_id, now())
            dispatcher.cancel(run_id)
            await dispatcher.take(run_id)
            async with asyncio.timeout(5):
                while not (await database.read(runs.get, run_id)).ended:
                    await dispatcher.signals.wait(run_id, 0.2)
            return await database.read(runs.get, run_id), caller.count("shop.release")

    run, released = asyncio.run(scenario())

    assert (run.status, released) == ("cancelled", 1)


def test_a_run_that_the_engine_cannot_load_ends_and_says_why(database, catalog):
    register(database, "sub: {run: missing}")

    async def scenario():
        async with process(database, catalog) as dispatcher:
            return await settled(dispatcher, await start(dispatcher, workflow="test"))

    run = asyncio.run(scenario())

    assert run.status == "failed"
    assert "missing" in run.error


def test_a_sub_workflow_stays_pinned_to_the_version_the_run_began_with(database, catalog):
    register(database, "w: {wait: PT1H}\nsub: {run: child}", output={"x": "${sub.x}"})
    register(database, "s: {set: {x: 1}}", workflow="child", output={"x": "${s.x}"})

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher, workflow="test")
            await settled(dispatcher, run_id)
            child = {
                "workflow": "child",
                "version": "2.0.0",
                "steps": {"s": {"set": {"x": 2}}},
                "output": {"x": "${s.x}"},
            }
            newer = Workflow.model_validate(child)
            await database.write(workflows.register, newer, source="", now=now())
            dispatcher.parts.clock = Later()
            await database.write(runs.wake, run_id, now())
            await dispatcher.take(run_id)
            async with asyncio.timeout(5):
                while not (await database.read(runs.get, run_id)).ended:
                    await dispatcher.signals.wait(run_id, 0.2)
            return await database.read(runs.get, run_id)

    assert asyncio.run(scenario()).output == {"x": 1}


def test_a_run_stays_with_the_contracts_it_began_with(database, catalog):
    register(database, "w: {wait: PT1H}\na: {call: shop.blind}")
    softer = catalog.operation("shop.blind").model_copy(update={"effect": "read"})
    changed = Catalog({**catalog.operations, "shop.blind": softer}, catalog.services)

    async def scenario():
        await database.write(catalogs.keep, catalog, now())
        async with process(database, catalog) as before:
            run_id = await start(before, workflow="test")
            await settled(before, run_id)
        async with process(database, changed) as after:
            after.parts.clock = Later()
            await database.write(runs.wake, run_id, now())
            await after.take(run_id)
            async with asyncio.timeout(5):
                while not (await database.read(runs.get, run_id)).ended:
                    await after.signals.wait(run_id, 0.2)
            return await database.read(journal.entries, run_id)

    effects = [entry.body.get("effect") for _, entry in asyncio.run(scenario()) if entry.path == "a"]

    assert effects == ["write", "write"]


def test_a_process_that_lacks_the_services_of_a_run_leaves_it_to_another(database, catalog):
    register(database, "a: {call: shop.pay, with: {order: o-1}}")
    stranger = Catalog({}, {})

    async def scenario():
        await database.write(catalogs.keep, catalog, now())
        async with process(database, catalog) as ours:
            ours.parts.concurrency = 0
            run_id = await start(ours, workflow="test")
            async with process(database, stranger) as theirs:
                await theirs.take(run_id)
                await asyncio.sleep(0.3)
                entries = await database.read(journal.entries, run_id)
            ours.parts.concurrency = 10
            await ours.take(run_id)
            return entries, await settled(ours, run_id)

    entries, run = asyncio.run(scenario())

    assert entries == []
    assert run.status == "succeeded"


class Later(SystemClock):
    """A clock two hours ahead."""

    def now(self):
        return super().now() + timedelta(hours=2)


def test_a_hundred_runs_end_side_by_side(database, catalog):
    register(database, STEPS)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            ids = await asyncio.gather(
                *(start(dispatcher, workflow="test", input={"n": n}) for n in range(100))
            )
            return [(await settled(dispatcher, run_id, within=20)).status for run_id in ids]

    assert set(asyncio.run(scenario())) == {"succeeded"}


def test_a_repeated_request_with_the_same_key_begins_one_run(database, catalog):
    register(database, STEPS)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            request = RunRequest(workflow="test", input={"n": 1})
            first, second = [
                await begin(request, dispatcher.parts, dispatcher, started_by="t", key="k-1")
                for _ in range(2)
            ]
            other = RunRequest(workflow="test", input={"n": 2})
            with pytest.raises(KeyReused):
                await begin(other, dispatcher.parts, dispatcher, started_by="t", key="k-1")
            return first, second

    first, second = asyncio.run(scenario())

    assert (first.created, second.created) == (True, False)
    assert first.run.id == second.run.id


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"workflow": "absent"}, WorkflowUnknown),
        ({"workflow": "test", "input": {"n": "x"}}, InputInvalid),
        ({}, InputInvalid),
        ({"goal": "do it"}, RouteUnclear),
    ],
)
def test_a_request_that_cannot_be_run_is_refused_and_begins_nothing(database, catalog, request_, error):
    register(database, STEPS, input={"type": "object", "properties": {"n": {"type": "integer"}}})

    async def scenario():
        async with process(database, catalog) as dispatcher:
            with pytest.raises(error):
                await start(dispatcher, **request_)
            return (await database.read(runs.page)).items

    assert list(asyncio.run(scenario())) == []


def test_routing_without_a_model_is_logged_and_names_the_candidates(database, catalog):
    register(database, STEPS, goal="Settle a late order.")

    async def scenario():
        async with process(database, catalog) as dispatcher:
            with pytest.raises(RouteUnclear) as refused:
                await start(dispatcher, goal="the order is late")
            return refused.value, await database.read(decisions.get, refused.value.decision_id)

    refused, decision = asyncio.run(scenario())

    assert [candidate["workflow"] for candidate in refused.candidates] == ["test"]
    assert "no model is configured" in str(refused)
    assert (decision.kind, decision.outcome_class) == ("route", "unavailable")


def test_a_lost_write_is_looked_up_after_a_restart(database, catalog):
    register(database, "a: {call: shop.pay, with: {order: o-1}}", output={"id": "${a.id}"})
    found = OK._replace(output={"items": [{"id": "x-1"}]})

    async def scenario():
        caller = ScriptedCaller({"shop.pay": [LOST], "shop.find": [found]})
        async with process(database, catalog, caller) as dispatcher:
            return await settled(dispatcher, await start(dispatcher, workflow="test")), caller.count(
                "shop.pay"
            )

    run, sent = asyncio.run(scenario())

    assert (run.status, run.output, sent) == ("succeeded", {"id": "x-1"}, 1)


def test_a_process_that_stops_cuts_off_no_call(database, catalog):
    register(database, "a: {call: shop.pay, with: {order: o-1}}\nb: {call: shop.look}")
    caller, called = ScriptedCaller({}), asyncio.Event()

    async def slow(operation, arguments, **more):
        caller.calls.append((operation.name, arguments, None))
        called.set()
        await asyncio.sleep(0.3)
        return OK

    async def scenario():
        caller.call = slow
        async with process(database, catalog, caller) as first:
            run_id = await start(first, workflow="test")
            await called.wait()
        handed_over = await database.read(runs.get, run_id)
        kinds = [entry.kind for _, entry in await database.read(journal.entries, run_id)]
        async with process(database, catalog, caller):
            return handed_over, kinds, await ended(database, run_id)

    handed_over, kinds, run = asyncio.run(scenario())

    assert (handed_over.status, handed_over.worker) == ("waiting", None)
    assert kinds == ["started", "intention", "outcome"]
    assert run.status == "succeeded"
    assert [name for name, _, _ in caller.calls] == ["shop.pay", "shop.look"]


def test_a_process_that_stops_lets_go_of_a_call_that_hangs(database, catalog):
    register(database, "a: {call: shop.pay, with: {order: o-1}}")
    caller, called = ScriptedCaller({}), asyncio.Event()

    async def never(*_, **__):
        called.set()
        await asyncio.sleep(60)

    async def scenario():
        caller.call = never
        async with process(database, catalog, caller) as first:
            run_id = await start(first, workflow="test")
            await called.wait()
            await first.stop(grace_seconds=0.1)
        return await database.read(runs.get, run_id)

    run = asyncio.run(scenario())

    assert (run.status, run.worker) == ("queued", None)


def test_a_run_is_begun_though_it_cannot_be_taken_up_at_once(database, catalog):
    register(database, STEPS)

    async def scenario():
        failing = Failing(database, StoreUnavailable("busy"), claims={1, 2})
        async with process(failing, catalog) as dispatcher:
            return await ended(database, await start(dispatcher, workflow="test", input={"n": 1}))

    assert asyncio.run(scenario()).status == "succeeded"


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_store_that_fails_in_the_middle_loses_nothing_and_repeats_no_write(database, catalog, nth):
    steps = "{x: {call: shop.reserve}, y: {call: shop.pay, with: {order: '${item}'}}}"
    register(database, f"f: {{foreach: input.orders, steps: {steps}}}")
    found = OK._replace(output={"items": [{"id": "x-1"}]})

    async def scenario():
        caller = ScriptedCaller({"shop.pay": [OK], "shop.find": [found], "shop.reserve": [OK]})
        failing = Failing(database, StoreUnavailable("busy"), appends={nth})
        async with process(failing, catalog, caller) as dispatcher:
            run_id = await start(dispatcher, workflow="test", input={"orders": ["o-1", "o-2"]})
            run = await ended(database, run_id)
        return run, Counter(a["order"] for name, a, _ in caller.calls if name == "shop.pay")

    run, paid = asyncio.run(scenario())

    assert run.status == "succeeded"
    assert max(paid.values()) == 1


def test_who_waits_for_the_end_is_not_woken_by_every_entry():
    async def scenario():
        signals = Signals()
        by_entry = asyncio.create_task(signals.wait("r-1", 1.0))
        at_the_end = asyncio.create_task(signals.wait("r-1", 1.0, until_stopped=True))
        await asyncio.sleep(0)
        signals.send("r-1")
        moved = await by_entry, at_the_end.done()
        signals.send("r-1", stopped=True)
        return *moved, await at_the_end

    assert asyncio.run(scenario()) == (True, False, True)


LOOP = """
pick: {decide: Which one, options: {more: {then: pick}, less: {then: end}}, otherwise: less, max_visits: 9}
"""


def test_a_tenant_whose_budget_is_used_up_mid_run_takes_the_declared_branch(database, catalog):
    """Through the real adapter: two answers are paid for, and the third is not asked for any more."""
    register(database, LOOP)
    scripted = ScriptedModel({"test/pick": {"choose": "more", "usage": (40, 10)}}, loop=True)
    config = ModelSettings(name="m", base_url="http://model.test/v1")

    async def scenario(tenant):
        model = Model(config, clock=SystemClock(), transport=scripted.transport())
        async with model, process(database, catalog, decider=model) as dispatcher:
            dispatcher.parts.tenants = {"acme": TenantBudget(tokens=100)}
            run_id = await start(dispatcher, workflow="test", tenant=tenant)
            ended = await settled(dispatcher, run_id)
            return ended, await database.read(decisions.of_run, run_id)

    ended, made = asyncio.run(scenario("acme"))
    again, unasked = asyncio.run(scenario("acme"))
    other, free = asyncio.run(scenario("other"))

    assert (ended.status, again.status) == ("succeeded", "succeeded")
    assert [each.choice for each in made] == ["more", "more", "less"]
    assert [each.outcome_class for each in made] == ["ok", "ok", "budget"]
    assert made[2].reason == "the tenant acme's 100 tokens are used up"
    assert [each.outcome_class for each in unasked] == ["budget"]
    assert other.status == "undone"
    assert {each.outcome_class for each in free} == {"ok"}


def test_who_watches_hears_of_what_happened_before_he_waits():
    async def scenario():
        signals = Signals()
        with signals.watching("r-1", until_stopped=True) as waiter:
            signals.send("r-1", stopped=True)
            return await waiter.wait(0.5), await waiter.wait(0.01)

    assert asyncio.run(scenario()) == (True, False)


def test_a_run_begun_here_is_neither_claimed_nor_read_and_its_first_entry_comes_with_it(database, catalog):
    register(database, STEPS)

    async def scenario():
        async with process(database, catalog) as dispatcher:
            run = (
                await begin(
                    RunRequest(workflow="test", input={"n": 1}), dispatcher.parts, dispatcher, started_by="t"
                )
            ).run
            kinds = [entry.kind for _, entry in await database.read(journal.entries, run.id)]
            return run, kinds, await settled(dispatcher, run.id)

    run, kinds, ended = asyncio.run(scenario())

    assert (run.status, run.epoch, kinds[0], ended.status) == ("running", 1, "started", "succeeded")
    assert ended.epoch == 1


def test_a_run_whose_key_is_not_here_is_left_whole_and_goes_on_where_it_is(url, catalog):
    ask = "ask: {decide: What now, by: person, options: {go: {}, stop: {then: end}}, otherwise: stop}\n"
    steps = f"{ask}b: {{call: shop.look, with: {{password: '${{input.password}}'}}}}"
    kept = Keeping(seals=Seals((bytes(32),), os.urandom))
    caller = ScriptedCaller({"shop.look": [OK]})

    async def begun(database):
        migrate.upgrade(database)
        register(database, steps)
        async with process(database, catalog) as dispatcher:
            run_id = await start(dispatcher, workflow="test", input={"password": "hunter2"})
            await settled(dispatcher, run_id)
            return run_id

    async def answered(database, run_id):
        (asked,) = (await database.read(questions.page, run_id=run_id)).items
        answer = PersonAnswer(choice="go", at=now())
        await database.write(questions.answer, asked.decision_id, answer)
        async with process(database, catalog, caller, lease_seconds=0.3):
            await asyncio.sleep(1.0)
        return await database.read(runs.get, run_id)

    async def on(database, run_id):
        async with process(database, catalog, caller, lease_seconds=0.3) as dispatcher:
            return await settled(dispatcher, run_id, or_waits=False)

    with open_database(url, keeping=kept) as database:
        run_id = asyncio.run(begun(database))
    with open_database(url) as keyless:
        left = asyncio.run(answered(keyless, run_id))
        calls = list(caller.calls)
    with open_database(url, keeping=kept) as database:
        ended = asyncio.run(on(database, run_id))

    assert (left.status, left.error, calls) == ("running", None, [])
    assert ended.status == "succeeded"
    assert [arguments for _, arguments, _ in caller.calls] == [{"password": "hunter2"}]


def test_a_process_that_overslept_its_lease_sends_nothing_once_another_has_the_run(database, catalog):
    register(database, "a: {call: shop.look}\nb: {call: shop.blind, with: {tag: b}}")

    async def scenario(*, is_taken):
        caller = ScriptedCaller({})
        async with process(database, catalog, caller, lease_seconds=0.2) as dispatcher:
            inner = dispatcher.parts.database.submit

            def submit(unit):
                written = inner(unit)
                if any(each.entry.kind == "intention" for each in unit.entries):
                    written.add_done_callback(lambda _: fall_asleep())
                return written

            def fall_asleep():
                time.sleep(0.3)
                if is_taken:
                    taken = {"worker": "other", "now": now(), "lease_seconds": 60}
                    assert database.write_sync(runs.claim, **taken)

            dispatcher.parts.database.submit = submit
            run_id = await start(dispatcher, workflow="test")
            await dispatcher.signals.wait(run_id, 2.0, until_stopped=True)
            dispatcher.parts.database.submit = inner
            return caller.count("shop.blind"), await database.read(runs.get, run_id)

    sent, run = asyncio.run(scenario(is_taken=True))
    assert (sent, run.status, run.worker) == (0, "running", "other")

    sent, run = asyncio.run(scenario(is_taken=False))
    assert (sent, run.status) == (1, "succeeded")
