"""Decisions: what was offered, excluded and chosen, by whom and why. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import AwareDatetime, Field

from planner import tenants
from planner.definition import Allowance, canonical
from planner.tenants import TenantName
from tools.records import Record

OutcomeClass = Literal[
    "ok",
    "invalid",
    "refused",
    "truncated",
    "filtered",
    "rate_limited",
    "unavailable",
    "timeout",
    "rejected",
    "quota",
    "abstained",
    "budget",
]
"""The closed vocabulary of how asking went; anything but `ok` takes `otherwise`."""

DecidedBy = Literal["model", "rule", "person", "only_option", "otherwise"]
DecisionKind = Literal["choose", "recover", "route", "undo"]
Mode = Literal["live", "eval", "replay", "explore"]


Source = Literal["stated", "logprobs", "probabilities", "agreement"]
Backend = Literal["chat", "decisions"]


class Offered(Record):
    """One declared option, and whether it could be chosen."""

    id: str
    means: str = ""
    """What choosing it means."""
    available: bool = True
    excluded_by: str | None = None
    """Why it could not be chosen, in one sentence."""


class Usage(Record):
    """Tokens, as the model's server counts them."""

    input: int = 0
    output: int = 0
    cost_usd: Decimal | None = None
    """US dollars by the configured prices; None where none are configured."""

    @property
    def total(self) -> int:
        """Tokens in and out."""
        return self.input + self.output


class Confidence(Record):
    """How sure the choice is, and where that is known from."""

    value: float = Field(ge=0, le=1)
    source: Source = "stated"
    """`stated`: the model's own word; `probabilities`: a decisions endpoint's; `logprobs`: those of the
    option's token; `agreement`: the share of permuted samples that chose it."""
    gates: bool = False
    """Whether it may be held against `min_confidence`, by the settings of the time."""


class Attempt(Record):
    """One request to the model."""

    n: int
    """Counted from 1."""
    started: AwareDatetime
    ms: float
    outcome_class: OutcomeClass
    http_status: int | None = None
    error: str | None = None
    """What went wrong, in one sentence."""
    request_id: str | None = None
    """The server's id of the request."""
    retry_after_ms: int | None = None
    raw_digest: str | None = None
    """SHA-256 of the answer's text, in hex."""
    option_order: tuple[str, ...] = ()
    """Ids in the order in which this request showed them, where samples differ in it."""


class ModelInfo(Record):
    """Which model was asked, and which one answered."""

    requested: str
    responded: str | None = None
    host: str
    """Host and port of the endpoint; never credentials."""
    backend: Backend = "chat"
    response_id: str | None = None
    system_fingerprint: str | None = None
    finish_reason: str | None = None
    prompt: str = ""
    """Name and version of the prompt, such as `choose/1`."""
    prompt_sha256: str = ""
    request_sha256: str = ""


class WorkflowRef(Record):
    """Exactly which definition."""

    name: str
    version: str
    sha256: str


class Trigger(Record):
    """The failure that made a recovery decision necessary."""

    operation: str
    outcome: str
    """Outcome class of the call."""
    effect: str
    """Effect class of the operation."""
    error: str | None = None
    status: int | None = None
    attempts: int = 1


class Question(Record):
    """What a decider is asked; the only thing that it sees."""

    kind: DecisionKind = "choose"
    point: str
    """Where, as `workflow/step`."""
    question: str
    goal: str = ""
    """Goal of the run."""
    given: Any = None
    """The data that the decision declares."""
    options: tuple[Offered, ...]
    """Every declared option; only the available ones may be chosen."""
    deadline_seconds: float = Field(default=30.0, gt=0)
    """Total time that asking may take, retries included."""
    max_attempts: int = Field(default=3, ge=1)
    allowance: Allowance = Allowance()
    """What asking may cost; once it is spent nothing more is sent."""
    order_seed: int | None = Field(default=None, ge=0)
    """Which permutation of the available options is shown; None and 0 are the declared order."""

    @property
    def available(self) -> tuple[Offered, ...]:
        """The options that may be chosen."""
        return tuple(option for option in self.options if option.available)

    @property
    def shown(self) -> tuple[Offered, ...]:
        """The options that may be chosen, in the order in which a decider sees them.

        As many seeds in a row as there are options turn one order round: each option comes first once.
        """
        options = self.available
        turns, turn = divmod(self.order_seed or 0, max(1, len(options)))
        if turns:
            options = tuple(sorted(options, key=lambda option: digest([turns, option.id])))
        return options[turn:] + options[:turn]


class Answer(Record):
    """What came of asking."""

    outcome_class: OutcomeClass
    choice: str | None = None
    """An offered id when `ok`."""
    reason: str = ""
    """The decider's words; no proof of cause."""
    confidence: Confidence | None = None
    probabilities: dict[str, str] = Field(default_factory=dict)
    """Measured probability of each shown option by id, as decimal strings; empty where none was measured."""
    attempts: tuple[Attempt, ...] = ()
    usage: Usage = Usage()
    model: ModelInfo | None = None
    anomalies: tuple[str, ...] = ()
    """Things that were odd but did no harm, such as `usage_missing`."""
    raw_output: str | None = None


