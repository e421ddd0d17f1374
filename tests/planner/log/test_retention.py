from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from planner.log.retention import Aged, Retention, prunable

AT = datetime(2026, 3, 1, tzinfo=UTC)


def aged(seq, days, **fields):
    return Aged(seq, AT + timedelta(days=days), **{"decision_id": f"d-{seq}", "run_id": "r"} | fields)


def test_only_a_beginning_can_go():
    records = [aged(0, 0), aged(1, 1), aged(2, 5), aged(3, 2)]

    assert prunable(records, AT + timedelta(days=3), ()) == records[1]
    assert prunable(records, AT, ()) is None
    assert prunable(records, AT + timedelta(days=9), ()) == records[3]


@pytest.mark.parametrize("held", ["d-1", "r-1"])
def test_what_is_held_keeps_everything_after_it(held):
    records = [aged(0, 0), aged(1, 0, run_id="r-1"), aged(2, 0)]

    assert prunable(records, AT + timedelta(days=9), {held}) == records[0]


@pytest.mark.parametrize(
    "wrong", [{"envelope_days": 182}, {"floor_days": 0, "envelope_days": 5, "content_days": 6}]
)
def test_times_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValidationError):
        Retention(**wrong)
