"""Drafting over the real adapter, with a scripted endpoint behind it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bench import planning
from graphs.drafting import Drafter, Place
from graphs.embeddings import Embeddings
from planner.definition import Budget
from planner.embeddings import EmbeddingSettings
from planner.model.adapter import Model
from planner.model.embedder import Embedder
from planner.planning.constraints import Constraints
from planner.planning.frame import Frame
from planner.settings import ModelSettings
from planner.testing import FrozenClock, ScriptedModel
from tools import catalog as catalogue
from tools.catalog import Catalog

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "catalog.yaml"
GOAL = "Pay order o-1001 back where it is small, and tell the customer."
FRAME = Frame(goal=GOAL, want=("payments.refund", "notifications.send"), have={"order_id": "o-1001"})


@pytest.fixture(scope="module")
def shop():
    return catalogue.load(SHOP)


def step(id_, call, *pairs, **more):
    return {"id": id_, "call": call, "with": [{"name": n, "value": v} for n, v in pairs], **more}


TELL = step("tell", "notifications.send", ("template", "refund"), ("subject", "order ${order.id}"))
PAY = step(
    "pay", "payments.refund", ("amount", "${order.total}"), ("reason", "late"), ("reference", "${run.id}")
)
ORDER = step("order", "orders.getOrder")
DECIDE = {
    "id": "small",
    "question": "Shall it be paid back?",
    "by": "model",
    "given": ["order.total"],
    "options": [
        {"id": "yes", "means": "Pay it.", "when": "order.total <= 200.0", "then": "pay"},
        {"id": "no", "means": "Leave it.", "then": "end"},
    ],
    "otherwise": "no",
}


def sketch(*steps, **output):
    pairs = [{"name": name, "value": value} for name, value in output.items()]
    return {"fill": {"steps": list(steps), "output": pairs}}


def draft(shop, points, *, frame=FRAME):
    double = ScriptedModel(points)
    told = {"base_url": "http://model.test/v1", "name": "m", "max_attempts": 1}

    async def main():
        async with Model(ModelSettings(**told), clock=FrozenClock(), transport=double.transport()) as model:
            drafter = Drafter(GOAL, model, shop)
            found = await drafter.sketch(frame, Place("plan-1", shop, {}))
            return found, drafter.rounds

    return (*asyncio.run(main()), double.script)


def test_a_goal_in_words_becomes_a_frame_of_what_the_catalogue_has(shop):
    told = {"want": list(FRAME.want), "have": [{"name": "order_id", "value": "o-1001"}], "questions": []}
    known = {"customer": "ada@example.com"}
    double = ScriptedModel({"goal/frame": {"fill": told}})

    async def main():
        settings = ModelSettings(base_url="http://model.test/v1", name="m")
        async with Model(settings, clock=FrozenClock(), transport=double.transport()) as model:
            return await Drafter(GOAL, model, shop).frame(
                Frame(goal=GOAL, have=known), Frame(goal=GOAL, have={"customer": "[masked]"})
            )

    framed = asyncio.run(main())
    assert framed.frame == Frame(
        goal=GOAL, want=FRAME.want, have={"order_id": "o-1001", "customer": "ada@example.com"}
    )
    assert framed.questions == ()
    assert "ada@example.com" not in str(double.script.requests)


def test_a_sketch_becomes_a_workflow_whose_arguments_code_has_found(shop):
    found, rounds, _ = draft(shop, {"goal/sketch": sketch(ORDER, DECIDE, PAY, TELL, total="${order.total}")})

    assert found.parsed.problems == ()
    steps = found.draft.definition["steps"]
    assert list(steps) == ["order", "small", "pay", "tell"]
    assert steps["order"]["with"] == {"order_id": "${input.order_id}"}
    assert steps["pay"]["with"]["payment_id"] == "${order.payment_id}"
    assert steps["tell"]["with"]["to"] == "${order.customer}"
    assert steps["small"]["options"]["yes"]["when"] == "${order.total <= 200.0}"
    assert [(each.task, each.by, each.outcome_class, each.defects) for each in rounds] == [
        ("sketch", "model", "ok", ())
    ]


def test_defects_with_one_mend_are_mended_by_code_and_nobody_is_asked_again(shop):
    odd = {**DECIDE, "otherwise": None}
    wrong = step("order", "orders.getOrder", ("order_idd", "o-1001"))
    found, rounds, script = draft(shop, {"goal/sketch": sketch(wrong, odd, PAY, TELL)})

    assert found.parsed.problems == ()
    assert len(script.requests) == 1
    assert rounds[0].defects == ("unknown-argument", "missing-otherwise")
    assert rounds[1].by == "code"
    assert rounds[1].mended == ("order: order_idd is order_id", "small: otherwise no")


def test_what_code_cannot_mend_goes_back_to_the_model_with_every_defect(shop):
    bad = {**DECIDE, "given": ["order.totl"]}
    answers = {"goal/sketch": sketch(ORDER, bad, PAY, TELL), "goal/repair": sketch(ORDER, DECIDE, PAY, TELL)}
    found, rounds, script = draft(shop, answers)

    assert found.parsed.problems == ()
    assert [(each.task, each.by, each.defects) for each in rounds] == [
        ("sketch", "model", ("unknown-field",)),
        ("repair", "model", ()),
    ]
    asked = script.requests[1]["messages"][1]["content"]
    assert "order.totl" in asked
    assert "unknown-field" in asked


def test_a_repair_that_leaves_as_many_defects_ends_the_rounds(shop):
    bad = {**DECIDE, "given": ["order.totl"]}
    worse = {**DECIDE, "given": ["order.totel"]}
    answers = {"goal/sketch": sketch(ORDER, bad, PAY), "goal/repair": [sketch(ORDER, worse, PAY)] * 3}
    found, rounds, script = draft(shop, answers)

    assert [problem.code for problem in found.parsed.problems] == ["unknown-field"]
    assert len(script.requests) == 2
    assert [each.task for each in rounds] == ["sketch", "repair"]


def test_a_model_that_says_nothing_usable_leaves_no_sketch(shop):
    found, rounds, _ = draft(shop, {"goal/sketch": {"content": "I would rather not."}})

    assert found is None
    assert rounds[0].outcome_class == "invalid"


def test_a_sketch_without_the_form_of_one_is_told_with_its_defects(shop):
    found, rounds, _ = draft(shop, {"goal/sketch": sketch(step("Not A Name", "orders.getOrder"))})

    assert found is None
    assert rounds[0].defects == ("bad-name",)


def test_limits_that_a_goal_sets_are_part_of_its_frame(shop):
    limits = {"forbid": ["shipping", "irreversible"], "steps": 4, "budget": {"cost_usd": 0.5, "duration": 60}}
    told = {"want": ["payments.refund"], "have": [], "questions": []} | limits
    double = ScriptedModel({"goal/frame": {"fill": told}})

    async def main():
        settings = ModelSettings(base_url="http://model.test/v1", name="m")
        async with Model(settings, clock=FrozenClock(), transport=double.transport()) as model:
            return await Drafter(GOAL, model, shop).frame(Frame(goal=GOAL), Frame(goal=GOAL))

    frame = asyncio.run(main()).frame
    assert frame.constraints == Constraints(forbid=("shipping", "irreversible"), steps=4)
    assert frame.budget == Budget(cost_usd=0.5, duration=timedelta(minutes=1))


def test_a_model_is_not_offered_what_is_forbidden_and_a_sketch_of_it_is_a_defect(shop):
    limits = Constraints(forbid=("payments",), steps=1)
    double = ScriptedModel({"goal/sketch": sketch(ORDER, TELL), "goal/repair": sketch(TELL)})

    async def main():
        settings = ModelSettings(base_url="http://model.test/v1", name="m", max_attempts=1)
        async with Model(settings, clock=FrozenClock(), transport=double.transport()) as model:
            drafter = Drafter(GOAL, model, shop, limits)
            frame = FRAME.model_copy(update={"want": ("notifications.send",), "constraints": limits})
            return await drafter.sketch(frame, Place("plan-1", shop, {}, limits)), drafter.rounds

    found, rounds = asyncio.run(main())
    assert "payments.refund" not in str(double.script.requests)
    assert rounds[0].defects == ("too-many-steps",)
    assert found.parsed.problems == ()


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (sketch(step("order", "orders.getOrder", when="input.order_id >")), "bad-expression"),
        (sketch(step("order", "orders.getOrder", ("order_id", "${input.order_id"))), "bad-expression"),
        (sketch(ORDER, total="${order."), "bad-expression"),
        (sketch(ORDER, DECIDE | {"given": ["order.total >"]}, PAY), "bad-expression"),
        (sketch(ORDER, ORDER, PAY), "duplicate-step"),
        (sketch(step("Not A Name", "orders.getOrder")), "bad-name"),
    ],
)
def test_a_sketch_of_which_no_definition_can_be_made_goes_back_to_the_model(shop, bad, code):
    found, rounds, script = draft(shop, {"goal/sketch": bad, "goal/repair": sketch(ORDER, PAY)})
    assert [(each.task, each.defects) for each in rounds] == [("sketch", (code,)), ("repair", ())]
    assert found.parsed.problems == ()
    assert code in str(script.requests[-1])


def test_what_a_goal_means_is_among_the_operations_that_a_model_is_shown(database, shop):
    many = Catalog(planning.copies(shop, 100), shop.services)
    double = ScriptedModel({"goal/sketch": {"content": "no"}}, loop=True, synonyms={"horoscope": "refund"})
    settings = ModelSettings(base_url="http://model.test/v1", name="m", max_attempts=1)
    clock, transport = FrozenClock(), double.transport()

    async def main(told):
        async with (
            Model(settings, clock=clock, transport=transport) as model,
            Embedder(settings, clock=clock, transport=transport) as embedder,
        ):
            found = Embeddings(many, embedder, database, clock=clock, told=EmbeddingSettings(name="m"))
            drafter = Drafter("Horoscope!", model, many, embeddings=found if told else None)
            await drafter.sketch(Frame(goal="Horoscope!"), Place("plan-1", many, {}))
            return drafter.notes

    assert asyncio.run(main(told=False)) == []
    assert double.script.requests == double.script.embedded == []

    assert asyncio.run(main(told=True)) == []
    assert "payments0.refund" in str(double.script.requests[0])
