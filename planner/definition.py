"""The definition of a workflow: pure data, written as YAML or JSON, in Python, or by a model."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from pydantic import BeforeValidator, Discriminator, Field, Tag

from planner.permits import Permit
from tools.operations import JsonSchema, Retry
from tools.records import Record

END = "end"
"""The target that ends a sequence of steps."""

RESERVED = frozenset(
    {END, "input", "run", "item", "index", "error", "event", "output", "true", "false", "null", "in"}
)
"""Names that no step may bear."""

StepName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
WorkflowName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
GroupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""Name of a group of persons."""
Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$")]
EventType = Annotated[str, Field(min_length=1, max_length=200)]
"""Type of an event, such as `com.example.order.placed`."""
Arguments = dict[str, Any]
RecoveryAction = Literal["retry", "reconcile", "substitute", "skip", "replan", "undo", "person", "fail"]
KINDS = ("call", "decide", "switch", "set", "parallel", "foreach", "run", "wait", "receive", "fail")
"""The words that tell the kinds of step apart; a step has exactly one of them."""


class Allowance(Record):
    """What may be spent on a model; what is left out has no bound."""

    model_calls: Annotated[int, Field(ge=0)] | None = None
    """Requests to the model, failed ones included."""
    tokens: Annotated[int, Field(ge=0)] | None = None
    """Tokens in and out, as the model's server counts them."""
    cost_usd: Annotated[float, Field(ge=0)] | None = None
    """US dollars by the configured price table."""


class Budget(Allowance):
    """What a run may use; over it, every decision takes its `otherwise`."""

    duration: timedelta | None = None
    """Time from the start of the run, waiting included."""


class Recover(Record):
    """Who chooses what to do when a call did not go through, and among which actions."""

    decide: str = "The call did not go through. What now?"
    """The question."""
    by: Literal["model", "rule", "person"] = "model"
    allow: tuple[RecoveryAction, ...] | None = None
    """Narrows the menu of safe actions; never widens it."""
    otherwise: RecoveryAction = "person"
    """The action when the model is absent, unsure or wrong; where not admissible, the safest one is."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    within: timedelta | None = None
    """How long a person may take; then `otherwise`, or `fail` when that is `person`."""
    budget: Allowance = Allowance()
    """What asking the model may cost; over it, `otherwise` is taken."""


class Substitute(Record):
    """Another operation that gives the same kind of output."""

    call: str
    with_: Arguments = Field(default_factory=dict, alias="with")


class StepBase(Record):
    """What every step may have."""

    if_: str | None = Field(default=None, alias="if")
    """Expression; the step is skipped when it is false."""
    then: str | None = None
    """The step that follows, or `end`; otherwise the next one in the file."""
    max_visits: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How often the flow may come to the step in one pass of its sequence; what makes a cycle allowed."""


class Call(StepBase):
    """Call an operation of the catalogue."""

    call: str
    """`service.operation`."""
    with_: Arguments = Field(default_factory=dict, alias="with")
    """Arguments by name; strings may hold expressions."""
    retry: Retry | None = None
    """Overrides the operation's own retry policy."""
    timeout: timedelta | None = None
    """Overrides the operation's own timeout."""
    recover: Recover | None = None
    substitutes: tuple[Substitute, ...] = ()
    """Operations that may stand in, in order."""
    optional: bool = False
    """Whether recovery may skip the step."""
    undo: Literal["keep"] | None = None
    """`keep` leaves the effect in place when the run is undone."""

    @property
    def kind(self) -> Literal["call"]:
        """The word that names this kind."""
        return "call"


class Option(Record):
    """One thing that a decision may choose."""

    means: str = ""
    """What choosing it means, as the decider reads it."""
    when: str | None = None
    """Guard: the option is offered only when it is true."""
    then: str | None = None
    """The step that follows, or `end`; otherwise the next one in the file."""
    confirm: Literal["person"] | None = None
    """`person`: when the model picks it, a person decides."""


