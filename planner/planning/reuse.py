"""Reuse: which goals an earlier plan serves again. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from planner.definition import canonical
from planner.planning import frame
from planner.planning.edges import input_name
from planner.planning.frame import Frame
from tools.records import Record


class Reused(Record):
    """Which earlier plan serves again, and how it was found."""

    plan: str
    """Id of the plan whose workflow it is."""
    by: Literal["frame", "words", "route"]
    """`frame`: the same is wanted of the same kinds of values; `words`: the same goal was planned before;
    `route`: a model chose it for the goal."""
    decision_id: str | None = None
    """The decision by which it was chosen, where it was routed."""
    approval_kept: bool = False
    """Whether its approval holds here, too, since definition, contracts and policy are what was approved."""


def key(wanted: Frame, way: int | None) -> str:
    """Return the SHA-256 of what a frame wants and knows: kinds and types, neither values nor words."""
    rest = wanted.model_dump(mode="json", exclude={"goal", "want", "have"}, exclude_defaults=True)
    known = sorted((item.path, item.schema) for item in frame.known(wanted))
    return hashlib.sha256(canonical([list(wanted.want), known, rest, way])).hexdigest()


def same_words(one: str, other: str) -> bool:
    """Tell whether two goals say the same, blanks and case aside."""
    return one.casefold().split() == other.casefold().split()


def with_values(earlier: Frame, goal: str, values: Mapping[str, Any]) -> Frame | None:
    """Return an earlier frame with the values of a new goal, or None where it does not know just these.

    Args:
        earlier: what was wanted and known.
        goal: the new goal in words.
        values: what is known now, by the names of the frame or of a run's input.
    """
    by_input = {input_name(name): name for name in earlier.have}
    told = {by_input.get(input_name(name), name): value for name, value in values.items()}
    fresh = earlier.model_copy(update={"goal": goal, "have": told})
    return fresh if key(fresh, 0) == key(earlier, 0) else None
