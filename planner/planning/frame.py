"""The frame of a goal: what is wanted, and what is known, in the catalogue's own words. Pure."""

from typing import Any

from pydantic import Field

from planner.planning.edges import Known
from planner.planning.signatures import field_kinds, snake
from tools.records import Record

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


class Frame(Record):
    """A goal as code can work with it."""

    goal: str = ""
    """The goal in words."""
    want: tuple[str, ...] = ()
    """What must come of it, in the order in which effects are to happen: operations, or kinds of values."""
    have: dict[str, Any] = Field(default_factory=dict)
    """What is known, by name; the name says the kind, such as `order_id` or `order.total`."""

    @property
    def inputs(self) -> dict[str, Any]:
        """Return what is known under the names that it has in the input of a run."""
        return {snake(name): value for name, value in self.have.items()}


def known(frame: Frame) -> list[Known]:
    """Return the values that a run of the plan is started with."""
    return [_known(name, value) for name, value in frame.have.items()]


def _known(name: str, value: Any) -> Known:
    thing, dot, field = name.rpartition(".")
    kinds = field_kinds(thing, field) if dot else field_kinds("input", name)
    schema = {"type": _TYPES[type(value)]} if type(value) in _TYPES else {}
    return Known(snake(name), kinds, schema)
