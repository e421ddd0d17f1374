import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from graphs import planning
from graphs.framing import PlanRequest
from graphs.planning import Tools
from graphs.testing import ScriptedCaller, process
from planner.definition import Budget
from planner.errors import InputInvalid
from planner.planning.constraints import Constraints
from planner.planning.errors import GoalUnclear, PlanClosed, PlanVoid
from planner.planning.plans import Simulation
from planner.planning.policy import Policy
from planner.store import catalogs, decisions, plans, workflows
from tools import catalog as catalogue
from tools.catalog import Catalog
from tools.operations import Operation
from tools.outcomes import Outcome

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "catalog.yaml"
ORDER = {
    "id": "o-1", "customer": "ada@example.com", "lines": [], "total": 9.5, "status": "confirmed",
    "payment_id": "p-1", "shipment_id": "s-1",
}  # fmt: skip
PAYMENT = {
    "id": "p-1",
    "order_id": "o-1",
    "customer": "ada@example.com",
    "amount": 9.5,
    "refunded": 0.0,
    "status": "captured",
}


class Explored:
    """Finds nothing, and remembers what it was to explore."""

    def __init__(self):
        self.seen = []

    async def __call__(self, workflow):
        self.seen.append(workflow)
        return Simulation(status="COMPLETE", faults=2, paths=3)


@pytest.fixture(scope="module")
def shop():
    return catalogue.load(SHOP)


@pytest.fixture
def opened(database, shop):
    @asynccontextmanager
    async def opening(caller=None, found=shop):
        async with process(database, found, caller or ScriptedCaller({})) as dispatcher:
            await database.write(catalogs.keep, found, dispatcher.parts.clock.now())
            yield dispatcher, dispatcher.parts, Tools(Explored(), Policy())

    return opening


REFUND = PlanRequest(goal="Pay back.", want=("payments.refund",), have={"order_id": "o-1"})
SECRET = "4111111111111111"
TOLD = {"reason": "late", "reference": "r-1"}


def test_a_plan_is_explored_weighed_and_kept(opened, database):
    async def scenario():
        async with opened() as (_, parts, tools):
            made = await planning.make(REFUND, parts, tools, by="ada")
            return made, tools.simulate.seen, await database.read(plans.get, made.id)

    made, seen, kept = asyncio.run(scenario())
    assert kept == made
    assert [flow.sha256 for flow in seen] == [made.sha256]
    assert (made.status, made.needs) == ("waiting", ("payments.refund cannot be taken back",))
    assert made.workflow.startswith(planning.PREFIX)


def test_what_cannot_be_reached_is_kept_with_its_problems_and_never_explored(opened):
    async def scenario():
        async with opened() as (_, parts, tools):
            made = await planning.make(PlanRequest(want=("horoscope",)), parts, tools, by="ada")
            return made, tools.simulate.seen

    made, seen = asyncio.run(scenario())
    assert (made.status, made.problems[0].code, seen) == ("unusable", "out-of-reach", [])


TEXT = {"type": "string"}
THING = {
    "type": "object",
    "title": "Thing",
    "required": ["id", "name"],
    "properties": {"id": TEXT, "name": TEXT},
}


def looking_up(name, *required):
    return Operation.model_validate(
        {
            "name": name,
            "service": name.partition(".")[0],
            "input": {"type": "object", "required": required, "properties": {"thing_id": TEXT}},
            "output": THING,
            "effect": "read",
            "effect_source": "declared",
            "binding": {"kind": "function", "target": "somewhere:something"},
        }
    )


def test_a_way_with_something_wrong_gives_way_to_the_next_and_tells_why(opened):
    both = [looking_up("a.getThing", "thing_id", "undeclared"), looking_up("b.getThing", "thing_id")]
    found = Catalog({each.name: each for each in both}, {})
    wanted = PlanRequest(want=("thing.name",), have={"thing_id": "t-1"})

    async def scenario():
        async with opened(found=found) as (_, parts, tools):
            return [
                await planning.make(each, parts, tools, by="ada")
                for each in (wanted, wanted.model_copy(update={"way": 0}))
            ]

    made, told = asyncio.run(scenario())
    assert (made.status, made.way, made.definition["steps"]["get_thing"]["call"]) == (
        "approved",
        1,
        "b.getThing",
    )
    assert [problem.code for problem in made.ways[0].problems] == ["missing-argument"]
    assert (told.status, told.problems[0].code) == ("unusable", "missing-argument")


