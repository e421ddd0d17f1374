"""Requests: the JSON that comes in, and the filters of lists."""

from typing import Any

from pydantic import AwareDatetime, Field

from graphs.promoting import PromotionRequest
from planner.decisions import DecidedBy, DecisionKind, OutcomeClass
from planner.log.outcomes import Source
from planner.store import cursors
from planner.versions import VersionState
from tools.records import Record

MOST_ITEMS = 200
"""Items on a page at most."""


class Answering(Record):
    """A person's answer."""

    choice: str = Field(min_length=1, max_length=200)
    """One of the available options."""
    comment: str = Field(default="", max_length=4000)
    """Why, in words."""
    value: Any = None
    """With the option `applied`: what the call would have answered."""
    actor: str | None = Field(default=None, min_length=1, max_length=200)
    """Id of who answers; the caller's own unless told."""


class Labelling(Record):
    """What came of a decision."""

    label: str = Field(min_length=1, max_length=200)
    """Such as `right`, `wrong`, or the option that would have been right."""
    score: float | None = Field(default=None, allow_inf_nan=False)
    """The higher, the better; the scale is yours."""
    source: Source = "user"
    """Who found out."""
    reverted: bool | None = None
    """Whether what the decision led to was taken back."""


class StateChange(Record):
    """How a version is to stand."""

    state: VersionState
    """`active`, `draining` or `paused`."""


class DecisionFilter(Record):
    """What is asked of the decision log; a name that it does not know is refused, not ignored."""

    workflow: str | None = None
    point: str | None = None
    """Where, as `workflow/step`."""
    kind: DecisionKind | None = None
    decided_by: DecidedBy | None = None
    outcome_class: OutcomeClass | None = None
    choice: str | None = None
    run_id: str | None = None
    tenant: str | None = None
    """Whose decisions."""
    since: AwareDatetime | None = None
    """Taken up then or later."""
    until: AwareDatetime | None = None
    """Taken up before then."""
    cursor: str | None = Field(default=None, max_length=2000)
    """`next_cursor` of the page before."""
    limit: int = Field(default=cursors.LIMIT, ge=1, le=MOST_ITEMS)
    """Items on a page."""


class PlanVerdict(Record):
    """What a person says of a plan."""

    approved: bool
    """Whether it may run."""

    comment: str = Field(default="", max_length=10_000)
    """Why."""

    actor: str | None = Field(default=None, max_length=200)
    """Who says so; the caller unless told."""


class PlanPromotion(PromotionRequest):
    """What a plan is to be called from now on."""

    actor: str | None = Field(default=None, max_length=200)
    """Who says so; the caller unless told."""


class PlanInput(Record):
    """What a run of a plan is started with, beside what its frame knows."""

    input: dict[str, Any] = Field(default_factory=dict)
    """Values by name: those that the plan asks for, or others than the frame's."""
