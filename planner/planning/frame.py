"""The frame of a goal: what is wanted, and what is known, in the catalogue's own words. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from planner.definition import Budget
from planner.planning.constraints import Constraints
from planner.planning.edges import Known, input_name
from planner.planning.signatures import DEEPEST, field_kinds, singular, snake
from tools.operations import JsonSchema
from tools.records import Record

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    type(None): "null",
}


class Frame(Record):
    """A goal as code can work with it."""

    goal: str = ""
    """The goal in words."""
    want: tuple[str, ...] = ()
    """What must come of it, in the order in which effects are to happen: operations, or kinds of values."""
    have: dict[str, Any] = Field(default_factory=dict)
    """What is known, by name; the name says the kind, such as `order_id` or `order.total`."""

    constraints: Constraints = Constraints()
    """What the plan may not do."""
    budget: Budget = Budget()
    """What a run of it may use."""

    @property
    def inputs(self) -> dict[str, Any]:
        """Return what is known under the names that it has in the input of a run."""
        return {input_name(name): value for name, value in self.have.items()}


def known(frame: Frame) -> list[Known]:
    """Return the values that a run of the plan is started with, the fields of objects among them."""
    return [item for name, value in frame.have.items() for item in _known(name, value)]


def namesakes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return those of the names that are one and the same in the input of a run."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        found[input_name(name)].append(name)
    return [tuple(same) for same in found.values() if len(same) > 1]


def _known(name: str, value: Any) -> Iterator[Known]:
    thing, dot, field = name.rpartition(".")
    kinds = field_kinds(thing, field) if dot else field_kinds("input", name)
    yield from _told((input_name(name),), kinds, value, about=singular(snake(field)))


def _told(path: tuple[str, ...], kinds: tuple[str, ...], value: Any, *, about: str) -> Iterator[Known]:
    if not isinstance(value, dict):
        yield Known(path, kinds, _schema(value), value)
        return
    yield Known(path, tuple(dict.fromkeys((*kinds, about))), _schema(value), value)
    for name, item in value.items() if len(path) <= DEEPEST else ():
        yield from _told((*path, name), field_kinds(about, name), item, about=singular(snake(name)))


def _schema(value: Any, depth: int = 0) -> JsonSchema:
    if not isinstance(value, dict):
        return {"type": _TYPES[type(value)]} if type(value) in _TYPES else {}
    if depth >= DEEPEST:
        return {"type": "object"}
    fields = {name: _schema(item, depth + 1) for name, item in value.items()}
    return {"type": "object", "properties": fields, "required": sorted(fields)}
