"""A person overrides a choice before it is acted on: one wins, nothing is done twice, all of it is logged."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import yaml

from graphs import overriding
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from graphs.overrides import OverrideRequest
from graphs.parts import Parts
from graphs.testing import ScriptedCaller, ScriptedDecider
from planner import clock, narration
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.errors import AnswerInvalid, DecisionClosed, DecisionUnknown, RunEnded, RunMoving
from planner.log.outcomes import Override
from planner.snapshots import FEWEST
from planner.store import decisions, journal, log, questions, runs, snapshots, workflows
from planner.testing import FrozenClock

STEPS = """
pick:
  decide: Which one
  options:
    keep: {then: kept}
    drop: {then: dropped}
    lose: {when: "false", then: end}
  otherwise: keep
  override_within: PT10M
kept: {call: shop.blind, with: {tag: kept}, then: end}
dropped: {call: shop.blind, with: {tag: dropped}, then: end}
"""


@asynccontextmanager
async def process(database, catalog, ticking, *, caller=None, start=False):
    parts = Parts(
        database=database,
        catalog=catalog,
        caller=caller or ScriptedCaller({}),
        decider=ScriptedDecider({"test/pick": "keep", "test/s.a.pick": "keep"}),
        clock=ticking,
        new_id=clock.new_id,
        worker=f"worker-{clock.new_id()}",
    )
    dispatcher = Dispatcher(parts)
    await dispatcher.start(claim=start)
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


async def begun(dispatcher, steps=STEPS, **more):
    """Register a workflow and move a run of it until it stops."""
    fields = {"workflow": "test", "version": "1.0.0", "steps": yaml.safe_load(steps)} | more
    database = dispatcher.parts.database
    workflow = Workflow.model_validate(fields)
    await database.write(workflows.register, workflow, source="", now=SystemClock().now())
    run = (await begin(RunRequest(workflow="test"), dispatcher.parts, dispatcher, started_by="test")).run
    return await stopped(dispatcher, run.id)


async def stopped(dispatcher, run_id):
    async with asyncio.timeout(5):
        while (run := await dispatcher.parts.database.read(runs.get, run_id)).status in {"queued", "running"}:
            await dispatcher.signals.wait(run_id, 0.1)
    return run


async def override(dispatcher, decision_id, to, *, actor="u-1", comment="Rather not."):
    wanted = OverrideRequest(to=to, comment=comment)
    return await overriding.override(decision_id, wanted, dispatcher.parts, dispatcher, actor=actor)


async def made(dispatcher, run):
    return await dispatcher.parts.database.read(decisions.of_run, run.id)


def play(scenario, database, catalog, **more):
    """Play a scenario in a process whose time stands still."""
    ticking = FrozenClock(SystemClock().now())

    async def all_of_it():
        async with process(database, catalog, ticking, **more) as dispatcher:
            return await scenario(dispatcher, ticking)

    return asyncio.run(all_of_it())


def test_a_choice_waits_for_the_time_left_to_override_it_and_is_then_acted_on(database, catalog):
    caller = ScriptedCaller({})

    async def scenario(dispatcher, ticking):
        held = await begun(dispatcher)
        calls = len(caller.calls)
        ticking.advance(timedelta(minutes=10))
        await dispatcher.take(held.id)
        return held, calls, await stopped(dispatcher, held.id)

    held, calls, ended = play(scenario, database, catalog, caller=caller)

    assert (held.status, calls, held.wake_at - held.created_at) == ("waiting", 0, timedelta(minutes=10))
    assert ended.status == "succeeded"
    assert [arguments["tag"] for _, arguments, _ in caller.calls] == ["kept"]


def test_an_override_is_what_the_run_goes_on_with_and_all_of_it_is_recorded(database, catalog):
    caller = ScriptedCaller({})

    async def scenario(dispatcher, _):
        held = await begun(dispatcher)
        (first,) = await made(dispatcher, held)
        second = await override(dispatcher, first.decision_id, "drop")
        return first, second, await stopped(dispatcher, held.id)

    first, second, ended = play(scenario, database, catalog, caller=caller)

    assert [arguments["tag"] for _, arguments, _ in caller.calls] == ["dropped"]
    assert ended.status == "succeeded"
    assert (second.choice, second.decided_by, second.actor, second.comment) == (
        "drop",
        "person",
        "u-1",
        "Rather not.",
    )
    assert (second.overrides, second.edge_taken, second.attempt) == (first.decision_id, "dropped", 2)
    assert database.read_sync(decisions.of_run, ended.id) == [first, second]
    (told,) = database.read_sync(log.overrides, first.decision_id)
    assert told == Override.model_validate({"from": "keep", "to": "drop", "actor": "u-1", "at": second.ts})
    entries = database.read_sync(journal.entries, ended.id)
    story = narration.text(narration.narrate(ended, entries, [first, second]))
    assert "pick: u-1 overrode it with drop" in story


def test_what_is_no_option_or_was_excluded_or_chosen_already_is_refused(database, catalog):
    async def scenario(dispatcher, _):
        (first,) = await made(dispatcher, await begun(dispatcher))
        told = []
        for to in ("nix", "lose", "keep"):
            with pytest.raises(AnswerInvalid) as refused:
                await override(dispatcher, first.decision_id, to)
            told.append(str(refused.value).partition(": ")[2])
        return told

    assert play(scenario, database, catalog) == [
        "'nix' is no option; it can be drop",
        "'lose' was excluded: its guard is false: false; it can be drop",
        "'keep' was chosen already; it can be drop",
    ]


def test_a_choice_that_was_acted_on_stays(database, catalog):
    steps = STEPS.replace("  override_within: PT10M\n", "").replace(
        "then: end}\ndropped", "then: w}\nw: {wait: PT1H}\ndropped"
    )

    async def scenario(dispatcher, _):
        held = await begun(dispatcher, steps)
        (first,) = await made(dispatcher, held)
        with pytest.raises(DecisionClosed, match=r"its run went on at .*: kept: about to call shop\.blind"):
            await override(dispatcher, first.decision_id, "drop")
        return held

    assert play(scenario, database, catalog).status == "waiting"


def test_a_run_that_moves_or_has_ended_cannot_be_changed(database, catalog):
    async def scenario(dispatcher, ticking):
        held = await begun(dispatcher)
        (first,) = await made(dispatcher, held)
        later = ticking.now() + timedelta(minutes=11)
        parts = dispatcher.parts
        (mine,) = await parts.database.write(
            runs.claim, worker="other", now=later, lease_seconds=10, run_id=held.id
        )
        with pytest.raises(RunMoving, match="is running, and only a run that waits can be changed"):
            await override(dispatcher, first.decision_id, "drop")
        await parts.database.write(runs.release, mine.id, mine.epoch)
        with pytest.raises(RunMoving, match="is queued"):
            await override(dispatcher, first.decision_id, "drop")
        ticking.advance(timedelta(minutes=11))
        await dispatcher.take(held.id)
        await stopped(dispatcher, held.id)
        with pytest.raises(RunEnded):
            await override(dispatcher, first.decision_id, "drop")
        with pytest.raises(DecisionUnknown):
            await override(dispatcher, "nix", "drop")

    play(scenario, database, catalog)


def test_of_two_persons_who_override_at_once_one_wins(database, catalog):
    async def scenario(dispatcher, _):
        held = await begun(dispatcher)
        (first,) = await made(dispatcher, held)
        found = await asyncio.gather(
            *(override(dispatcher, first.decision_id, "drop", actor=f"u-{n}") for n in range(4)),
            return_exceptions=True,
        )
        return found, await made(dispatcher, held)

    found, logged = play(scenario, database, catalog)

    won = [each for each in found if not isinstance(each, Exception)]
    lost = [each for each in found if isinstance(each, Exception)]
    assert (len(won), len(lost)) == (1, 3)
    assert {type(each) for each in lost} <= {DecisionClosed, RunMoving, RunEnded}
    assert [each.decision_id for each in logged[1:]] == [won[0].decision_id]


def test_an_override_can_be_overridden_before_it_is_acted_on(database, catalog):
    steps = STEPS.replace("then: dropped", "then: later") + "later: {wait: PT1H, then: dropped}\n"
    caller = ScriptedCaller({})

    async def scenario(dispatcher, ticking):
        held = await begun(dispatcher, steps)
        (first,) = await made(dispatcher, held)
        second = await override(dispatcher, first.decision_id, "drop")
        await stopped(dispatcher, held.id)
        with pytest.raises(DecisionClosed, match="its run went on"):
            await override(dispatcher, first.decision_id, "drop")
        third = await override(dispatcher, second.decision_id, "keep", comment="")
        return third, await stopped(dispatcher, held.id)

    third, ended = play(scenario, database, catalog, caller=caller)

    assert (third.attempt, third.comment, ended.status) == (3, None, "succeeded")
    assert [arguments["tag"] for _, arguments, _ in caller.calls] == ["kept"]


def test_a_question_on_the_way_that_was_left_can_no_longer_be_answered(database, catalog):
    steps = """
