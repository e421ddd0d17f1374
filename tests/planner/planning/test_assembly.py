import pytest

from planner.planning import assembly
from planner.planning.edges import Wired
from planner.planning.sketch import Sketch, SketchedCall, SketchedDecision, SketchedOption

KNOWN = {"order_id": {"type": "string"}}


@pytest.fixture
def assemble(shop):
    effects = {name: item.effect for name, item in shop.operations.items()}

    def assembled(*steps, output=None, known=KNOWN):
        sketch = Sketch(steps=steps, output=output or {})
        return assembly.assemble("plan", "Do it.", Wired(sketch, (), (), ()), known=known, effects=effects)

    return assembled


ORDER = SketchedCall(id="order", call="orders.getOrder", with_={"order_id": "${input.order_id}"})
TRACK = SketchedCall(id="track", call="shipping.track", with_={"shipment_id": "${order.shipment_id}"})
PAYMENT = SketchedCall(id="payment", call="payments.getPayment", with_={"payment_id": "${order.payment_id}"})


def refund(**more):
    arguments = {
        "payment_id": "${payment.id}",
        "amount": "${payment.amount}",
        "reason": "late",
        "reference": "${run.id}",
    }
    return SketchedCall(id="refund", call="payments.refund", with_=arguments, **more)


def test_reads_that_do_not_depend_on_each_other_run_side_by_side(assemble):
    steps = assemble(ORDER, TRACK, PAYMENT, refund())["steps"]
    assert list(steps) == ["order", "facts", "refund"]
    assert list(steps["facts"]["parallel"]) == ["track", "payment"]


def test_whoever_reads_a_step_that_was_moved_reads_it_where_it_is_now(assemble):
    definition = assemble(ORDER, TRACK, PAYMENT, refund(), output={"days": "${track.eta_days} days"})
    assert definition["steps"]["refund"]["with"]["payment_id"] == "${facts.payment.answer.id}"
    assert definition["output"] == {"days": "${facts.track.answer.eta_days} days"}


def test_what_changes_something_keeps_its_place(assemble):
    again = SketchedCall(id="again", call="payments.getPayment", with_={"payment_id": "${order.payment_id}"})
    assert list(assemble(ORDER, PAYMENT, refund(), again)["steps"]) == ["order", "payment", "refund", "again"]


def test_a_read_that_a_later_one_needs_is_in_a_stage_before_it(assemble):
    metrics = SketchedCall(id="stock", call="inventory.getStock", with_={"sku": "kettle"})
    steps = assemble(ORDER, metrics, TRACK, PAYMENT)["steps"]
    assert [list(step.get("parallel", [name])) for name, step in steps.items()] == [
        ["order", "stock"],
        ["track", "payment"],
    ]


def test_nothing_moves_over_a_place_that_a_decision_leads_to(assemble):
    pick = SketchedDecision(
        id="pick",
        question="Look at what?",
        options=(
            SketchedOption(id="parcel", means="The parcel.", then="track"),
            SketchedOption(id="money", means="The money.", then="payment"),
        ),
        otherwise="parcel",
    )
    steps = assemble(ORDER, pick, TRACK, PAYMENT)["steps"]
    assert list(steps) == ["order", "pick", "track", "payment"]
    assert steps["pick"]["options"]["money"]["then"] == "payment"


def test_a_decision_sees_what_it_is_given_each_under_a_name_of_its_own(assemble):
    pick = SketchedDecision(
        id="pick",
        question="Pay back?",
        by="person",
        given=("order.total", "payment.amount", "order.total", "size(order.lines)"),
        options=(
            SketchedOption(id="yes", means="Pay.", when="order.total <= 200.0", then="refund"),
            SketchedOption(id="no", means="Do not.", then="end"),
        ),
        otherwise="no",
    )
    decided = assemble(ORDER, PAYMENT, pick, refund())["steps"]["pick"]
    assert decided["given"] == {
        "total": "${order.total}",
        "amount": "${payment.amount}",
        "total_2": "${order.total}",
        "lines": "${size(order.lines)}",
    }
    assert decided["options"]["yes"]["when"] == "${order.total <= 200.0}"
    assert decided["by"] == "person"


def test_a_condition_becomes_the_if_of_its_step(assemble):
    step = assemble(ORDER, PAYMENT, refund(when="payment.amount > 0.0", then="end"))["steps"]["refund"]
    assert step["if"] == "${payment.amount > 0.0}"
    assert step["then"] == "end"


def test_a_step_called_like_a_group_keeps_its_name(assemble):
    facts = SketchedCall(id="facts", call="orders.getOrder", with_={"order_id": "${input.order_id}"})
    track = TRACK.model_copy(update={"with_": {"shipment_id": "${facts.shipment_id}"}})
    payment = PAYMENT.model_copy(update={"with_": {"payment_id": "${facts.payment_id}"}})
    assert list(assemble(facts, track, payment)["steps"]) == ["facts", "facts_2"]
