"""Outcomes."""

import pytest

from tools.outcomes import Outcome


@pytest.mark.parametrize("kind", ["applied_bad", "rejected", "not_sent", "unknown"])
def test_only_applied_is_ok(kind):
    assert Outcome(kind="applied").ok
    assert not Outcome(kind=kind).ok