pick:
  decide: Which one
  options: {keep: {then: ask}, drop: {then: end}}
  otherwise: keep
ask: {decide: Sure, by: person, options: {go: {}, stop: {}}, otherwise: stop}
"""

    async def scenario(dispatcher, _):
        held = await begun(dispatcher, steps)
        (asked,) = (await dispatcher.parts.database.read(questions.page)).items
        (first,) = await made(dispatcher, held)
        await override(dispatcher, first.decision_id, "drop")
        ended = await stopped(dispatcher, held.id)
        return ended, await dispatcher.parts.database.read(questions.get, asked.decision_id)

    ended, asked = play(scenario, database, catalog)

    assert (ended.status, asked.status) == ("succeeded", "expired")


def test_a_person_who_was_to_confirm_is_asked_no_more(database, catalog):
    steps = STEPS.replace("keep: {then: kept}", "keep: {then: kept, confirm: person}")

    async def scenario(dispatcher, _):
        held = await begun(dispatcher, steps)
        (first,) = await made(dispatcher, held)
        second = await override(dispatcher, first.decision_id, "drop")
        ended = await stopped(dispatcher, held.id)
        return second, ended, (await dispatcher.parts.database.read(questions.page)).items

    second, ended, still_open = play(scenario, database, catalog)

    assert (second.attempt, ended.status, still_open) == (2, "succeeded", ())


def test_an_override_outlives_a_crash_right_after_it(database, catalog):
    caller = ScriptedCaller({})

    async def before(dispatcher, _):
        held = await begun(dispatcher, "s: {parallel: {a: " + _flow(STEPS) + "}}")
        (first,) = await made(dispatcher, held)
        wanted = OverrideRequest(to="drop")
        now = dispatcher.parts.clock.now()
        await dispatcher.parts.database.write(
            overriding.write, first.decision_id, wanted, new_id=clock.new_id(), actor="u-1", now=now
        )
        return held.id

    run_id = play(before, database, catalog, caller=caller)

    async def after(dispatcher, _):
        await dispatcher.take(run_id)
        return await stopped(dispatcher, run_id)

    ended = play(after, database, catalog, caller=caller)

    assert ended.status == "succeeded"
    assert [arguments["tag"] for _, arguments, _ in caller.calls] == ["dropped"]
    (_, second) = database.read_sync(decisions.of_run, run_id)
    assert (second.path, second.edge_taken) == ("s.a.pick", "dropped")


def _flow(steps):
    return yaml.safe_dump(
        yaml.safe_load(steps), default_flow_style=True, sort_keys=False, width=10_000
    ).strip()


def test_what_a_snapshot_says_of_a_choice_that_was_overridden_is_forgotten(database, catalog):
    steps = """
