import pytest

from planner.planning import edges
from planner.planning.edges import Known
from planner.planning.sketch import Sketch, SketchedCall

TEXT = {"type": "string"}
ORDER_ID = Known("order_id", ("order.id",), TEXT)


@pytest.fixture
def wire(shop, signed):
    def wired(*steps, known=(ORDER_ID,)):
        return edges.wire(Sketch(steps=steps), signed, shop.operations, known)

    return wired


def call(name, operation, **more):
    return SketchedCall(id=name, call=operation, **more)


def test_an_argument_comes_from_what_is_known_or_from_an_earlier_answer(wire):
    wired = wire(call("order", "orders.getOrder"), call("parcel", "shipping.track"))
    assert [step.with_ for step in wired.sketch.steps] == [
        {"order_id": "${input.order_id}"},
        {"shipment_id": "${order.shipment_id}"},
    ]
    assert wired.asks == ()


def test_an_argument_that_the_sketch_gives_is_left_as_it_is(wire):
    wired = wire(call("order", "orders.getOrder", with_={"order_id": "o-7"}))
    assert wired.sketch.steps[0].with_ == {"order_id": "o-7"}
    assert wired.edges == ()


def test_what_nothing_gives_is_asked_for_once(wire):
    wired = wire(call("one", "ops.getMetrics"), call("two", "ops.getDeploys"), known=())
    assert [(ask.name, ask.schema_["type"]) for ask in wired.asks] == [("service", "string")]
    assert wired.sketch.steps[1].with_ == {"service": "${input.service}"}


def test_a_name_that_is_taken_in_the_input_is_made_longer(wire):
    taken = Known("order_id", ("something.else",), {"type": "integer"})
    wired = wire(call("order", "orders.getOrder"), known=(taken,))
    assert wired.asks[0].name == "order_order_id"


def test_an_answer_of_a_step_that_may_be_skipped_is_no_source(wire):
    wired = wire(
        call("order", "orders.getOrder", when="input.order_id != ''"), call("parcel", "shipping.track")
    )
    assert [ask.argument for ask in wired.asks] == ["shipment_id"]


def test_a_value_whose_type_collides_is_no_source(wire):
    number = Known("order_id", ("order.id",), {"type": "integer"})
    assert wire(call("order", "orders.getOrder"), known=(number,)).asks[0].argument == "order_id"


def test_other_values_that_would_fit_as_well_are_told(wire):
    wired = wire(
        call("order", "orders.getOrder"),
        call("payment", "payments.getPayment"),
        call("back", "payments.refund"),
    )
    edge = next(edge for edge in wired.edges if (edge.step, edge.argument) == ("back", "payment_id"))
    assert edge.taken == "payment.id"
    assert list(edge.others) == ["order.payment_id"]


def test_a_call_of_an_unknown_operation_is_left_for_validation(wire):
    wired = wire(call("odd", "orders.getOrdr"))
    assert wired.sketch.steps[0].with_ == {}


def test_a_word_that_says_nothing_by_itself_is_matched_by_the_name_alone(wire):
    told = [ORDER_ID, Known("reason", ("input.reason",), TEXT)]
    wired = wire(call("order", "orders.getOrder"), call("back", "payments.refund"), known=told)
    assert wired.sketch.steps[1].with_["reason"] == "${input.reason}"
    assert [ask.name for ask in wired.asks] == ["amount", "reference"]