class Decide(StepBase):
    """Choose one option."""

    decide: str
    """The question."""
    by: Literal["model", "rule", "person"] = "model"
    given: Arguments = Field(default_factory=dict)
    """The only data that the decider sees."""
    options: Annotated[dict[StepName, Option], Field(min_length=1, max_length=100)]
    otherwise: str | None = None
    """The option taken when nobody gives a usable answer."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Below it the model's choice counts as abstained."""
    within: timedelta | None = None
    """How long the decision may take in all."""
    budget: Allowance = Allowance()
    """What asking the model may cost; over it, `otherwise` is taken."""
    override_within: timedelta | None = None
    """How long the choice waits before it is acted on, so that a person can override it."""

    @property
    def kind(self) -> Literal["decide"]:
        """The word that names this kind."""
        return "decide"


class Case(Record):
    """One arm of a switch."""

    when: str
    then: str


class Switch(StepBase):
    """Go where the first true condition says; no decision is recorded, since there is nothing to choose."""

    switch: Annotated[tuple[Case, ...], Field(min_length=1)]
    otherwise: str | None = None
    """Where to go when none holds; otherwise the next step."""

    @property
    def kind(self) -> Literal["switch"]:
        """The word that names this kind."""
        return "switch"


class Set(StepBase):
    """Compute values."""

    set: Arguments

    @property
    def kind(self) -> Literal["set"]:
        """The word that names this kind."""
        return "set"


def _as_duration(value: Any) -> Any:
    """Return a number of seconds as an ISO 8601 duration, anything else as it is."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"PT{value:f}".rstrip("0").rstrip(".") + "S" if is_number and value >= 0 else value


class Wait(StepBase):
    """Let time pass."""

    wait: Annotated[str, BeforeValidator(_as_duration, json_schema_input_type=str | float)]
    """ISO 8601 duration, or a number of seconds, or a moment (RFC 3339); or an expression that gives one."""

    @property
    def kind(self) -> Literal["wait"]:
        """The word that names this kind."""
        return "wait"


class Receive(StepBase):
    """Wait for something that happened outside."""

    receive: EventType
    """Type of the event (CloudEvents 1.0)."""
    when: str | None = None
    """Condition over `event` and the run; only an event for which it holds is taken."""
    within: timedelta | None = None
    """How long it is waited for; for ever unless told."""
    otherwise: str | None = None
    """The step that follows where none came in time, or `end`; otherwise the step fails then."""
    early: timedelta = timedelta()
    """How long before the run began the event may have come."""

    @property
    def kind(self) -> Literal["receive"]:
        """The word that names this kind."""
        return "receive"


class Fail(StepBase):
    """End the run as failed."""

    fail: str
    """Why, in words; may hold expressions."""

    @property
    def kind(self) -> Literal["fail"]:
        """The word that names this kind."""
        return "fail"


class RunWorkflow(StepBase):
    """Run another workflow inside this run."""

    run: str
    """Name of the workflow."""
    version: Version | None = None
    """The version; the newest when the run starts unless told."""
    with_: Arguments = Field(default_factory=dict, alias="with")
    """Its input."""

    @property
    def kind(self) -> Literal["run"]:
        """The word that names this kind."""
        return "run"


class Parallel(StepBase):
    """Run branches side by side and join them."""

    parallel: Annotated[dict[StepName, "Steps"], Field(min_length=1)]
    """Steps by branch."""

    @property
    def kind(self) -> Literal["parallel"]:
        """The word that names this kind."""
        return "parallel"


class Foreach(StepBase):
    """Run steps for every item of a list."""

    foreach: str
    """Expression that gives the list; `item` and `index` name the current one."""
    steps: "Steps"
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 10
    """How many items are worked on at once; one that waits counts."""

    @property
    def kind(self) -> Literal["foreach"]:
        """The word that names this kind."""
        return "foreach"


def kind_of(value: Any) -> str | None:
    """Return the one word that tells what kind of step this is, or None when there is not exactly one."""
    if isinstance(value, StepBase):
        return str(getattr(value, "kind", None))
    found = [kind for kind in KINDS if isinstance(value, dict) and kind in value]
    return found[0] if len(found) == 1 else None


Step = Annotated[
    Annotated[Call, Tag("call")]
    | Annotated[Decide, Tag("decide")]
    | Annotated[Switch, Tag("switch")]
    | Annotated[Set, Tag("set")]
    | Annotated[Parallel, Tag("parallel")]
    | Annotated[Foreach, Tag("foreach")]
    | Annotated[RunWorkflow, Tag("run")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[Receive, Tag("receive")]
    | Annotated[Fail, Tag("fail")],
    Discriminator(kind_of),
]
AnyStep = Call | Decide | Switch | Set | Parallel | Foreach | RunWorkflow | Wait | Receive | Fail
Steps = Annotated[dict[StepName, Step], Field(min_length=1)]

Parallel.model_rebuild()
Foreach.model_rebuild()


class Start(Record):
    """What begins a run by itself."""

    event: EventType
    """Type of the event that does (CloudEvents 1.0)."""
    when: str | None = None
    """Condition over `event`; only an event for which it holds begins a run."""
    input: Arguments = Field(default_factory=dict)
    """The run's input; expressions read `event`."""