each: {foreach: "[0].map(n, n)", steps: {hold: {call: shop.mark, with: {n: "${item}"}}}}
pick:
  decide: Which one
  options: {keep: {then: pause}, drop: {then: dropped}}
  otherwise: keep
pause: {wait: PT1H}
kept: {call: shop.blind, with: {tag: kept}, then: end}
dropped: {call: shop.blind, with: {tag: dropped}, then: end}
"""
    many = ", ".join(map(str, range(FEWEST + 10)))
    caller = ScriptedCaller({})

    async def scenario():
        ticking = FrozenClock()
        async with process(database, catalog, ticking, caller=caller) as dispatcher:
            run = await begun(dispatcher, steps.replace("[0].map(n, n)", f"[{many}]"))
            before = await dispatcher.parts.database.read(snapshots.load, run.id)
            (made,) = await dispatcher.parts.database.read(decisions.of_run, run.id)
            wanted = OverrideRequest(to="drop", actor="u-1")
            await overriding.override(made.decision_id, wanted, dispatcher.parts, dispatcher, actor="u-1")
            return before, await stopped(dispatcher, run.id)

    before, ended = asyncio.run(scenario())

    assert before.at == "pause"
    assert ended.status == "succeeded"
    assert caller.calls[-1][:2] == ("shop.blind", {"tag": "dropped"})
    assert database.read_sync(snapshots.load, ended.id) is None
