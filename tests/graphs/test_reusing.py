"""Plans that serve again, on the shop's catalogue."""

import asyncio
from pathlib import Path

import pytest

from graphs import planning
from graphs.framing import PlanRequest
from graphs.planning import Tools
from graphs.testing import ScriptedCaller, ScriptedDecider, process
from planner.decisions import Filled
from planner.planning.constraints import Constraints
from planner.planning.errors import GoalUnclear
from planner.planning.plans import Simulation
from planner.planning.policy import Policy
from planner.store import catalogs, decisions
from tools import catalog
from tools.catalog import Catalog

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "catalog.yaml"
LOOK = PlanRequest(goal="Where is it?", want=("shipment",), have={"order_id": "o-1"})
REFUND = PlanRequest(goal="Pay back.", want=("payments.refund",), have={"order_id": "o-1"})


class Explored:
    """Finds nothing, and counts."""

    def __init__(self):
        self.times = 0

    async def __call__(self, workflow):
        self.times += 1
        return Simulation(status="COMPLETE")


class Chooser(ScriptedDecider):
    """Chooses the first workflow that is offered, and reads an order out of the goal."""

    async def choose(self, question):
        self.script = {question.point: question.options[0].id}
        return await super().choose(question)

    async def fill(self, brief, **_more):
        return Filled(outcome_class="ok", value={"order_id": brief.goal.split()[-1]})


@pytest.fixture(scope="module")
def shop():
    return catalog.load(SHOP)


@pytest.fixture
def desk(database, shop):
    """Return a function that plays a scenario with a policy, a catalogue and a decider."""

    def play(scenario, *, policy=Policy(), found=shop, decider=None):  # noqa: B008 - frozen
        async def playing():
            async with process(database, found, ScriptedCaller({})) as dispatcher:
                parts, tools = dispatcher.parts, Tools(Explored(), policy)
                if decider is not None:
                    parts.decider, parts.has_model = decider, True
                await database.write(catalogs.keep, found, parts.clock.now())

                async def make(request, **more):
                    return await planning.make(request.model_copy(update=more), parts, tools, by="ada")

                async def judge(plan, *, approved):
                    return await planning.judge(plan.id, parts, tools, approved=approved, by="bob")

                return await scenario(make, judge), tools.simulate.times

        return asyncio.run(playing())

    return play


def test_a_goal_of_the_same_frame_is_served_by_the_approved_plan_with_its_own_values(desk):
    async def scenario(make, _):
        first = await make(LOOK)
        again = await make(LOOK, goal="And the other?", have={"order_id": "o-2"})
        return first, again

    (first, again), explored = desk(scenario)
    assert (again.reused.plan, again.reused.by, again.reused.approval_kept) == (first.id, "frame", True)
    assert (again.sha256, again.digest, again.status) == (first.sha256, first.digest, "approved")
    assert (again.frame.goal, again.frame.have) == ("And the other?", {"order_id": "o-2"})
    assert explored == 1


def test_a_persons_approval_holds_for_the_same_digest(desk):
    async def scenario(make, judge):
        approved = await judge(await make(REFUND), approved=True)
        return approved, await make(REFUND, have={"order_id": "o-2"})

    (approved, again), _ = desk(scenario)
    assert (again.status, again.approval) == ("approved", approved.approval)


def test_under_another_policy_the_plan_serves_again_but_a_person_is_asked_again(desk):
    async def first(make, _):
        return await make(LOOK)

    async def then(make, _):
        return await make(LOOK)

    made, _ = desk(first)
    again, _ = desk(then, policy=Policy(irreversible=False))
    stricter, _ = desk(then, policy=Policy(findings=False, changes=True))
    assert (again.reused.plan, again.reused.approval_kept, again.status) == (made.id, False, "approved")
    assert again.digest != made.digest
    assert stricter.reused.approval_kept is False


def test_a_plan_waits_again_where_the_policy_of_today_needs_a_person(desk):
    async def scenario(make, judge):
        return await judge(await make(REFUND), approved=True)

    async def then(make, _):
        return await make(REFUND)

    desk(scenario)
    again, _ = desk(then, policy=Policy(unasked=False))
    assert (again.status, again.approval, again.reused.approval_kept) == ("waiting", None, False)


