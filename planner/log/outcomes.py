"""Outcomes: what came of a decision later, and what a person put in its place."""

from typing import Literal

from pydantic import AwareDatetime, Field

from tools.records import Record

Source = Literal["user", "system", "eval"]


class DecisionOutcome(Record):
    """How a decision turned out, told later; appended, never changed."""

    label: str = Field(min_length=1, max_length=200)
    """Such as `right`, `wrong`, or the option that would have been right."""
    score: float | None = Field(default=None, allow_inf_nan=False)
    """The higher, the better; its scale is the caller's."""
    source: Source = "user"
    """Who found out."""
    reverted: bool | None = None
    """Whether what the decision led to was taken back."""
    actor: str | None = Field(default=None, max_length=200)
    """Id of who told it."""
    at: AwareDatetime


class Override(Record):
    """A person's word in place of a decision's choice."""

    from_: str = Field(alias="from")
    """The option that had been taken."""
    to: str
    """The option taken instead."""
    actor: str
    """Id of the person."""
    at: AwareDatetime
