"""Permits: what a workflow may do at the most, as its author or a policy says."""

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from tools.operations import EffectClass
from tools.records import Record

Pattern = Annotated[str, Field(min_length=1)]
"""Name of an operation; `*` stands for any part of it, such as in `orders.*`."""


class Permit(Record):
    """What a workflow may do; what is left out is not bounded."""

    operations: tuple[Pattern, ...] | None = None
    """Operations that it may call, those of workflows that it runs included."""
    effects: tuple[EffectClass, ...] | None = None
    """Effect classes that these may have."""
    apart: tuple[Annotated[tuple[Pattern, ...], Field(min_length=2)], ...] = ()
    """Operations of which no two of a group may be called in one run."""
    first: dict[Pattern, Pattern] = Field(default_factory=dict)
    """What must surely have been called before an operation is, by the operation."""

    def refusal(self, operation: str, effect: EffectClass | None) -> str | None:
        """Return why an operation may not be called by itself; None where it may.

        Args:
            operation: its name.
            effect: its effect class; None where nobody knows it.
        """
        if self.operations is not None and not any(fnmatchcase(operation, each) for each in self.operations):
            return "is none of the operations that"
        if effect is not None and self.effects is not None and effect not in self.effects:
            return f"has the effect class `{effect}`, which is none of those that"
        return None
