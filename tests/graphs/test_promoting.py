"""Plans that become named workflows, and are taken out of service again, on the shop's catalogue."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from graphs import demoting, intake, planning, promoting
from graphs.framing import PlanRequest
from graphs.intake import RunRequest
from graphs.planning import Tools
from graphs.promoting import PromotionRequest
from graphs.testing import REFUSED, ScriptedCaller, process
from planner.errors import NameTaken, VersionClosed
from planner.planning.errors import PlanClosed, PlanUntried, PlanVoid
from planner.planning.plans import Simulation
from planner.planning.policy import Policy
from planner.store import catalogs, plans, versions, workflows
from tools import catalog
from tools.catalog import Catalog
from tools.outcomes import Outcome

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "catalog.yaml"
ORDER = {
    "id": "o-1", "customer": "ada@example.com", "lines": [], "total": 9.5, "status": "confirmed",
    "payment_id": "p-1", "shipment_id": "s-1",
}  # fmt: skip
LOOK = PlanRequest(goal="Whose order is it?", want=("customer",), have={"order_id": "o-1"})
FOUND = {"orders.getOrder": [Outcome(kind="applied", output=ORDER)]}
RULES = Policy(clean_runs=2, failed_runs=0, of_runs=3)
NAMED = PromotionRequest(name="whose-order", comment="It has proven itself.")


async def explored(_workflow):
    return Simulation(status="COMPLETE")


@pytest.fixture(scope="module")
def shop():
    return catalog.load(SHOP)


class Desk:
    """One process at work on plans."""

    def __init__(self, dispatcher):
        self.dispatcher, self.parts, self.tools = dispatcher, dispatcher.parts, Tools(explored, RULES)

    async def plan(self, **more):
        return await planning.make(LOOK.model_copy(update=more), self.parts, self.tools, by="ada")

    async def run(self, plan, times=1):
        for _ in range(times):
            begun = await planning.begin(plan.id, self.parts, self.dispatcher, self.tools, given={}, by="ada")
            await self.dispatcher.signals.wait(begun.run.id, 5.0, until_stopped=True)

    async def promote(self, plan, wanted=NAMED):
        return await promoting.promote(plan.id, wanted, self.parts, self.tools.policy, by="bob")

    async def named(self, name="whose-order"):
        """Run the named workflow once."""
        wanted = RunRequest(workflow=name, input={"order_id": "o-1"})
        begun = await intake.begin(wanted, self.parts, self.dispatcher, started_by="ada")
        await self.dispatcher.signals.wait(begun.run.id, 5.0, until_stopped=True)
        return begun.run


@pytest.fixture
def desk(database, shop):
    """Return a function that plays a scenario at a desk."""

    @asynccontextmanager
    async def opening(found, script):
        async with process(database, found, ScriptedCaller(script)) as dispatcher:
            dispatcher.parts.policy = RULES
            await database.write(catalogs.keep, found, dispatcher.parts.clock.now())
            yield Desk(dispatcher)

    def play(scenario, *, found=shop, script=FOUND):
        async def playing():
            async with opening(found, script) as opened:
                return await scenario(opened)

        return asyncio.run(playing())

    return play


async def promoted(desk):
    plan = await desk.plan()
    await desk.run(plan, 2)
    return await desk.promote(plan)


def test_a_plan_whose_runs_were_clean_becomes_a_named_workflow(desk, database):
    async def scenario(desk):
        plan = await promoted(desk)
        await desk.plan(goal="Tell me the customer.")
        return plan, await desk.named()

    plan, run = desk(scenario)
    made = plan.promotion
    assert (made.workflow, made.version, made.by, len(made.runs)) == ("whose-order", "1.0.0", "bob", 2)
    assert made.digest == plan.digest
    assert (run.workflow.name, run.workflow.sha256) == ("whose-order", made.sha256)
    assert f"Promoted from plan {plan.id} by bob" in database.read_sync(workflows.source, "whose-order")
    assert [each.workflow.workflow for each in database.read_sync(versions.offered)] == ["whose-order"]


def test_goals_that_the_plan_served_are_kept_for_routing(desk, database):
    async def scenario(desk):
        first = await desk.plan()
        await desk.run(await desk.plan(goal="Tell me the customer."), 2)
        await desk.promote(first)

    desk(scenario)
    flow = database.read_sync(workflows.get, "whose-order")
    assert (flow.goal, flow.examples) == ("Whose order is it?", ("Tell me the customer.",))


def test_too_few_runs_or_one_that_was_not_clean_refuse_promotion(desk):
    async def few(desk):
        plan = await desk.plan()
        await desk.run(plan)
        with pytest.raises(PlanUntried, match="1 of its latest runs were clean, and the latest 2 must be"):
            await desk.promote(plan)

    async def failed(desk):
        plan = await desk.plan()
        await desk.run(plan)
        with pytest.raises(PlanUntried, match=r"1 of its latest runs were clean \(run .* undone\)"):
            await desk.promote(plan)

    desk(few)
    desk(failed, script={"orders.getOrder": [REFUSED]})


def test_only_an_approved_plan_is_promoted_and_only_once(desk):
    async def scenario(desk):
        waiting = await desk.plan(want=("payments.refund",))
        with pytest.raises(PlanClosed, match="is waiting, so it cannot be promoted"):
            await desk.promote(waiting)
        plan = await promoted(desk)
        with pytest.raises(PlanClosed, match=r"promoted to whose-order 1\.0\.0"):
            await desk.promote(plan)

    desk(scenario)


def test_a_name_that_another_workflow_bears_is_refused(desk, database):
    flow = workflows.Workflow.model_validate({"workflow": "whose-order", "steps": {"a": {"set": {"x": 1}}}})

    async def scenario(desk):
        await database.write(workflows.register, flow, source="", now=desk.parts.clock.now())
        with pytest.raises(NameTaken):
            await promoted(desk)

    desk(scenario)


def changed(shop):
    order = shop.operations["orders.getOrder"].model_copy(update={"effect": "idempotent"})
    return Catalog({**shop.operations, "orders.getOrder": order}, shop.services)


def test_a_changed_contract_demotes_the_workflow_and_voids_the_plan(desk, database, shop):
    plan = desk(promoted)

    async def later(desk):
        await demoting.review(desk.parts)
        with pytest.raises(VersionClosed):
            await desk.named()

    desk(later, found=changed(shop))
    found = database.read_sync(plans.get, plan.id)
    assert found.status == "void"
    assert found.promotion.demoted.reasons == ("the contract of orders.getOrder changed",)
    assert database.read_sync(versions.standings, "whose-order")[0].state == "draining"


def test_a_plan_that_turns_out_void_when_it_is_run_takes_its_workflow_along(desk, database, shop):
    plan = desk(promoted)

    async def later(desk):
        with pytest.raises(PlanVoid):
            await desk.run(plan)

    desk(later, found=changed(shop))
    assert not database.read_sync(plans.get, plan.id).promotion.stands


def test_a_workflow_whose_plan_is_as_it_was_stays_in_service(desk, database):
    plan = desk(promoted)
    desk(lambda opened: demoting.review(opened.parts))
    assert database.read_sync(plans.get, plan.id) == plan


def test_too_many_failed_runs_demote_the_workflow_and_leave_the_plan_as_it_is(desk, database):
    plan = desk(promoted)
    desk(lambda opened: opened.named(), script={"orders.getOrder": [REFUSED]})
    found = database.read_sync(plans.get, plan.id)
    assert found.status == "approved"
    assert found.promotion.demoted.reasons == ("1 of its latest 1 runs failed; 0 of 3 may",)


def test_who_rejects_a_plan_takes_its_workflow_out_of_service(desk, database):
    async def scenario(desk):
        plan = await promoted(desk)
        await planning.judge(plan.id, desk.parts, desk.tools, approved=False, by="eve")
        return plan

    plan = desk(scenario)
    assert database.read_sync(plans.get, plan.id).promotion.demoted.reasons == (
        f"plan {plan.id} was rejected by eve",
    )


def test_after_a_demotion_the_next_plan_gets_the_next_version_of_the_name(desk, database):
    async def scenario(desk):
        plan = await promoted(desk)
        await planning.judge(plan.id, desk.parts, desk.tools, approved=False, by="eve")
        return await promoted(desk)

    assert desk(scenario).promotion.version == "2.0.0"
    states = [each.state for each in database.read_sync(versions.standings, "whose-order")]
    assert states == ["active", "draining"]