def test_a_plan_keeps_within_its_constraints_and_its_budget_is_the_workflow_s(opened):
    limits = Constraints(forbid=("orders",), steps=3)
    wanted = REFUND.model_copy(
        update={"constraints": limits, "budget": Budget(duration=timedelta(seconds=1)), "have": {}}
    )

    async def scenario():
        async with opened() as (_, parts, tools):
            return await planning.make(wanted, parts, tools, by="ada")

    made = asyncio.run(scenario())
    assert [step["call"] for step in made.definition["steps"].values()] == ["payments.refund"]
    assert made.definition["budget"] == {"duration": "PT1S"}
    assert (made.frame.constraints, made.manifest.duration) == (limits, timedelta(seconds=1))


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"forbid": ("payments",)}, "forbidden-operation"),
        ({"forbid": ("changes",)}, "forbidden-operation"),
        ({"forbid": ("paymnts",)}, "unknown-constraint"),
        ({"steps": 1}, "too-many-steps"),
    ],
)
def test_a_plan_that_cannot_keep_within_its_constraints_is_unusable_and_says_why(opened, limits, code):
    wanted = REFUND.model_copy(update={"constraints": Constraints(**limits)})

    async def scenario():
        async with opened() as (_, parts, tools):
            return await planning.make(wanted, parts, tools, by="ada")

    made = asyncio.run(scenario())
    assert (made.status, [problem.code for problem in made.problems]) == ("unusable", [code])


def test_a_worst_case_over_the_budget_needs_a_person(opened):
    async def slow(_):
        return Simulation(status="COMPLETE", worst={"seconds": 90.0})

    wanted = PlanRequest(
        want=("shipment",), have={"order_id": "o-1"}, budget=Budget(duration=timedelta(minutes=1))
    )

    async def scenario():
        async with opened() as (_, parts, tools):
            return await planning.make(wanted, parts, tools._replace(simulate=slow), by="ada")

    made = asyncio.run(scenario())
    assert (made.status, made.needs) == (
        "waiting",
        ("at worst it takes 90 s, and the budget allows 60 s",),
    )


def test_a_goal_without_wants_and_without_a_model_comes_back_as_a_question(opened):
    async def scenario():
        async with opened() as (_, parts, tools):
            await planning.make(PlanRequest(goal="Make everybody happy."), parts, tools, by="ada")

    with pytest.raises(GoalUnclear, match="What must come of it"):
        asyncio.run(scenario())


def test_an_approved_plan_runs_with_what_is_known_and_what_is_told(opened, database):
    caller = ScriptedCaller(
        {
            "orders.getOrder": [Outcome(kind="applied", output=ORDER)],
            "payments.getPayment": [Outcome(kind="applied", output=PAYMENT)],
            "payments.refund": [Outcome(kind="applied", output={"id": "f-1"})],
        }
    )

    async def scenario():
        async with opened(caller) as (dispatcher, parts, tools):
            made = await planning.make(REFUND, parts, tools, by="ada")
            with pytest.raises(PlanClosed, match="is waiting, so it cannot be run"):
                await planning.begin(made.id, parts, dispatcher, tools, given=TOLD, by="ada")
            judged = await planning.judge(made.id, parts, tools, approved=True, by="bob", comment="fine")
            with pytest.raises(InputInvalid):
                await planning.begin(made.id, parts, dispatcher, tools, given={}, by="ada")
            begun = await planning.begin(made.id, parts, dispatcher, tools, given=TOLD, by="ada")
            await dispatcher.signals.wait(begun.run.id, 5.0, until_stopped=True)
            return judged, begun.run, await database.read(decisions.page)

    judged, run, _ = asyncio.run(scenario())
    assert (judged.status, judged.approval.by, judged.approval.comment) == ("approved", "bob", "fine")
    assert run.goal == "Pay back."
    assert caller.calls[-1][:2] == (
        "payments.refund",
        {"payment_id": "p-1", "amount": 9.5, "reason": "late", "reference": "r-1"},
    )


