"""Runs of plans that go on another way, over a real database and the real engine."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from graphs import intake, planning, promoting
from graphs.intake import RunRequest
from graphs.planning import PlanRequest, Tools
from graphs.promoting import PromotionRequest
from graphs.replanning import Replans
from graphs.testing import DOWN, REFUSED, ScriptedCaller, process
from planner import narration
from planner.definition import Workflow
from planner.errors import StoreUnavailable
from planner.planning import plans as plan_records
from planner.planning.plans import Finding, Simulation
from planner.planning.policy import Policy
from planner.runs import PersonAnswer
from planner.store import catalogs, decisions, journal, plans, questions, runs, stories, workflows
from tools.catalog import Catalog
from tools.operations import Operation
from tools.outcomes import Outcome

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def thing(title, **fields):
    return {"type": "object", "title": title, "required": [*fields], "properties": fields}


HOLD = thing("Hold", id=TEXT, order_id=TEXT)
QUOTE = thing("Quote", id=TEXT, price=NUMBER)
MESSAGE = thing("Message", id=TEXT)


def operation(name, effect, output, /, undo=None, **arguments):
    return Operation.model_validate(
        {
            "name": name,
            "service": name.partition(".")[0],
            "input": {"type": "object", "required": [*arguments], "properties": arguments},
            "output": output,
            "effect": effect,
            "effect_source": "declared",
            "undo": undo,
            "retry": {"attempts": 1},
            "binding": {"kind": "function", "target": "somewhere:something"},
        }
    )


RELEASE = {"call": "stock.release", "with": {"hold_id": "${output.id}"}}
OPERATIONS = (
    operation("stock.hold", "keyed", HOLD, order_id=TEXT, undo=RELEASE),
    operation("stock.release", "idempotent", thing("Released", id=TEXT), hold_id=TEXT),
    operation("fast.getQuote", "read", QUOTE, hold_id=TEXT),
    operation("slow.getQuote", "read", QUOTE, hold_id=TEXT, order_id=TEXT),
    operation("mail.send", "keyed", MESSAGE, quote_id=TEXT),
)
ANSWERS = {
    "stock.hold": [Outcome(kind="applied", output={"id": "h-1", "order_id": "o-1"})],
    "stock.release": [Outcome(kind="applied", output={"id": "r-1"})],
    "fast.getQuote": [DOWN],
    "slow.getQuote": [Outcome(kind="applied", output={"id": "q-1", "price": 4.5})],
    "mail.send": [Outcome(kind="applied", output={"id": "m-1"})],
}
WANTED = PlanRequest(
    goal="Hold it, price it, and say so.",
    want=("stock.hold", "quote.price", "mail.send"),
    have={"order_id": "o-1"},
    way=0,
)


def catalog(*more, without=()):
    held = (*OPERATIONS, *more)
    return Catalog({each.name: each for each in held if each.name not in without}, {})


async def explored(_workflow):
    return Simulation(status="COMPLETE")


class Desk:
    """One process at work on a plan that was approved."""

    def __init__(self, dispatcher, caller, simulate):
        self.dispatcher, self.parts, self.caller = dispatcher, dispatcher.parts, caller
        self.tools = Tools(explored, Policy())
        self.parts.replanner = Replans(self.parts, simulate)

    async def plan(self, wanted=WANTED):
        made = await planning.make(wanted, self.parts, self.tools, by="ada")
        assert not made.problems
        assert made.status == "approved"
        return made

    async def run(self, plan):
        begun = await planning.begin(plan.id, self.parts, self.dispatcher, self.tools, given={}, by="ada")
        return await self.ended(begun.run.id)

    async def asked(self):
        """Return the one open question, once there is one."""
        for _ in range(500):
            if found := (await self.parts.database.read(questions.page, status="open")).items:
                (question,) = found
                return question
            await asyncio.sleep(0.02)
        raise AssertionError("nobody was asked")

    async def ended(self, run_id):
        for _ in range(1000):
            run = await self.parts.database.read(runs.get, run_id)
            asked = (await self.parts.database.read(questions.page, status="open")).items
            if run.ended or (run.status == "waiting" and run.wake_at is None and asked):
                return run
            await asyncio.sleep(0.02)
        raise AssertionError(run)


@pytest.fixture
def desk(database):
    """Return a function that plays a scenario at a desk."""

    @asynccontextmanager
    async def opening(found, script, simulate):
        caller = ScriptedCaller(script)
        async with process(database, found, caller) as dispatcher:
            await database.write(catalogs.keep, found, dispatcher.parts.clock.now())
            yield Desk(dispatcher, caller, simulate)

    def play(scenario, *, found=None, simulate=explored, **script):
        async def playing():
            answers = ANSWERS | {name.replace("_", ".", 1): told for name, told in script.items()}
            async with opening(found or catalog(), answers, simulate) as opened:
                return await scenario(opened), opened.caller

        return asyncio.run(playing())

    return play


async def planned_and_run(desk):
    return await desk.run(await desk.plan())


def logged(database, run):
    return [
        (each.path, each.choice, each.decided_by) for each in database.read_sync(decisions.of_run, run.id)
    ]


def test_a_run_goes_on_with_another_operation_of_the_same_kind(desk, database):
    run, caller = desk(planned_and_run)

    assert (run.status, run.output["quote_price"]) == ("succeeded", 4.5)
    assert [name for name, _, _ in caller.calls] == [
        "stock.hold",
        "fast.getQuote",
        "slow.getQuote",
        "mail.send",
    ]
    assert caller.calls[-1][1] == {"quote_id": "q-1"}
    assert caller.calls[-2][1] == {"hold_id": "h-1", "order_id": "o-1"}


def test_the_choice_is_a_decision_with_the_ways_by_digest_and_the_change_is_in_the_journal(desk, database):
    run, _ = desk(planned_and_run)

    replan, way = database.read_sync(decisions.of_run, run.id)
    assert (replan.choice, replan.decided_by, replan.trigger.operation) == ("replan", "rule", "fast.getQuote")
    assert way.choice == f"rest_{run.workflow.sha256[:16]}"
    assert [each.id for each in way.options] == [way.choice, "give_up", "person"]
    assert way.options[0].means == "Call slow.getQuote, then mail.send."
    assert way.reason == "the cheapest way within what was approved"
    (change,) = [
        entry for _, entry in database.read_sync(journal.entries, run.id) if entry.kind == "repinned"
    ]
    assert (change.path, change.body["to"]["sha256"]) == (way.path, run.workflow.sha256)
    assert change.body["from"]["sha256"] != run.workflow.sha256


def test_the_story_tells_what_failed_which_ways_there_were_and_how_it_went_on(desk, database):
    run, _ = desk(planned_and_run)

    narrated = narration.narrate(*database.read_sync(stories.load, run.id))
    told = [line.partition("  ")[2].strip() or line for line, _ in narration.lines(narrated)]

    name, rest = run.workflow.name, run.workflow.version
    way = f"rest_{run.workflow.sha256[:16]}"
    in_order = [
        f"1  the run began: {name} 0.1.0",
        "fast.getQuote never reached the service",
        "the rule chose replan",
        "offered replan: Find another way to what the plan wants, within what was approved.",
        f"the rule chose {way}",
        f"offered {way}: Call slow.getQuote, then mail.send.",
        "offered give_up: Look for no other way; the run ends.",
        f"planner let the run go on with version {rest} in place of 0.1.0",
        "slow.getQuote went through",
        "the run ended: succeeded",
    ]
    places = [next(number for number, line in enumerate(told) if text in line) for text in in_order]
    assert places == sorted(places)


def test_what_was_run_stays_in_the_definition_as_it_was(desk, database):
    run, _ = desk(planned_and_run)
    flow = database.read_sync(workflows.by_sha256, run.workflow.sha256)
    before = database.read_sync(workflows.get, run.workflow.name, "0.1.0")
    names = list(before.steps)
    assert list(flow.steps)[:2] == names[:2]
    assert flow.steps[names[0]] == before.steps[names[0]]
    assert flow.version.startswith("0.1.0-rest.")
    assert run.workflow.name not in database.read_sync(workflows.names)


def test_where_no_other_way_is_left_the_run_ends_as_without_one(desk, database):
    run, caller = desk(planned_and_run, found=catalog(without={"slow.getQuote"}))
    assert run.status == "undone"
    assert caller.calls[-1][0] == "stock.release"
    (path,) = {path for path, _, _ in logged(database, run)}
    assert logged(database, run) == [(path, "replan", "rule"), (path, "give_up", "rule")]


def test_a_way_that_changes_more_than_was_approved_is_excluded_and_says_so(desk, database):
    paid = operation("paid.getQuote", "write", QUOTE, hold_id=TEXT)
    run, caller = desk(planned_and_run, found=catalog(paid, without={"slow.getQuote"}))
    assert (run.status, caller.count("paid.getQuote")) == ("undone", 0)
    way = database.read_sync(decisions.of_run, run.id)[1]
    assert way.options[0].excluded_by == "paid.getQuote changes something that was not approved"
    assert way.choice == "give_up"


def test_an_operation_of_which_nobody_declared_that_it_only_reads_is_excluded(desk, database):
    guessed = OPERATIONS[3].model_copy(update={"effect_source": "inferred"})
    run, caller = desk(planned_and_run, found=catalog(guessed))
    assert (run.status, caller.count("slow.getQuote")) == ("undone", 0)
    told = database.read_sync(decisions.of_run, run.id)[1].options[0].excluded_by
    assert told == "nobody declared that slow.getQuote only reads, and the plan does not name it"


def test_a_way_of_which_simulation_finds_what_the_plan_did_not_show_is_excluded(desk, database):
    async def bad(_workflow):
        found = Finding(invariant="ends", message="It does not end.", faults=1, story=())
        return Simulation(status="INCOMPLETE", findings=(found,))

    run, _ = desk(planned_and_run, simulate=bad)
    way = database.read_sync(decisions.of_run, run.id)[1]
    assert (way.options[0].excluded_by, way.choice) == ("simulation found: It does not end.", "give_up")


def test_a_run_is_replanned_twice_at_the_most(desk, database):
    others = [operation(f"other{number}.getQuote", "read", QUOTE, hold_id=TEXT) for number in (1, 2)]
    down = {"other1_getQuote": [DOWN], "other2_getQuote": [DOWN], "slow_getQuote": [REFUSED]}
    run, caller = desk(planned_and_run, found=catalog(*others), **down)
    assert run.status == "undone"
    asked = [name for name, _, _ in caller.calls if name.endswith("getQuote")]
    assert len(asked) == len(set(asked)) == 3
    last = database.read_sync(decisions.of_run, run.id)[-1]
    option = next(each for each in last.options if each.id == "replan")
    assert option.excluded_by == "the run was replanned as often as it may be"


def test_what_is_wanted_itself_is_not_gone_around(desk, database):
    run, _ = desk(planned_and_run, mail_send=[REFUSED], fast_getQuote=ANSWERS["slow.getQuote"])
    (only,) = database.read_sync(decisions.of_run, run.id)
    (told,) = [each.excluded_by for each in only.options if each.id == "replan"]
    assert (run.status, told) == ("undone", "mail.send itself is what the plan wants")


def test_nothing_goes_past_a_change_that_is_in_doubt(desk, database):
    lost = [Outcome(kind="unknown", code="timeout", error="no answer")]
    run, _ = desk(planned_and_run, stock_hold=lost)
    assert run.status == "waiting"
    options = database.read_sync(decisions.of_run, run.id)[0].options
    (told,) = [each.excluded_by for each in options if each.id == "replan"]
    assert "nothing may go past it" in told


def test_a_process_that_ends_between_the_choice_and_the_change_loses_neither(desk, database):
    class Broken(Replans):
        tries = 0

        async def adopt(self, *told):
            self.tries += 1
            if self.tries == 1:
                raise StoreUnavailable("gone for a moment")
            return await super().adopt(*told)

    async def scenario(desk):
        desk.parts.replanner = Broken(desk.parts, explored)
        return await planned_and_run(desk)

    run, caller = desk(scenario)
    assert (run.status, caller.count("fast.getQuote"), caller.count("slow.getQuote")) == ("succeeded", 1, 1)
    assert [choice for _, choice, _ in logged(database, run)] == [
        "replan",
        f"rest_{run.workflow.sha256[:16]}",
    ]


def by_person(flow):
    """Return a plan's workflow with a person declared to choose at its quote."""
    told = flow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    told["workflow"] = "plan-person"
    told["steps"]["get_quote"]["recover"] = {"by": "person", "allow": ["replan", "person"]}
    return Workflow.model_validate(told)


