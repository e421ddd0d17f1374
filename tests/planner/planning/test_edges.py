import pytest

from planner.planning import edges
from planner.planning.edges import Known
from planner.planning.signatures import sign
from planner.planning.sketch import Sketch, SketchedCall
from tools.expressions import Template
from tools.operations import Operation

TEXT = {"type": "string"}
ORDER_ID = Known(("order_id",), ("order.id",), TEXT, "o-1")


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
    taken = Known(("order_id",), ("something.else",), {"type": "integer"}, 1)
    wired = wire(call("order", "orders.getOrder"), known=(taken,))
    assert wired.asks[0].name == "order_order_id"


def test_an_answer_of_a_step_that_may_be_skipped_is_no_source(wire):
    wired = wire(
        call("order", "orders.getOrder", when="input.order_id != ''"), call("parcel", "shipping.track")
    )
    assert [ask.argument for ask in wired.asks] == ["shipment_id"]


def test_a_value_whose_type_collides_is_no_source(wire):
    number = Known(("order_id",), ("order.id",), {"type": "integer"}, 1)
    assert wire(call("order", "orders.getOrder"), known=(number,)).asks[0].argument == "order_id"


def test_other_values_that_would_fit_as_well_are_told(wire):
    wired = wire(
        call("order", "orders.getOrder"),
        call("payment", "payments.getPayment"),
        call("again", "payments.getPayment"),
        call("back", "payments.refund"),
    )
    edge = next(edge for edge in wired.edges if (edge.step, edge.argument) == ("back", "payment_id"))
    assert edge.taken == "again.id"
    assert list(edge.others) == ["payment.id"]  # and not the order's `payment_id`, which only names it


def test_a_call_of_an_unknown_operation_is_left_for_validation(wire):
    wired = wire(call("odd", "orders.getOrdr"))
    assert wired.sketch.steps[0].with_ == {}


def test_a_word_that_says_nothing_by_itself_is_matched_by_the_name_alone(wire):
    told = [ORDER_ID, Known(("reason",), ("input.reason",), TEXT, "late")]
    wired = wire(call("order", "orders.getOrder"), call("back", "payments.refund"), known=told)
    assert wired.sketch.steps[1].with_["reason"] == "${input.reason}"
    assert [ask.name for ask in wired.asks] == ["amount", "reference"]


ODD = Operation.model_validate(
    {
        "name": "odd.do",
        "service": "odd",
        "input": {
            "type": "object",
            "required": ["1st", "thing-id", "thing_id", "ключ", "in", "unit", "mode"],
            "properties": {
                "1st": TEXT,
                "thing-id": TEXT,
                "thing_id": {"type": "integer"},
                "ключ": TEXT,
                "in": TEXT,
                "unit": {"const": "EUR"},
                "mode": {"enum": ["fast"]},
            },
        },
        "output": {"type": "object", "required": ["1st-item"], "properties": {"1st-item": TEXT}},
        "effect": "read",
        "effect_source": "declared",
        "binding": {"kind": "function", "target": "odd:do"},
    }
)


def odd(*known, steps=("do",)):
    signed = {ODD.name: sign(ODD)}
    sketch = Sketch(steps=tuple(call(name, ODD.name) for name in steps))
    return edges.wire(sketch, signed, {ODD.name: ODD}, known)


def test_arguments_whose_names_are_no_identifiers_are_asked_for_under_names_that_can_be_read():
    wired = odd()
    assert [(ask.argument, ask.name) for ask in wired.asks] == [
        ("1st", "_1_st"),
        ("thing-id", "thing_id"),
        ("thing_id", "do_thing_id"),
        ("ключ", "ключ"),
        ("in", "in"),
    ]
    told = {ask.name: f"<{ask.argument}>" for ask in wired.asks}
    assert Template(wired.sketch.steps[0].with_).render({"input": told}) == {
        "1st": "<1st>",
        "thing-id": "<thing-id>",
        "thing_id": "<thing_id>",
        "ключ": "<ключ>",
        "in": "<in>",
        "unit": "EUR",
        "mode": "fast",
    }


def test_what_is_known_is_found_under_the_name_of_such_an_argument():
    known = [Known((edges.input_name(name),), ("x",), TEXT, "v") for name in ("1st", "ключ", "in")]
    assert [ask.argument for ask in odd(*known).asks] == ["thing-id", "thing_id"]


def test_a_field_of_an_answer_that_is_no_identifier_is_read_by_its_name():
    (offer,) = [
        each
        for each in edges.answers(SketchedCall(id="do", call="odd.do"), sign(ODD), ODD)
        if each.expression != "do"
    ]
    assert Template(f"${{{offer.expression}}}").render({"do": {"1st-item": "x"}}) == "x"


def test_a_known_value_that_an_argument_cannot_take_is_told_without_the_value(wire):
    order = Known(("order_id",), ("order.id",), {"type": "null"}, None)
    reason = Known(("reason",), ("input.reason",), {"type": "integer"}, 4711)
    wired = wire(call("order", "orders.getOrder"), call("back", "payments.refund"), known=[order, reason])
    assert [(each.name, each.why) for each in wired.unused] == [
        ("order_id", "order_id of order takes another value: It must be a text."),
        ("reason", "reason of back takes another value: It must be a text."),
    ]
    assert {"order_order_id", "back_reason"} <= {ask.name for ask in wired.asks}


def test_what_is_known_and_taken_by_no_step_is_told(wire):
    spare = Known(("colour",), ("colour",), TEXT, "red")
    wired = wire(call("order", "orders.getOrder"), known=[ORDER_ID, spare])
    assert [(each.name, each.why) for each in wired.unused] == [("colour", "no step of the plan takes it")]
    assert (
        wire(call("order", "orders.getOrder", when="input.colour == 'x'"), known=[ORDER_ID, spare]).unused
        == ()
    )


def test_a_known_value_is_taken_by_the_schema_of_the_argument_that_it_is(wire):
    amount = Known(("amount",), ("refund.amount",), {"type": "number"}, 9.5)
    wired = wire(call("order", "orders.getOrder"), call("back", "payments.refund"), known=[ORDER_ID, amount])
    assert wired.takes["order_id"] == TEXT | wired.takes["order_id"]
    assert wired.takes["amount"]["exclusiveMinimum"] == 0


def test_of_arguments_that_disagree_on_a_known_value_none_is_asked():
    one, two = (
        ODD.model_copy(
            update={
                "name": f"odd.{name}",
                "input": {"type": "object", "required": ["code"], "properties": {"code": {"enum": enum}}},
            }
        )
        for name, enum in (("one", ["a", "b"]), ("two", ["a", "c"]))
    )
    sketch = Sketch(steps=(call("one", one.name), call("two", two.name)))
    operations = {each.name: each for each in (one, two)}
    signed = {name: sign(item) for name, item in operations.items()}
    known = [Known(("code",), ("code",), TEXT, "a")]
    wired = edges.wire(sketch, signed, operations, known)
    assert [step.with_ for step in wired.sketch.steps] == [{"code": "${input.code}"}] * 2
    assert wired.takes == {}
