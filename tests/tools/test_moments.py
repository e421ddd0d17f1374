from datetime import UTC, datetime

import pytest

from tools.moments import moment


def test_a_full_date_and_time_with_an_offset_is_a_moment():
    assert moment("2027-01-01T08:00:00Z") == datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert moment("2027-01-01T09:00:00+01:00") == datetime(2027, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2027-01-01T08:00:00", "2027-01-01", "PT30S", "soon", 5, None])
def test_anything_else_is_none(value):
    assert moment(value) is None
