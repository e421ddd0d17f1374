"""Records."""

import pytest
from pydantic import Field, ValidationError

from tools.records import Record


class Pair(Record):
    """Two values."""

    left: int
    """The first."""

    with_: int = Field(default=0, alias="with")
    """The second."""


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        Pair(left=1).left = 2


def test_a_record_refuses_fields_it_does_not_know():
    with pytest.raises(ValidationError):
        Pair.model_validate({"left": 1, "right": 2})


def test_a_record_takes_a_field_by_name_or_by_alias_and_writes_the_alias():
    assert Pair(left=1, with_=2) == Pair.model_validate({"left": 1, "with": 2})
    assert Pair(left=1, with_=2).model_dump() == {"left": 1, "with": 2}


class Longer(Pair):
    """Two values and one more."""

    right: int = Field(default=0, description="What is said at the field itself.")
    """What is not."""
    bare: int = 0


def descriptions(schema):
    return {name: told.get("description") for name, told in schema["properties"].items()}


def test_docstrings_under_fields_reach_the_schema_under_the_name_that_it_shows():
    assert descriptions(Pair.model_json_schema()) == {"left": "The first.", "with": "The second."}
    assert descriptions(Pair.model_json_schema(by_alias=False)) == {
        "left": "The first.",
        "with_": "The second.",
    }


def test_a_record_hands_its_docstrings_on_and_what_is_said_at_a_field_goes_before_them():
    told = descriptions(Longer.model_json_schema())
    assert told == {
        "left": "The first.",
        "with": "The second.",
        "right": "What is said at the field itself.",
        "bare": None,
    }
