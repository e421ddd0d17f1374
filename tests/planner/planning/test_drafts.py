from planner.planning import drafts
from planner.planning.frame import Frame
from planner.planning.sketch import Sketch, SketchedCall
from tools.catalog import Catalog


def composed(frame, catalog, **more):
    return next(drafts.composed(frame, catalog, **more))


def test_a_draft_holds_a_definition_the_ways_and_what_is_open(shop):
    frame = Frame(goal="Pay back.", want=("payments.refund",), have={"order_id": "o-1"})
    draft = composed(frame, shop, name="plan-1")
    assert (draft.definition["workflow"], draft.definition["goal"]) == ("plan-1", "Pay back.")
    assert [ask.name for ask in draft.asks] == ["reason", "reference"]
    assert draft.missing[0].lacking == ("refund.reason", "refund.reference")
    assert draft.ways[0].calls[-1] == "payments.refund"
    assert draft.definition["steps"]["refund"]["with"]["payment_id"] == "${get_payment.id}"
    assert not draft.doubts


def test_the_fields_of_a_known_object_are_used_and_what_is_not_used_is_no_input(shop):
    frame = Frame(want=("shipment",), have={"order": {"id": "o-1", "shipment_id": "s-1"}, "colour": "red"})
    draft = composed(frame, shop, name="p")
    assert draft.definition["steps"]["track"]["with"] == {"shipment_id": "${input.order.shipment_id}"}
    assert list(draft.definition["input"]["properties"]) == ["order"]
    assert [each.name for each in draft.unused] == ["colour"]


def test_an_empty_catalogue_tells_what_is_missing():
    draft = composed(Frame(want=("order",)), Catalog({}, {}), name="p")
    assert [problem.code for problem in draft.problems] == ["out-of-reach"]


def test_another_way_can_be_taken_and_one_too_many_is_told(shop):
    frame = Frame(want=("customer",), have={"order_id": "o-1", "payment_id": "p-1"})
    ways = composed(frame, shop, name="p").ways
    other = composed(frame, shop, name="p", way=1)
    assert [step["call"] for step in other.definition["steps"].values()] == list(ways[1].calls)
    lost = composed(frame, shop, name="p", way=99)
    assert (lost.definition, lost.problems[0].code) == ({}, "no-such-way")


def test_what_nothing_gives_is_told_with_what_it_may_have_meant(shop):
    draft = composed(Frame(want=("payments.refnd",)), shop, name="p")
    assert draft.definition == {}
    assert (draft.problems[0].path, draft.problems[0].code) == ("/want/0", "out-of-reach")
    assert "payments.refund" in draft.problems[0].remedy


def test_a_goal_without_words_gets_those_of_what_is_wanted(shop):
    draft = composed(Frame(want=("shipment",), have={"order_id": "o-1"}), shop, name="p")
    assert draft.definition["goal"] == "Reach shipment."


def test_a_sketch_of_operations_that_are_not_there_becomes_a_definition_for_validation_to_judge(shop):
    sketch = Sketch(steps=(SketchedCall(id="a", call="orders.getOrdr"),))
    draft = drafts.sketched(sketch, Frame(goal="g"), shop, name="p")
    assert draft.definition["steps"]["a"] == {"call": "orders.getOrdr", "with": {}}


def test_there_is_a_draft_for_each_way_the_cheapest_first(shop):
    frame = Frame(want=("customer",), have={"order_id": "o-1", "payment_id": "p-1"})
    found = list(drafts.composed(frame, shop, name="p"))
    assert [draft.way for draft in found] == list(range(len(found[0].ways)))
    assert len(found) > 1
