"""Plans over the shop's real services."""

import asyncio
from pathlib import Path

import httpx
import pytest

from examples.shop.processes import shop
from graphs import planning, wiring
from graphs.planning import PlanRequest
from planner.settings import Settings
from planner.store import runs

pytestmark = pytest.mark.acceptance

PROJECT = Path(__file__).resolve().parents[2] / "examples" / "shop"
WANTED = (
    "orders.createOrder",
    "payments.charge",
    "payments.getPayment",
    "inventory.reserve",
    "shipping.createShipment",
    "shipping.track",
    "orders.confirmOrder",
    "notifications.send",
)
LINE = {"sku": "kettle", "quantity": 1}


async def _ended(opened, run_id):
    for _ in range(100):
        await opened.dispatcher.signals.wait(run_id, 1.0, until_stopped=True)
        run = await opened.parts.database.read(runs.get, run_id)
        if run.ended:
            return run
    raise AssertionError(run)


def test_a_goal_that_needs_eight_operations_of_five_services_is_composed_explored_approved_and_run(tmp_path):
    with shop(state=tmp_path / "services") as services:
        told = Settings(project=PROJECT, database_url=f"sqlite:///{tmp_path / 'p.db'}", services=services)

        async def scenario():
            async with wiring.open_services(told) as opened:
                have = {"customer": "ada@example.com", "lines": [LINE], **LINE}
                request = PlanRequest(goal="See a new order through.", want=WANTED, have=have)
                plan = await planning.make(request, opened.parts, opened.planning, by="ada")
                await planning.judge(plan.id, opened.parts, opened.planning, approved=True, by="bob")
                given = {"template": "confirmed", "subject": "Your order"}
                places = opened.parts, opened.dispatcher, opened.planning
                begun = await planning.begin(plan.id, *places, given=given, by="ada")
                return plan, await _ended(opened, begun.run.id)

        plan, run = asyncio.run(scenario())
        records = {name: httpx.get(f"{url}/admin/records").json() for name, url in services.items()}

    assert (plan.status, plan.simulation.status) == ("waiting", "COMPLETE")
    assert {change.operation for change in plan.manifest.changes} <= set(WANTED)
    assert run.status == "succeeded"
    done = {f"{name}.{each['operation']}" for name, listed in records.items() for each in listed}
    changes = {name for name in WANTED if not name.rpartition(".")[2].startswith(("get", "track"))}
    assert done == changes
    assert len({name.partition(".")[0] for name in WANTED}) == 5