class Invariants(Record):
    """What must be true of every path; the explorer looks for one on which it is not."""

    never: tuple[str, ...] = ()
    """Conditions that must not hold at any moment."""
    always: tuple[str, ...] = ()
    """Conditions that must hold at every moment."""
    finally_: tuple[str, ...] = Field(default=(), alias="finally")
    """Conditions that must hold when a run has ended."""


class Workflow(Record):
    """A workflow: immutable per version, named by its content hash."""

    workflow: WorkflowName
    """Its name."""
    version: Version = "0.1.0"
    """Semantic version."""
    goal: str = ""
    """What it is for, in words; goal routing and every decision read it."""
    examples: tuple[str, ...] = ()
    """Goals that it serves, in words; goal routing reads them."""
    input: JsonSchema = Field(default_factory=lambda: {"type": "object"})
    """JSON Schema 2020-12 of what a run is started with."""
    on: tuple[Start, ...] = ()
    """Events that begin a run of it."""
    permit: Permit = Permit()
    budget: Budget = Budget()
    on_failure: Literal["undo", "keep"] = "undo"
    """What happens to applied effects when a run fails."""
    steps: Steps
    invariants: Invariants = Invariants()
    """What the explorer holds every path against; a run itself does not read it."""
    output: Any = None
    """Template of the run's result."""

    @cached_property
    def sha256(self) -> str:
        """Content hash: SHA-256 of the canonical JSON of this definition and the order in it, in hex."""
        content = {
            "definition": self.model_dump(mode="json", exclude_defaults=True),
            "order": [[place.path, *_options(place.step)] for place in walk(self)],
        }
        return hashlib.sha256(canonical(content)).hexdigest()


class Place(NamedTuple):
    """A step and where it stands."""

    pointer: str
    """JSON pointer, such as `/steps/facts/parallel/stock/level`."""
    path: str
    """Dotted path of names, such as `facts.stock.level`."""
    step: AnyStep


def _options(step: AnyStep) -> list[str]:
    """Return the options in order, since a rule takes the first that applies."""
    return list(step.options) if isinstance(step, Decide) else []


def canonical(value: Any) -> bytes:
    """Return JSON bytes that are equal for equal values: keys sorted, no blanks, in UTF-8.

    Raises:
        TypeError: a value is no JSON.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def walk(workflow: Workflow) -> Iterator[Place]:
    """Yield every step of the workflow, nested ones included, in the order of the file."""
    return _walk(workflow.steps, "/steps", "")


def _walk(steps: dict[str, Step], pointer: str, path: str) -> Iterator[Place]:
    for name, step in steps.items():
        here, dotted = f"{pointer}/{name}", f"{path}.{name}" if path else name
        yield Place(here, dotted, step)
        if isinstance(step, Parallel):
            for branch, nested in step.parallel.items():
                yield from _walk(nested, f"{here}/parallel/{branch}", f"{dotted}.{branch}")
        elif isinstance(step, Foreach):
            yield from _walk(step.steps, f"{here}/steps", dotted)
