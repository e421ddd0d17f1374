"""What is known to go wrong with a service is written as a case writes it."""

import pytest

from evals.faults.classes import SERVICE_CLASSES


@pytest.mark.parametrize("each", SERVICE_CLASSES, ids=lambda each: each.name)
def test_no_fault_may_be_taken_for_a_success_nor_for_the_opposite_of_what_is_true(each):
    answer = each.answer

    assert "applied" not in each.seen_as
    if answer.applied:
        assert not each.seen_as & {"rejected", "not_sent"}
    assert each.name == (
        answer.fault
        if answer.applied is None
        else f"{answer.fault}/{'applied' if answer.applied else 'not_applied'}"
    )
