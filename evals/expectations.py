"""Expectations: what must be true of a run for its case to pass."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evals.answers import many, one_of
from evals.match import Pattern
from tools.records import Record


class Count(Record):
    """How many there must be."""

    exactly: Annotated[int, Field(ge=0)] | None = None
    min: Annotated[int, Field(ge=0)] | None = None
    max: Annotated[int, Field(ge=0)] | None = None

    def holds(self, number: float) -> bool:
        """Tell whether a number is allowed."""
        return (
            (self.exactly is None or number == self.exactly)
            and (self.min is None or number >= self.min)
            and (self.max is None or number <= self.max)
        )


def _as_count(value: object) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return {"exactly": value} if is_number else value


Counted = Annotated[Count, BeforeValidator(_as_count, json_schema_input_type=int | Count)]


class DecisionExpectation(Record):
    """What a decision must have been; only what is told is compared."""

    choose: Pattern = None
    """The option that was taken."""
    decided_by: Pattern = None
    outcome_class: Pattern = None
    proposed: Pattern = None
    """What the decider wanted, where it was not taken."""
    reason: Pattern = None
    confidence: Pattern = None
    """The confidence's value."""
    actor: Pattern = None
    offered: Pattern = None
    """Ids of the options that could be chosen."""
    excluded: Pattern = None
    """Why each other option could not be chosen, by id."""
    edge: Pattern = None
    """The step or action that followed."""


Decisions = Annotated[
    tuple[DecisionExpectation, ...],
    BeforeValidator(
        lambda value: many(value, "choose"),
        json_schema_input_type=str | DecisionExpectation | list[str | DecisionExpectation],
    ),
]


class PathExpectation(Record):
    """Which steps must have been taken."""

    mode: Literal["strict", "unordered", "subset", "superset", "in_order"] = "in_order"
    """`strict`: these, in this order. `unordered`: these, in any order. `subset`: none but these.
    `superset`: at least these. `in_order`: at least these, in this order."""
    steps: tuple[str, ...]
    nested: bool = False
    """Whether steps inside parallel, foreach and run count too."""


Path = Annotated[
    PathExpectation,
    BeforeValidator(
        lambda value: {"steps": value} if isinstance(value, list) else value,
        json_schema_input_type=list[str] | PathExpectation,
    ),
]


class CallExpectation(Count):
    """How often an operation must have been called; calls that never left do not count."""

    with_: Pattern = Field(default=None, alias="with")
    """Which calls count, by their arguments; at least one where no number is told."""
    outcome: Pattern = None
    """Which calls count, by what became of them, such as `unknown`."""
    applied: Counted | None = None
    """How many effects the service's own records must show."""


Calls = Annotated[CallExpectation, BeforeValidator(_as_count, json_schema_input_type=int | CallExpectation)]


class Never(Record):
    """Something that must not have happened."""

    call: str | None = None
    """An operation that must not have been called."""
    with_: Pattern = Field(default=None, alias="with")
    """With which arguments; any unless told."""
    step: str | None = None
    """A step that must not have been entered."""
    decision: str | None = None
    """A decision point at which `choose` must not have been taken."""
    choose: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "Never":
        one_of(self, ("call", "step", "decision"))
        if (self.decision is None) is not (self.choose is None):
            raise ValueError("`decision` and `choose` are told together")
        return self


CustomName = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
"""A function in a module of the project's folder."""


class Spent(Record):
    """What the run may have used."""

    model_calls: Counted | None = None
    tokens: Counted | None = None
    service_calls: Counted | None = None
    virtual_s: Counted | None = None


class Expect(Record):
    """What must be true when the run has ended, or waits for ever."""

    status: Pattern = None
    """How the run ended; `waiting` when only a person could move it."""
    output: Pattern = None
    error: Pattern = None
    """The run's error, in words."""
    decisions: dict[str, Decisions] = Field(default_factory=dict)
    """Decisions by decision point, in order."""
    path: Path | None = None
    calls: dict[str, Calls] = Field(default_factory=dict)
    """Calls by operation."""
    order: tuple[str, ...] = ()
    """Operations that must have been called in this order, others between them or not."""
    never: tuple[Never, ...] = ()
    undone: Pattern = None
    """Operations whose effects were taken back, in the order in which that was done."""
    budget: Spent = Spent()
    custom: tuple[CustomName, ...] = ()
    """Checks of one's own: functions of a case and its trace, such as `checks:money_is_whole`, that return
    nothing or true where all is well, and otherwise a sentence."""
    invariants: Literal["default"] | tuple[str, ...] | None = None
    """Invariants that must hold at every moment: `default` for all, the workflow's own included, or names."""

    @model_validator(mode="after")
    def _something(self) -> "Expect":
        if not self.model_fields_set:
            raise ValueError("a case that expects nothing proves nothing; tell at least the `status`")
        return self
