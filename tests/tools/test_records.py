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


def test_docstrings_under_fields_reach_the_schema():
    assert Pair.model_json_schema()["properties"]["left"]["description"] == "The first."
