"""A waiting run goes on with another version only where its journal allows it."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import yaml

from graphs import repinning
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from graphs.parts import Parts
from graphs.repinning import RepinRequest
from graphs.testing import ScriptedCaller, ScriptedDecider
from planner import clock, narration
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.errors import RepinRefused, RunEnded, RunMoving, WorkflowUnknown
from planner.runs import PersonAnswer
from planner.store import decisions, journal, questions, runs, workflows

FIRST = """
look: {call: shop.look}
sides: {parallel: {left: {pay: {call: shop.pay, with: {order: o-1}}}, right: {nap: {wait: PT1H}}}}
ask: {decide: Sure, by: person, options: {go: {}, stop: {then: end}}, otherwise: stop}
done: {call: shop.mark, with: {v: 1}}
"""
ASK = """
look: {call: shop.look}
ask: {decide: Sure, by: person, options: {go: {}, stop: {then: end}}, otherwise: stop}
done: {call: shop.mark, with: {v: 1}}
"""


@asynccontextmanager
async def process(database, catalog, caller):
    parts = Parts(
        database=database,
        catalog=catalog,
        caller=caller,
        decider=ScriptedDecider({}),
        clock=SystemClock(),
        new_id=clock.new_id,
        worker=f"worker-{clock.new_id()}",
    )
    dispatcher = Dispatcher(parts)
    await dispatcher.start(claim=False)
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


def register(database, version, steps, **more):
    fields = {"workflow": "test", "version": version, "steps": yaml.safe_load(steps)} | more
    made = Workflow.model_validate(fields)
    database.write_sync(workflows.register, made, source="", now=SystemClock().now())


async def stopped(dispatcher, run_id):
    async with asyncio.timeout(5):
        while (run := await dispatcher.parts.database.read(runs.get, run_id)).status in {"queued", "running"}:
            await dispatcher.signals.wait(run_id, 0.1)
    return run


async def begun(dispatcher, **more):
    request = RunRequest(workflow="test", version="1.0.0", **more)
    run = (await begin(request, dispatcher.parts, dispatcher, started_by="test")).run
    return await stopped(dispatcher, run.id)


async def answered(dispatcher, choice):
    store = dispatcher.parts.database
    (asked,) = (await store.read(questions.page)).items
    given = PersonAnswer(choice=choice, actor="u-1", at=SystemClock().now())
    await store.write(questions.answer, asked.decision_id, given)
    await dispatcher.take(asked.run_id)
    return await stopped(dispatcher, asked.run_id)


def repin(dispatcher, run, version="2.0.0", **more):
    wanted = RepinRequest(version=version, **more)
    return repinning.repin(run.id, wanted, dispatcher.parts, dispatcher, actor="u-9")


def play(database, catalog, second, scenario, *, first=ASK, given=None, **more):
    """Begin a run of the first version, and play the scenario with the second one registered."""
    register(database, "1.0.0", first)
    register(database, "2.0.0", second, **more)
    caller = ScriptedCaller({})

    async def all_of_it():
        async with process(database, catalog, caller) as dispatcher:
            return await scenario(dispatcher, await begun(dispatcher, input=given))

    return asyncio.run(all_of_it()), caller


def refusals(database, catalog, second, *, first=ASK, **more):
    async def scenario(dispatcher, held):
        with pytest.raises(RepinRefused) as refused:
            await repin(dispatcher, held)
        dry = await repin(dispatcher, held, dry_run=True)
        assert dry.problems == refused.value.problems
        return [(problem.path, problem.code) for problem in dry.problems], held

    (found, held), _ = play(database, catalog, second, scenario, first=first, **more)
    assert database.read_sync(runs.get, held.id).workflow.version == "1.0.0"
    return found


def test_a_run_goes_on_with_what_the_other_version_does_next(database, catalog):
    async def scenario(dispatcher, held):
        made = await repin(dispatcher, held, comment="2.0.0 marks it right.")
        await stopped(dispatcher, held.id)
        return made, await answered(dispatcher, "go")

    (made, ended), caller = play(database, catalog, ASK.replace("v: 1", "v: 2"), scenario)

    assert [made.before.version, made.run.workflow.version, ended.workflow.version] == [
        "1.0.0",
        "2.0.0",
        "2.0.0",
    ]
    assert ended.status == "succeeded"
    assert [(name, arguments) for name, arguments, _ in caller.calls] == [
        ("shop.look", {}),
        ("shop.mark", {"v": 2}),
    ]
    entries = database.read_sync(journal.entries, ended.id)
    (told,) = [entry.body for _, entry in entries if entry.kind == "repinned"]
    assert (told["from"]["version"], told["to"]["version"], told["actor"]) == ("1.0.0", "2.0.0", "u-9")
    story = narration.text(narration.narrate(ended, entries, database.read_sync(decisions.of_run, ended.id)))
    assert "u-9 let the run go on with version 2.0.0 in place of 1.0.0" in story
    assert "why: 2.0.0 marks it right." in story


def test_waits_in_branches_and_steps_that_came_later_are_no_hindrance(database, catalog):
    second = FIRST.replace("done:", "more: {call: shop.look}\ndone:")

    async def scenario(dispatcher, held):
        return await repin(dispatcher, held)

    made, _ = play(database, catalog, second, scenario, first=FIRST)

    assert (made.run.status, made.problems) == ("waiting", ())


def test_a_step_that_is_gone_is_told(database, catalog):
    gone = ASK.replace("look: {call: shop.look}\n", "")

    assert refusals(database, catalog, gone) == [("look", "other-call")]


def test_another_operation_at_the_same_place_is_told(database, catalog):
    assert refusals(database, catalog, ASK.replace("shop.look", "shop.find")) == [("look", "other-call")]


def test_a_question_whose_options_are_gone_is_told(database, catalog):
    second = ASK.replace("go: {}, stop: {then: end}", "maybe: {}, stop: {then: end}")

    assert refusals(database, catalog, second) == [("ask", "other-options")]


def test_a_flow_that_would_not_come_to_where_the_run_waits_is_told(database, catalog):
    second = ASK.replace("ask:", "first: {call: shop.find}\nask:")

    assert refusals(database, catalog, second) == [("ask", "not-reached")]


def test_an_input_that_does_not_fit_is_told(database, catalog):
    needs = {"type": "object", "required": ["order"]}

    ((path, code),) = refusals(database, catalog, ASK, input=needs)

    assert path.startswith("/input")
    assert code == "missing-field"


def test_a_run_that_has_ended_or_moves_or_a_version_that_is_not_there_is_told(database, catalog):
    async def scenario(dispatcher, held):
        with pytest.raises(WorkflowUnknown):
            await repin(dispatcher, held, version="9.9.9")
        later = await answered(dispatcher, "go")
        with pytest.raises(RunEnded):
            await repin(dispatcher, later)
        other = await begun(dispatcher)
        store = dispatcher.parts.database
        await store.write(runs.wake, other.id, SystemClock().now())
        await store.write(runs.claim, worker="w2", now=SystemClock().now(), lease_seconds=30, run_id=other.id)
        with pytest.raises(RunMoving):
            await repin(dispatcher, other)

    play(database, catalog, ASK.replace("v: 1", "v: 2"), scenario)


def test_a_repinned_run_can_be_drawn_forked_from_and_repinned_again(database, catalog):
    register(database, "3.0.0", ASK.replace("v: 1", "v: 3"))

    async def scenario(dispatcher, held):
        await repin(dispatcher, held)
        await stopped(dispatcher, held.id)
        await repin(dispatcher, held, version="3.0.0")
        await stopped(dispatcher, held.id)
        return await answered(dispatcher, "go")

    ended, caller = play(database, catalog, ASK.replace("v: 1", "v: 2"), scenario)

    assert (ended.status, ended.workflow.version) == ("succeeded", "3.0.0")
    assert caller.calls[-1][1] == {"v": 3}


def test_a_refusal_tells_no_secret_of_the_run(database, catalog):
    number, short = {"type": "integer"}, {"type": "string", "maxLength": 3}
    second = {"type": "object", "properties": {"password": number, "note": short, "hint": short}}
    given = {"password": "hunter2-x", "note": "call with Bearer canary012345", "hint": "it is hunter2-x"}

    async def scenario(dispatcher, held):
        with pytest.raises(RepinRefused) as caught:
            await repin(dispatcher, held)
        return caught.value.problems, await repin(dispatcher, held, dry_run=True)

    (problems, dry), _ = play(database, catalog, ASK, scenario, given=given, input=second)

    assert {each.path for each in problems} == {"/input/password", "/input/note", "/input/hint"}
    assert dry.problems == problems
    assert "hunter2" not in f"{problems}{dry.run}"
    assert "canary" not in f"{problems}{dry.run}"
