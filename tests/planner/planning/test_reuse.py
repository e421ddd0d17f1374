import pytest

from planner.planning import reuse
from planner.planning.frame import Frame

PAY = Frame(goal="Pay.", want=("payments.refund",), have={"order_id": "o-1"})


def same(one, other, way=0):
    return reuse.key(one, 0) == reuse.key(other, way)


def test_frames_are_the_same_by_what_is_wanted_and_by_kinds_and_types_of_what_is_known():
    assert same(PAY, Frame(goal="Other words.", want=("payments.refund",), have={"order_id": "o-2"}))


@pytest.mark.parametrize(
    "other",
    [
        PAY.model_copy(update={"want": ("payments.refund", "notifications.send")}),
        PAY.model_copy(update={"have": {"order_id": 1}}),
        PAY.model_copy(update={"have": {"payment_id": "p-1"}}),
        PAY.model_copy(update={"have": {}}),
    ],
)
def test_frames_differ_by_wants_kinds_and_types(other):
    assert not same(PAY, other)


def test_frames_differ_by_the_way_that_is_wanted_and_by_the_order_of_wants():
    assert not same(PAY, PAY, way=1)
    assert not same(Frame(want=("a.x", "a.y")), Frame(want=("a.y", "a.x")))


def test_goals_say_the_same_whatever_their_blanks_and_case():
    assert reuse.same_words("Pay it  back.", " pay IT back.")
    assert not reuse.same_words("Pay it back.", "Pay it.")


def test_new_values_take_the_places_of_known_ones_by_the_names_of_frame_or_input():
    earlier = Frame(goal="Pay.", want=("x",), have={"order.total": 2.5, "order_id": "o-1"})
    told = reuse.with_values(earlier, "Pay now.", {"order_total": 3.5, "order_id": "o-2"})
    assert told == Frame(goal="Pay now.", want=("x",), have={"order.total": 3.5, "order_id": "o-2"})


def test_values_of_other_names_or_types_do_not_fit_an_earlier_frame():
    assert reuse.with_values(PAY, "Pay.", {"order_id": "o-2", "sku": "a"}) is None
    assert reuse.with_values(PAY, "Pay.", {"order_id": 2}) is None
    assert reuse.with_values(PAY, "Pay.", {}) is None
