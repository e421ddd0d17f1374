"""The operation's record."""

import pytest
from pydantic import ValidationError

from tools.operations import FunctionBinding, HttpBinding, Operation, Reconcile, Retry, Undo


def operation(**changes):
    return Operation(
        name="payments.charge",
        service="payments",
        binding=HttpBinding(method="POST", path="/charge"),
        **changes,
    )


def test_what_is_not_known_is_taken_as_a_write():
    assert operation().effect == "write"
    assert operation().effect_source == "default"


@pytest.mark.parametrize(
    ("effect", "repeatable"),
    [("read", True), ("idempotent", True), ("keyed", True), ("write", False), ("irreversible", False)],
)
def test_only_effects_that_survive_repetition_are_repeatable(effect, repeatable):
    assert operation(effect=effect).repeatable is repeatable


def test_a_binding_is_told_by_its_kind():
    written = (
        operation().model_copy(update={"binding": FunctionBinding(target="a:b")}).model_dump(mode="json")
    )
    assert isinstance(Operation.model_validate(written).binding, FunctionBinding)


def test_undo_and_reconcile_are_written_with_the_word_with():
    undo = Undo.model_validate({"call": "refund", "with": {"id": "${output.id}"}})
    assert undo.with_ == {"id": "${output.id}"}
    assert undo.model_dump()["with"] == {"id": "${output.id}"}
    assert Reconcile(call="find", applied_when="${true}").absent_statuses == (404,)


def test_durations_are_written_as_iso_8601():
    retry = Retry.model_validate({"attempts": 4, "initial": "PT0.2S", "max": "PT5S"})
    assert retry.initial.total_seconds() == 0.2
    assert retry.model_dump(mode="json")["max"] == "PT5S"


def test_at_least_one_attempt_is_made():
    with pytest.raises(ValidationError):
        Retry(attempts=0)
