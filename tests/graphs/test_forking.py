"""A fork goes another way from a past decision: dry against the record, or live where that is safe."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import yaml

from graphs import forking
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest, begin
from graphs.origins import ForkRequest
from graphs.parts import Parts
from graphs.testing import LOST, OK, REFUSED, ScriptedCaller, ScriptedDecider
from planner import clock, narration
from planner.clock import SystemClock
from planner.decisions import Answer, Attempt, Usage
from planner.definition import Workflow
from planner.errors import AnswerInvalid, DecisionUnknown, ForkRefused
from planner.runs import PersonAnswer
from planner.store import catalogs, decisions, journal, questions, runs, stories, workflows
from planner.testing import temporary_database
from tools.outcomes import Outcome

SETTLE = """
look: {call: shop.look, with: {id: "${input.id}"}}
pick:
  decide: How?
  given: {id: "${look.id}"}
  options:
    pay: {means: Pay back., then: pay}
    mark: {means: Only note it., then: mark}
    mail: {means: Write a letter., then: mail}
    never: {means: Not today., when: "${look.id == 'nobody'}", then: end}
  otherwise: mark
pay: {call: shop.pay, with: {order: "${look.id}"}, then: tell}
mark: {call: shop.mark, with: {id: "${look.id}"}, then: tell}
mail: {call: shop.mail, with: {id: "${look.id}"}, then: end}
tell: {call: shop.mark, with: {done: true}, then: end}
"""
TWO = """
first: {decide: First, options: {a: {then: one}, b: {then: end}}, otherwise: b}
one: {call: shop.look, with: {n: 1}}
second: {decide: Second, given: {n: 1}, options: {x: {then: end}, y: {then: last}}, otherwise: x}
last: {call: shop.look, with: {n: 2}}
"""
OUTPUT = {"pick": "${pick.choice}"}


@pytest.fixture
def database():
    with temporary_database() as found:
        yield found


def register(database, steps, **more):
    fields = {"workflow": "test", "version": "1.0.0", "steps": yaml.safe_load(steps)} | more
    workflow = Workflow.model_validate(fields)
    database.write_sync(workflows.register, workflow, source="", now=SystemClock().now())


@asynccontextmanager
async def process(database, catalog, caller, decider):
    parts = Parts(
        database=database,
        catalog=catalog,
        caller=caller,
        decider=decider,
        clock=SystemClock(),
        new_id=clock.new_id,
        worker="w",
    )
    await database.write(catalogs.keep, catalog, SystemClock().now())
    dispatcher = Dispatcher(parts)
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


async def settled(dispatcher, run_id):
    async with asyncio.timeout(10):
        while True:
            run = await dispatcher.parts.database.read(runs.get, run_id)
            if run.ended or (run.status == "waiting" and run.wake_at is None):
                return run
            await dispatcher.signals.wait(run_id, 0.1)


class Old:
    """A run that is over, and the process that made it."""

    def __init__(self, dispatcher, run, made):
        self.dispatcher, self.run, self.decisions = dispatcher, run, made
        self.database = dispatcher.parts.database

    def at(self, path, number=1):
        return next(d for d in self.decisions if d.path == path and d.attempt == number)

    async def fork(self, path, choose, *, number=1, **more):
        wanted = ForkRequest(choose=choose, **more)
        parts = self.dispatcher.parts
        decision_id = self.at(path, number).decision_id
        return await forking.fork(decision_id, wanted, parts, self.dispatcher, actor="u-1")


def tried(database, catalog, steps, use, *, script=None, model=None, given=None, people=(), **more):
    """Run the steps to their end, hand the old run to `use`, and return what it returns."""
    register(database, steps, **more)
    caller = ScriptedCaller({"shop.look": [Outcome(kind="applied", output={"id": "o-1"})]} | (script or {}))

    async def scenario():
        async with process(database, catalog, caller, ScriptedDecider(model or {})) as dispatcher:
            request = RunRequest(workflow="test", input=given if given is not None else {"id": "o-1"})
            begun = await begin(request, dispatcher.parts, dispatcher, started_by="test")
            run = await settled(dispatcher, begun.run.id)
            for choice in people:
                run = await answered(dispatcher, run.id, choice)
            made = await database.read(decisions.of_run, run.id)
            return await use(Old(dispatcher, run, made), caller)

    return asyncio.run(scenario())


async def answered(dispatcher, run_id, choice):
    database = dispatcher.parts.database
    asked = (await database.read(questions.page, run_id=run_id)).items[0]
    given = PersonAnswer(choice=choice, actor="u-7", at=SystemClock().now())
    await database.write(questions.answer, asked.decision_id, given)
    await dispatcher.take(run_id)
    return await settled(dispatcher, run_id)


def test_a_fork_with_the_same_choice_ends_as_the_old_run_did(database, catalog):
    async def use(old, caller):
        before = len(caller.calls)
        made = await old.fork("pick", "pay")
        return old, made, len(caller.calls) - before

    script = {"shop.pay": [OK], "shop.mark": [OK]}
    old, made, calls = tried(
        database, catalog, SETTLE, use, script=script, model={"test/pick": "pay"}, output=OUTPUT
    )

    assert (old.run.status, made.run.status) == ("succeeded", "succeeded")
    assert made.run.output == old.run.output == {"pick": "pay"}
    assert (made.difference.only_before, made.difference.only_after) == ((), ())
    assert calls == 0


def test_a_dry_fork_ends_where_the_record_does_and_calls_nothing(database, catalog):
    async def use(old, caller):
        before = len(caller.calls)
        made = await old.fork("pick", "mail")
        return made, len(caller.calls) - before

    made, calls = tried(database, catalog, SETTLE, use, script={"shop.pay": [OK]}, model={"test/pick": "pay"})

    assert calls == 0
    assert (made.run.status, made.run.mode) == ("failed", "replay")
    assert made.run.error == ('not recorded: shop.mail was not called with {"id": "o-1"} in the recorded run')
    assert made.difference.only_before == ("pay (shop.pay): applied", "tell (shop.mark): applied")


def test_a_fork_begins_with_the_journal_of_the_old_run_and_says_what_it_came_from(database, catalog):
    async def use(old, _caller):
        made = await old.fork("pick", "mark")
        entries = await old.database.read(journal.entries, made.run.id)
        return old, made, await old.database.read(journal.entries, old.run.id), entries

    old, made, before, entries = tried(
        database, catalog, SETTLE, use, script={"shop.pay": [OK]}, model={"test/pick": "pay"}
    )

    replaced = old.at("pick")
    assert entries[0].entry.body["fork"] == {
        "run_id": old.run.id,
        "decision_id": replaced.decision_id,
        "choice": "mark",
        "live": False,
        "inherited": 2,
    }
    assert [each.entry.body for each in entries[1:2]] == [each.entry.body for each in before[1:2]]
    assert made.decision.parent_decision_id == replaced.decision_id
    assert (made.decision.decided_by, made.decision.actor) == ("person", "u-1")
    assert (made.decision.mode, made.decision.run_id) == ("replay", made.run.id)
    assert (made.decision.given, made.decision.options) == (replaced.given, replaced.options)
    assert made.decision.comment == f"fork of run {old.run.id}: mark instead of pay"


def test_a_fork_is_logged_and_can_be_explained(database, catalog):
    async def use(old, _caller):
        made = await old.fork("second", "y")
        return made, await old.database.read(stories.load, made.run.id)

    made, known = tried(database, catalog, TWO, use, model={"test/first": "a", "test/second": "x"})

    assert [each.choice for each in known.decisions] == ["a", "y"]
    text = narration.text(narration.narrate(*known))
    assert "first: the model chose a" in text
    assert "second: u-1 chose y" in text
    assert made.run.error.startswith("not recorded: shop.look")


def test_a_decision_behind_the_fork_is_answered_from_the_record(database, catalog):
    told = Answer(
        outcome_class="ok",
        choice="x",
        reason="so",
        attempts=(Attempt(n=1, started=SystemClock().now(), ms=1, outcome_class="ok"),),
        usage=Usage(input=9),
    )

    async def use(old, _caller):
        asked = len(old.dispatcher.parts.decider.asked)
        made = await old.fork("first", "a")
        new = await old.database.read(decisions.of_run, made.run.id)
        return made, new, len(old.dispatcher.parts.decider.asked) - asked

    made, new, asked = tried(database, catalog, TWO, use, model={"test/first": "a", "test/second": told})

    assert made.run.status == "succeeded"
    assert asked == 0
    assert [(each.path, each.choice) for each in new] == [("first", "a"), ("second", "x")]
    assert new[1].anomalies == ("from_record",)
    assert new[1].usage.total == 0


def test_a_decision_that_was_never_asked_ends_the_fork(database, catalog):
    async def use(old, _caller):
        return await old.fork("first", "a")

    made = tried(database, catalog, TWO, use, model={"test/first": "b"})

    assert made.run.error.startswith("not recorded: shop.look was not called")


def test_an_unusable_answer_is_replayed_as_it_was(database, catalog):
    async def use(old, _caller):
        made = await old.fork("first", "a")
        return (await old.database.read(decisions.of_run, made.run.id))[1]

    second = tried(
        database,
        catalog,
        TWO,
        use,
        model={"test/first": "a", "test/second": Answer(outcome_class="refused")},
    )

    assert (second.outcome_class, second.decided_by, second.choice) == ("refused", "otherwise", "x")


@pytest.mark.parametrize(
    ("choose", "why"),
    [
        ("never", "was excluded: its guard is false"),
        ("nonsense", "was never an option"),
        ("applied", "never"),
    ],
)
def test_a_choice_that_could_not_be_made_is_refused(database, catalog, choose, why):
    async def use(old, _caller):
        with pytest.raises(AnswerInvalid, match=why):
            await old.fork("pick", choose)
        return (await old.database.read(runs.page)).items

    held = tried(database, catalog, SETTLE, use, model={"test/pick": "mark"})

    assert len(held) == 1


def test_an_unknown_decision_cannot_be_forked(database, catalog):
    async def use(old, _caller):
        with pytest.raises(DecisionUnknown):
            await forking.fork("none", ForkRequest(choose="a"), old.dispatcher.parts, None, actor="u-1")

    tried(database, catalog, TWO, use)


RECOVER = """
pay:
  call: shop.blind
  with: {n: 1}
  recover: {decide: And now, by: person}
after: {call: shop.look, with: {id: "o-1"}}
"""


def test_a_recovery_can_be_forked_to_what_only_a_person_can_tell(database, catalog):
    async def use(old, _caller):
        return await old.fork("pay", "applied", value={"id": "p-1"})

    made = tried(
        database,
        catalog,
        RECOVER,
        use,
        script={"shop.blind": [LOST]},
        people=["fail", "leave"],
        output={"id": "${pay.id}"},
    )

    assert made.parent.status == "failed"
    assert made.run.error == 'not recorded: shop.look was not called with {"id": "o-1"} in the recorded run'


PERSON = """
ask: {decide: Shall we, by: person, options: {go: {then: again}, stop: {then: end}}, otherwise: stop}
again: {decide: Really, by: person, options: {sure: {then: end}, nay: {then: end}}, otherwise: nay}
"""


def test_persons_answer_as_they_did(database, catalog):
    async def use(old, _caller):
        same, other = await old.fork("ask", "go"), await old.fork("ask", "stop")
        return same, other, await old.database.read(decisions.of_run, same.run.id)

    same, other, new = tried(database, catalog, PERSON, use, people=["go", "sure"])

    assert (same.run.status, other.run.status) == ("succeeded", "succeeded")
    assert [(each.choice, each.actor) for each in new] == [("go", "u-1"), ("sure", "u-7")]


def test_a_person_who_was_never_asked_ends_the_fork(database, catalog):
    async def use(old, _caller):
        return await old.fork("ask", "go")

    made = tried(database, catalog, PERSON, use, people=["stop"])

    assert made.run.error == "not recorded: nobody was asked 'Really' at again in the recorded run"


WAITS = """
pick: {decide: Which, options: {slow: {then: nap}, fast: {then: end}}, otherwise: fast}
nap: {wait: P30D}
"""


def test_time_passes_at_once(database, catalog):
    async def use(old, _caller):
        return await old.fork("pick", "slow")

    made = tried(database, catalog, WAITS, use, model={"test/pick": "fast"})

    assert made.run.status == "succeeded"
    assert (made.run.ended_at - made.run.created_at).total_seconds() < 60


BRANCHES = """
both:
  parallel:
    left: {pick: {decide: Which, options: {a: {}, b: {}}, otherwise: a}, l: {call: shop.mark, with: {n: 1}}}
    right: {r: {call: shop.blind, with: {n: 2}}}