class Filled(Record):
    """What came of asking for values instead of a choice."""

    outcome_class: OutcomeClass
    value: Any = None
    attempts: tuple[Attempt, ...] = ()
    usage: Usage = Usage()
    model: ModelInfo | None = None
    anomalies: tuple[str, ...] = ()


FillTask = Literal["fill", "frame", "sketch", "repair"]
"""What values are asked for: a form's, what a goal wants and knows, a plan's steps, or better ones."""
NOTHING_GIVEN: Mapping[str, Any] = MappingProxyType({})
FILLING_SECONDS = 30.0
"""How long asking for values may take in all unless told."""


class Brief(NamedTuple):
    """What somebody is asked for who fills in values."""

    goal: str
    """What is wanted, in words."""
    schema: Mapping[str, Any]
    """An object of the values, as JSON Schema."""
    task: FillTask = "fill"
    """Whether to read values out of the goal, or to do a part of planning it."""
    given: Mapping[str, Any] = NOTHING_GIVEN
    """Facts beside the goal."""


class Decider(Protocol):
    """Who can be asked; the model's adapter, or a double."""

    async def choose(self, question: Question) -> Answer:
        """Return what came of asking; never raises for what an endpoint does wrong."""
        ...

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return values that serve the goal; what is not told is left out."""
        ...


class Decision(Record):
    """One choice among offered options, with everything needed to explain, audit and repeat it."""

    schema_: Literal["decision/1"] = Field(default="decision/1", alias="schema")
    decision_id: str
    """UUID of version 7."""
    kind: DecisionKind
    run_id: str
    """Empty where a goal was routed and no run came of it."""
    tenant: TenantName = tenants.DEFAULT
    """Whose decision it is."""
    parent_decision_id: str | None = None
    """The decision of another run that it stands in for, where its run is a fork."""
    overrides: str | None = None
    """The decision of the same run whose choice a person replaced by this one before it was acted on."""
    run_seq: int = 0
    """Place of its entry in the run's journal; 0 before the run has one."""
    workflow: WorkflowRef | None = None
    """None for routing, which chooses the workflow."""
    point: str
    """Where, as `workflow/step`."""
    path: str = ""
    visit: int = 1
    attempt: int = 1
    ts: AwareDatetime
    """When it was taken up."""
    duration_ms: float = 0.0
    mode: Mode = "live"
    question: str
    trigger: Trigger | None = None
    options: tuple[Offered, ...]
    option_order: tuple[str, ...] = ()
    """Ids in the order in which the decider saw them."""
    decided_by: DecidedBy
    choice: str
    """The option that was taken."""
    proposed: str | None = None
    """What the decider wanted, where it was not taken."""
    edge_taken: str = ""
    """The step or action that followed."""
    outcome_class: OutcomeClass = "ok"
    reason: str = ""
    confidence: Confidence | None = None
    probabilities: dict[str, str] = Field(default_factory=dict)
    """Measured probability of each shown option by id, as decimal strings; empty where none was measured."""
    min_confidence: float = 0.0
    given: Any = None
    """The data that the decider saw."""
    given_fields: tuple[str, ...] = ()
    """JSON pointers into the run's data that were shown."""
    given_sha256: str = ""
    model: ModelInfo | None = None
    attempts: tuple[Attempt, ...] = ()
    usage: Usage = Usage()
    anomalies: tuple[str, ...] = ()
    raw_output: str | None = None
    deadline_ms: int | None = None
    budget_left: dict[str, float] = Field(default_factory=dict)
    actor: str | None = None
    """Id of the person who answered."""
    comment: str | None = None
    filled: Filled | None = None
    """For routing: the input that the model read out of the goal."""
    masked: tuple[str, ...] = ()
    """JSON pointers to what was masked before it was kept."""
    erased: tuple[str, ...] = ()
    """JSON pointers to content that was deleted since; it reads as if it were empty."""

    @property
    def for_model(self) -> bool:
        """Whether a model made it, or was to make it and gave nothing usable."""
        return self.deadline_ms is not None

    @property
    def asked_model(self) -> bool:
        """Whether a request for it left, or would have left had there been a model."""
        return asked_model(self.deadline_ms, self.outcome_class, self.attempts)


def asked_model(deadline_ms: int | None, outcome_class: str, attempts: Sequence[Any]) -> bool:
    """Tell by three facts of a record whether a request left, or would have left had there been a model."""
    return deadline_ms is not None and (outcome_class != "budget" or bool(attempts))


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value in canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def ids(options: Sequence[Offered]) -> tuple[str, ...]:
    """Return the ids in order."""
    return tuple(option.id for option in options)
