from planner.planning import briefs
from planner.planning.sketch import SketchedCall, SketchedDecision

STEPS = [
    {
        "id": "order",
        "call": "orders.getOrder",
        "with": [{"name": "order_id", "value": "o-1"}],
        "question": None,
    },
    {
        "id": "pick",
        "call": None,
        "question": "Pay?",
        "by": "person",
        "given": ["order.total"],
        "options": [{"id": "yes", "means": "Pay.", "when": None, "then": "end"}],
        "otherwise": "yes",
        "with": None,
    },
]


def test_a_told_sketch_is_read_without_nulls_and_by_the_kind_of_each_step():
    told = {"steps": STEPS, "output": [{"name": "total", "value": "${order.total}"}]}
    sketch = briefs.read_sketch(told).sketch
    assert isinstance(sketch.steps[0], SketchedCall)
    assert sketch.steps[0].with_ == {"order_id": "o-1"}
    assert isinstance(sketch.steps[1], SketchedDecision)
    assert sketch.steps[1].options[0].then == "end"
    assert sketch.output == {"total": "${order.total}"}


def test_a_sketch_is_written_as_it_would_have_been_told():
    sketch = briefs.read_sketch({"steps": STEPS, "output": []}).sketch
    assert briefs.read_sketch(briefs.written(sketch)).sketch == sketch


def test_what_is_no_sketch_is_told_with_its_problems():
    read = briefs.read_sketch({"steps": [], "output": []})
    assert read.sketch is None
    assert [problem.path for problem in read.problems] == ["/steps"]


def test_only_what_the_catalogue_has_can_be_wanted_or_called(signed):
    names = ["orders.getOrder", "payments.refund"]
    wanted = briefs.frame_schema(names, signed)["properties"]["want"]["items"]["enum"]
    assert "payments.refund" in wanted
    assert "order.total" in wanted
    assert "shipping.track" not in wanted
    step = briefs.sketch_schema(names)["properties"]["steps"]["items"]
    assert step["properties"]["call"]["enum"] == names


def test_what_a_person_told_counts_before_what_a_model_read():
    told = {"want": ["order"], "have": [{"name": "order_id", "value": "o-9"}], "questions": ["Which one?"]}
    framed = briefs.read_frame("g", told, {"order_id": "o-1"})
    assert framed.frame.have == {"order_id": "o-1"}
    assert framed.questions == ("Which one?",)


def test_operations_are_listed_with_what_they_need_and_give(shop, signed):
    listed = briefs.listed([shop.operations["shipping.track"]], signed)[0]
    assert (listed["operation"], listed["effect"], listed["needs"]) == (
        "shipping.track",
        "read",
        {"shipment_id": "shipment.id"},
    )
    assert "shipment" in listed["gives"]


def test_of_names_that_are_one_in_the_input_what_a_person_told_counts_then_what_came_first():
    told = [{"name": name, "value": name} for name in ("order.id", "city", "City")]
    framed = briefs.read_frame("g", {"have": told}, {"order_id": "o-1"})
    assert framed.frame.have == {"city": "city", "order_id": "o-1"}


def test_what_a_workflow_gives_is_read_where_only_the_marks_of_an_expression_are_missing():
    told = {"total": "order.total", "said": "refunded", "odd": "order total", "whole": "${order.total}"}
    output = [{"name": name, "value": value} for name, value in told.items()]
    read = briefs.read_sketch({"steps": [{"id": "order", "call": "orders.getOrder"}], "output": output})
    assert read.sketch.output == {
        "total": "${order.total}",
        "said": "refunded",
        "odd": "order total",
        "whole": "${order.total}",
    }