def test_a_plan_whose_contracts_changed_serves_no_more(desk, shop):
    async def scenario(make, _):
        return await make(LOOK)

    first, _ = desk(scenario)
    order = shop.operations["orders.getOrder"].model_copy(update={"timeout": None, "effect": "idempotent"})
    other = Catalog({**shop.operations, "orders.getOrder": order}, shop.services)
    again, _ = desk(scenario, found=other)
    assert (again.reused, again.sha256 == first.sha256) == (None, False)


def test_a_rejected_plan_serves_no_more_nor_do_those_that_followed_it(desk):
    async def scenario(make, judge):
        first = await make(LOOK)
        again = await make(LOOK)
        await judge(first, approved=False)
        return again, await make(LOOK), await make(LOOK, reuse=False)

    (again, after, fresh), _ = desk(scenario)
    assert (again.reused is None, after.reused, fresh.reused) == (False, None, None)


def test_a_plan_that_followed_a_rejected_one_cannot_run(desk, database):
    async def scenario(make, judge):
        first = await make(LOOK)
        again = await make(LOOK)
        await judge(first, approved=False)
        return again

    again, _ = desk(scenario)
    assert database.read_sync(planning.stored.get, again.id).status == "rejected"


def test_no_plan_of_another_tenant_or_that_waits_serves_again(desk):
    async def scenario(make, _):
        await make(LOOK)
        await make(REFUND)
        return await make(LOOK, tenant="acme"), await make(REFUND)

    (other, waiting), _ = desk(scenario)
    assert (other.reused, waiting.reused) == (None, None)


def test_reuse_can_be_switched_off_by_request_and_by_policy_without_voiding_anything(desk):
    async def scenario(make, _):
        first = await make(LOOK)
        return first, await make(LOOK, reuse=False)

    (first, fresh), _ = desk(scenario)
    (_, off), _ = desk(scenario, policy=Policy(reuse=False))
    assert (fresh.reused, off.reused) == (None, None)
    assert len(first.digest) == 64


def test_a_goal_in_the_same_words_is_served_without_a_model(desk):
    async def scenario(make, _):
        first = await make(LOOK)
        again = await make(PlanRequest(goal=" where is  it?", have={"order_id": "o-7"}))
        with pytest.raises(GoalUnclear):
            await make(PlanRequest(goal="Where is it?", have={"sku": "a"}))
        return first, again

    (first, again), _ = desk(scenario)
    assert (again.reused.plan, again.reused.by) == (first.id, "words")
    assert (again.frame.want, again.frame.have) == (("shipment",), {"order_id": "o-7"})


def test_a_model_may_choose_the_plan_that_serves_other_words_and_the_log_says_so(desk, database):
    async def scenario(make, _):
        return await make(LOOK)

    async def then(make, _):
        return await make(PlanRequest(goal="Tell where it is: o-9"))

    first, _ = desk(scenario)
    again, _ = desk(then, decider=Chooser({}))
    assert (again.reused.plan, again.reused.by) == (first.id, "route")
    assert again.frame.have == {"order_id": "o-9"}
    logged = database.read_sync(decisions.get, again.reused.decision_id)
    assert (logged.kind, logged.point, logged.choice) == ("route", "goal/reuse", first.workflow)


def test_a_model_that_finds_none_fitting_lets_the_goal_be_planned(desk):
    async def scenario(make, _):
        await make(LOOK)

    async def then(make, _):
        with pytest.raises(GoalUnclear):
            await make(PlanRequest(goal="Where is my soup?"))

    desk(scenario)
    desk(then, decider=ScriptedDecider({"goal/reuse": "none"}))


def test_a_value_that_does_not_fit_is_served_by_no_plan_that_takes_it(desk):
    amount = {"order_id": "o-1", "amount": 9.5}

    async def scenario(make, judge):
        first = await make(REFUND, have=amount)
        await judge(first, approved=True)
        return [await make(REFUND, have=amount | {"amount": each}) for each in (7.5, -1.5, 8.5)]

    (same, unfit, again), _ = desk(scenario)
    assert [each.reused is not None for each in (same, unfit, again)] == [True, False, True]
    assert [each.name for each in unfit.unused] == ["amount"]


def test_a_plan_within_limits_serves_only_where_the_same_limits_are_set(desk):
    limits = Constraints(forbid=("changes",))

    async def scenario(make, _):
        await make(LOOK, constraints=limits)
        with pytest.raises(GoalUnclear):
            await make(LOOK, want=())
        return [await make(LOOK, constraints=each) for each in (limits, Constraints())]

    (same, other), _ = desk(scenario)
    assert [each.reused is not None for each in (same, other)] == [True, False]
