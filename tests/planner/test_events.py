import pytest
from pydantic import ValidationError

from planner.events import Event


def test_an_event_is_read_with_its_attributes_and_data():
    event = Event(
        id="1", source="/shop", type="paid", subject="o-1", extensions={"region": "eu"}, data={"n": 1}
    )

    assert event.told() == {
        "id": "1",
        "source": "/shop",
        "type": "paid",
        "subject": "o-1",
        "region": "eu",
        "data": {"n": 1},
    }


def test_an_event_without_data_has_data_that_is_null():
    assert Event(id="1", source="/shop", type="paid").told()["data"] is None


@pytest.mark.parametrize(
    "wrong",
    [{"id": ""}, {"source": ""}, {"type": ""}, {"time": "2026-01-01T00:00:00"}, {"extensions": {"Big": 1}}],
)
def test_what_the_specification_forbids_is_refused(wrong):
    with pytest.raises(ValidationError):
        Event(**{"id": "1", "source": "/shop", "type": "paid"} | wrong)