def test_what_is_known_and_not_used_is_told_and_is_no_input_of_a_run(opened):
    have = {"order": {"id": "o-1"}, "colour": "red", "reason": 4711}
    told = PlanRequest(want=("orders.getOrder",), have=have)

    async def scenario():
        async with opened() as (dispatcher, parts, tools):
            made = await planning.make(told, parts, tools, by="ada")
            begun = await planning.begin(made.id, parts, dispatcher, tools, given={}, by="ada")
            return made, begun.run

    made, run = asyncio.run(scenario())
    assert [each.name for each in made.unused] == ["colour", "reason"]
    assert run.input == {"order": {"id": "o-1"}}


def test_a_changed_contract_voids_an_approval_and_nothing_runs(opened, shop, database):
    async def scenario():
        async with opened() as (_, parts, tools):
            made = await planning.make(REFUND, parts, tools, by="ada")
            await planning.judge(made.id, parts, tools, approved=True, by="bob")
        refund = shop.operations["payments.refund"].model_copy(update={"effect": "irreversible"})
        other = Catalog({**shop.operations, "payments.refund": refund}, shop.services)
        async with opened(found=other) as (dispatcher, parts, tools):
            with pytest.raises(PlanVoid, match=r"the contract of payments\.refund changed"):
                await planning.begin(made.id, parts, dispatcher, tools, given=TOLD, by="ada")
            with pytest.raises(PlanClosed, match="is void"):
                await planning.begin(made.id, parts, dispatcher, tools, given=TOLD, by="ada")
        return await database.read(plans.get, made.id)

    assert asyncio.run(scenario()).status == "void"


def test_a_rejected_plan_cannot_be_approved_or_run_any_more(opened):
    async def scenario():
        async with opened() as (dispatcher, parts, tools):
            made = await planning.make(REFUND, parts, tools, by="ada")
            await planning.judge(made.id, parts, tools, approved=False, by="bob", comment="no")
            for action in (
                planning.judge(made.id, parts, tools, approved=True, by="bob"),
                planning.begin(made.id, parts, dispatcher, tools, given=TOLD, by="ada"),
            ):
                with pytest.raises(PlanClosed, match="is rejected"):
                    await action

    asyncio.run(scenario())


def test_an_approval_can_be_taken_back(opened):
    async def scenario():
        async with opened() as (_, parts, tools):
            made = await planning.make(
                PlanRequest(want=("shipment",), have={"order_id": "o-1"}), parts, tools, by="ada"
            )
            assert (made.status, made.approval.by) == ("approved", "policy")
            return await planning.judge(made.id, parts, tools, approved=False, by="bob")

    assert asyncio.run(scenario()).status == "rejected"


def test_a_secret_in_a_goal_is_masked_in_the_definition_and_in_what_is_kept_of_it(opened, database):
    told = PlanRequest(goal=f"Pay back with {SECRET}.", want=("payments.refund",), have={"order_id": "o-1"})

    async def scenario():
        async with opened() as (_, parts, tools):
            made = await planning.make(told, parts, tools, by="ada")
            text = await database.read(workflows.source, made.workflow)
            flow = await database.read(workflows.by_sha256, made.sha256)
            return made, text, flow, await database.read(plans.get, made.id)

    made, *kept = asyncio.run(scenario())
    assert made.definition["goal"] == "Pay back with [masked:card]."
    assert SECRET not in f"{made}{kept}"


def test_a_plan_is_told_as_it_is_shown_when_it_is_made(opened, database):
    told = PlanRequest(want=("payments.refund",), have={"order_id": "o-1", "password": "open sesame"})

    async def scenario():
        async with opened() as (_, parts, tools):
            made = await planning.make(told, parts, tools, by="ada")
            return made, await database.read(plans.true_frame, made.id)

    made, true = asyncio.run(scenario())
    assert "sesame" not in str(made)
    assert true.have["password"] == "open sesame"
