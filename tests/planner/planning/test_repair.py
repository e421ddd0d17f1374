import pytest

from planner.planning import repair
from planner.planning.sketch import Sketch, SketchedCall, SketchedDecision, SketchedOption
from tools.problems import Problem


def problem(path, code):
    return Problem(path=path, code=code, message="m", remedy="r")


def decision(**more):
    options = (
        SketchedOption(id="yes", means="y", when="input.x", then="pay"),
        SketchedOption(id="no", means="n", then="ende"),
    )
    return SketchedDecision(**{"id": "pick", "question": "q", "options": options, "otherwise": "no", **more})


@pytest.fixture
def mend(shop):
    def mended(step, path, code):
        sketch = Sketch(steps=(step, SketchedCall(id="pay", call="payments.refund")))
        found = repair.repair(sketch, [problem(path, code)], shop.operations)
        return found.sketch.steps[0], found.mended

    return mended


def test_an_unknown_operation_with_one_likely_name_is_corrected(mend):
    step, said = mend(SketchedCall(id="a", call="shipping.trak"), "/steps/a/call", "unknown-operation")
    assert (step.call, said) == ("shipping.track", ("a calls shipping.track, not shipping.trak",))


def test_an_operation_of_another_service_is_found_where_only_one_is_called_so(mend):
    step, _ = mend(SketchedCall(id="a", call="warehouse.getStock"), "/steps/a/call", "unknown-operation")
    assert step.call == "inventory.getStock"


def test_an_argument_that_is_not_there_is_renamed_or_left_out(mend):
    call = SketchedCall(id="a", call="shipping.track", with_={"shipmentid": "s-1"})
    assert mend(call, "/steps/a/with/shipmentid", "unknown-argument")[0].with_ == {"shipment_id": "s-1"}
    call = SketchedCall(id="a", call="shipping.track", with_={"colour": "red"})
    assert mend(call, "/steps/a/with/colour", "unknown-argument")[0].with_ == {}


def test_an_argument_that_does_not_fit_is_left_for_code_to_find(mend):
    call = SketchedCall(id="a", call="shipping.track", with_={"shipment_id": 7})
    assert mend(call, "/steps/a/with/shipment_id", "ill-typed-argument")[0].with_ == {}


def test_a_step_in_a_group_is_found_by_its_place(mend):
    call = SketchedCall(id="a", call="shipping.track", with_={"shipment_id": 7})
    path = "/steps/facts/parallel/a/answer/with/shipment_id"
    assert mend(call, path, "ill-typed-argument")[0].with_ == {}


@pytest.mark.parametrize("code", ["missing-otherwise", "unknown-option", "otherwise-guarded"])
def test_the_one_option_that_is_always_possible_becomes_otherwise(mend, code):
    step, _ = mend(decision(otherwise="yes"), "/steps/pick", code)
    assert step.otherwise == "no"


def test_a_target_that_is_spelt_like_one_is_corrected(mend):
    step, _ = mend(decision(), "/steps/pick/options/no/then", "unknown-step")
    assert [option.then for option in step.options] == ["pay", "end"]


def test_what_has_more_than_one_mend_or_none_is_left(mend):
    call = SketchedCall(id="a", call="nothing.alike")
    assert mend(call, "/steps/a/call", "unknown-operation") == (call, ())
    assert mend(call, "/steps/a", "may-not-have-run") == (call, ())
    assert mend(call, "/output", "unknown-name") == (call, ())
