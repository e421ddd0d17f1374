"""Whether one run alone explains why a service was left in peace."""

from datetime import UTC, datetime, timedelta

import pytest

from evals.recorded import breakers
from evals.recorded.calls import Called

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DOWN = {"outcome": "not_sent", "code": "connect"}
REFUSED = {"outcome": "not_sent", "code": "breaker_open"}
GOOD = {"outcome": "applied", "output": {}}


def called(*outcomes, every=1.0):
    return [
        Called("look", 1, n, "bank.look", "read", {}, None, at, at, outcome, None)
        for n, outcome in enumerate(outcomes, start=1)
        for at in [START + timedelta(seconds=every * n)]
    ]


@pytest.mark.parametrize(
    ("found", "are_own"),
    [
        (called(GOOD, GOOD), True),
        (called(*[DOWN] * 5, REFUSED), True),
        (called(REFUSED), False),
        (called(*[DOWN] * 4, REFUSED), False),
        (called(*[DOWN] * 5, GOOD), False),
        (called(*[DOWN] * 5, GOOD, every=3600.0), True),
        (called({"outcome": "not_sent", "code": "arguments"}), True),
    ],
)
def test_the_calls_of_a_run_are_counted_as_its_breakers_would(found, are_own, small):
    assert breakers.are_own(found, small.catalog) is are_own