def test_where_a_person_is_declared_a_person_chooses_the_way(desk, database):
    async def scenario(desk):
        made = await planning.make(WANTED, desk.parts, desk.tools, by="ada")
        flow = by_person(await database.read(workflows.by_sha256, made.sha256))
        told = made.model_copy(update={"id": "p-2", "sha256": flow.sha256})
        now = desk.parts.clock.now()
        weighed = plan_records.weighed(told, flow, made.manifest, made.simulation, Policy(), now=now)
        await database.write(plans.add, weighed, flow)
        run = await desk.run(weighed)
        for choice in ("replan", None):
            asked = await desk.asked()
            taken = choice or next(each.id for each in asked.options if each.id.startswith("rest_"))
            answer = PersonAnswer(choice=taken, actor="bob", at=desk.parts.clock.now())
            await database.write(questions.answer, asked.decision_id, answer)
            await desk.dispatcher.take(run.id)
        return await desk.ended(run.id)

    run, _ = desk(scenario)
    assert run.status == "succeeded"
    assert [(choice.partition("_")[0], who) for _, choice, who in logged(database, run)] == [
        ("replan", "person"),
        ("rest", "person"),
    ]


def test_the_run_of_a_promoted_workflow_is_replanned_within_what_its_plan_allows(desk, database):
    async def scenario(desk):
        plan = await desk.plan()
        for _ in range(2):
            await desk.run(plan)
        named = PromotionRequest(name="hold-and-price")
        await promoting.promote(plan.id, named, desk.parts, Policy(clean_runs=1), by="bob")
        wanted = RunRequest(workflow="hold-and-price", input={"order_id": "o-1"})
        begun = await intake.begin(wanted, desk.parts, desk.dispatcher, started_by="ada")
        return await desk.ended(begun.run.id)

    fine = Outcome(kind="applied", output={"id": "q-1", "price": 4.0})
    run, _ = desk(scenario, fast_getQuote=[fine, fine, DOWN])
    assert (run.status, run.output["quote_price"]) == ("succeeded", 4.5)
    assert run.workflow.version.startswith("1.0.0-rest.")


def test_no_other_run_is_ever_offered_to_be_replanned(desk, database):
    async def scenario(desk):
        plan = await desk.plan()
        await planning.judge(plan.id, desk.parts, desk.tools, approved=False, by="eve")
        return plan

    plan, _ = desk(scenario)
    assert database.read_sync(plans.of_workflow, plan.workflow) is None