"""


def test_a_call_under_way_at_the_fork_keeps_its_outcome(database, catalog):
    async def use(old, _caller):
        return await old.fork("both.left.pick", "b")

    made = tried(database, catalog, BRANCHES, use, model={"test/both.left.pick": "a"})

    assert made.run.status == "succeeded"
    assert made.difference.only_after == ()


def test_no_dispatcher_ever_moves_a_dry_fork(database, catalog):
    async def use(old, caller):
        made = await old.fork("pick", "mail")
        before = len(caller.calls)
        await old.dispatcher.take(made.run.id)
        return made, await old.database.read(runs.get, made.run.id), len(caller.calls) - before

    made, kept, calls = tried(database, catalog, SETTLE, use, model={"test/pick": "mark"})

    assert kept.ended
    assert (kept.status, kept.error, kept.mode) == (made.run.status, made.run.error, "replay")
    assert calls == 0


def test_a_live_fork_calls_only_what_comes_behind_the_decision(database, catalog):
    async def use(old, caller):
        before = len(caller.calls)
        made = await old.fork("pick", "mail", live=True, accept_effects=True)
        run = await settled(old.dispatcher, made.run.id)
        return made, run, [name for name, _, _ in caller.calls[before:]]

    made, run, called = tried(database, catalog, SETTLE, use, model={"test/pick": "mark"}, output=OUTPUT)

    assert (run.status, run.mode, run.output) == ("succeeded", "live", {"pick": "mail"})
    assert called == ["shop.mail"]
    assert made.decision.mode == "live"


def test_a_live_fork_is_refused_while_effects_stand_that_it_may_do_again(database, catalog):
    async def use(old, _caller):
        with pytest.raises(ForkRefused, match=r"pay \(shop.pay\), tell \(shop.mark\) of run .* stands"):
            await old.fork("pick", "mail", live=True)

    tried(database, catalog, SETTLE, use, script={"shop.pay": [OK]}, model={"test/pick": "pay"})


STANDS = """
hold: {call: shop.reserve, with: {n: 1}}
pick: {decide: Which, options: {stop: {then: stop}, try: {then: try}}, otherwise: stop}
try: {call: shop.look, with: {n: 2}, then: end}
stop: {fail: enough}
"""


def test_a_live_fork_from_what_was_taken_back_is_refused(database, catalog):
    async def use(old, _caller):
        assert old.run.status == "undone"
        with pytest.raises(ForkRefused, match=r"hold \(shop.reserve\), which it stands on, was taken back"):
            await old.fork("pick", "try", live=True, accept_effects=True)

    script = {"shop.reserve": [OK]}
    tried(database, catalog, STANDS, use, script=script, model={"test/pick": "stop"}, on_failure="undo")


def test_a_live_fork_leaves_in_place_what_the_old_run_did(database, catalog):
    async def use(old, caller):
        made = await old.fork("pick", "stop", live=True)
        run = await settled(old.dispatcher, made.run.id)
        return run, caller

    script = {"shop.reserve": [OK]}
    run, caller = tried(
        database, catalog, STANDS, use, script=script, model={"test/pick": "try"}, on_failure="undo"
    )

    assert run.error == "stop: enough"
    assert caller.count("shop.release") == 0


def test_a_dry_fork_takes_back_as_the_run_itself_would(database, catalog):
    async def use(old, _caller):
        return await old.fork("pick", "stop")

    made = tried(
        database,
        catalog,
        STANDS,
        use,
        script={"shop.reserve": [OK]},
        model={"test/pick": "try"},
        on_failure="undo",
    )

    assert (
        made.run.error == 'not recorded: shop.release was not called with {"id": "x-1"} in the recorded run'
    )


def test_a_live_fork_is_refused_while_an_effect_is_in_doubt(database, catalog):
    async def use(old, _caller):
        with pytest.raises(ForkRefused, match="nobody knows whether"):
            await old.fork("pay", "not_applied", live=True, accept_effects=True)

    tried(database, catalog, RECOVER, use, script={"shop.blind": [LOST]}, people=["fail", "leave"])


def test_a_live_fork_of_a_run_that_goes_on_is_refused(database, catalog):
    steps = "pick: {decide: Which, options: {a: {}, b: {}}, otherwise: a}\n" + PERSON.strip()

    async def use(old, _caller):
        assert old.run.status == "waiting"
        with pytest.raises(ForkRefused, match="it must have ended first"):
            await old.fork("pick", "b", live=True)

    tried(database, catalog, steps, use, model={"test/pick": "a"})


def test_a_refusal_before_the_fork_is_no_doubt(database, catalog):
    steps = """
    pay: {call: shop.blind, optional: true, recover: {decide: And now, allow: [skip], otherwise: skip}}
    pick: {decide: Which, options: {a: {}, b: {}}, otherwise: a}
    """

    async def use(old, _caller):
        made = await old.fork("pick", "b", live=True)
        return await settled(old.dispatcher, made.run.id)

    run = tried(database, catalog, steps, use, script={"shop.blind": [REFUSED]}, model={"test/pick": "a"})

    assert run.status == "succeeded"
