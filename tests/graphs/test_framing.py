"""Framing over the real adapter, with a scripted endpoint behind it."""

import asyncio
from pathlib import Path

import pytest

from graphs import framing
from graphs.drafting import Drafter
from graphs.framing import PlanRequest
from graphs.testing import ScriptedCaller, process
from planner.definition import Budget
from planner.model.adapter import Model
from planner.planning.constraints import Constraints
from planner.planning.errors import GoalUnclear
from planner.settings import ModelSettings
from planner.testing import FrozenClock, ScriptedModel
from tools import catalog as catalogue

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "catalog.yaml"
GOAL = "Pay order o-1001 back in four steps at most, and leave the parcel alone."
TOLD = {
    "want": ["payments.refund"],
    "have": [{"name": "order_id", "value": "o-1001"}],
    "questions": [],
    "forbid": ["shipping"],
    "steps": 4,
    "budget": {"tokens": 900},
}


@pytest.fixture
def frame(database):
    shop = catalogue.load(SHOP)

    def framed(request, told=TOLD):
        double = ScriptedModel({"goal/frame": {"fill": told}})
        settings = ModelSettings(base_url="http://model.test/v1", name="m", max_attempts=1)

        async def main():
            async with (
                process(database, shop, ScriptedCaller({})) as dispatcher,
                Model(settings, clock=FrozenClock(), transport=double.transport()) as model,
            ):
                drafter = Drafter(request.goal, model, shop, request.constraints)
                return await framing.frame(request, drafter, dispatcher.parts)

        return asyncio.run(main()), str(double.script.requests)

    return framed


def test_limits_of_the_request_and_of_the_goal_hold_together(frame):
    own = Constraints(forbid=("orders.cancelOrder",), steps=9)
    found, _ = frame(PlanRequest(goal=GOAL, constraints=own, budget=Budget(tokens=5000, model_calls=1)))

    assert found.constraints == Constraints(forbid=("orders.cancelOrder", "shipping"), steps=4)
    assert found.budget == Budget(tokens=900, model_calls=1)
    assert (found.want, found.have) == (("payments.refund",), {"order_id": "o-1001"})


def test_a_model_sees_no_secret_of_what_is_known_and_the_frame_holds_it(frame):
    found, sent = frame(PlanRequest(goal=GOAL, have={"password": "open sesame"}))

    assert "sesame" not in sent
    assert found.have["password"] == "open sesame"


def test_a_question_comes_back_even_where_something_is_wanted(frame):
    with pytest.raises(GoalUnclear, match="Which payment"):
        frame(PlanRequest(goal=GOAL), TOLD | {"questions": ["Which payment of the two?"]})


def test_what_a_request_wants_is_framed_without_a_model(frame):
    found, sent = frame(PlanRequest(goal=GOAL, want=("shipment",), have={"order_id": "o-1"}))

    assert (found.want, found.constraints, sent) == (("shipment",), Constraints(), "[]")


def test_without_a_model_the_question_names_operations_that_fit_the_goal(database):
    shop = catalogue.load(SHOP)

    async def main():
        async with process(database, shop, ScriptedCaller({})) as dispatcher:
            await framing.frame(PlanRequest(goal="Refund the payment."), None, dispatcher.parts)

    with pytest.raises(GoalUnclear) as unclear:
        asyncio.run(main())
    first, second = unclear.value.questions
    assert first.startswith("What must come of it?")
    assert second.startswith("Its words fit payments.")
    assert "payments.refund" in second
