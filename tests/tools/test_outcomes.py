"""Outcomes."""

import pytest
from pydantic import ValidationError

from tools.outcomes import Outcome


@pytest.mark.parametrize("kind", ["applied_bad", "rejected", "not_sent", "unknown"])
def test_only_applied_is_ok(kind):
    assert Outcome(kind="applied").ok
    assert not Outcome(kind=kind).ok


def test_there_is_no_sixth_class():
    with pytest.raises(ValidationError):
        Outcome(kind="maybe")


def test_an_outcome_survives_being_written():
    outcome = Outcome(kind="rejected", status=409, code="http_409", error="no", retry_after=1.5, ms=2.0)
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome
