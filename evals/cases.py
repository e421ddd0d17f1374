"""Cases: the form of `*.eval.yaml` files."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue

from evals.answers import (
    ModelAnswer,
    ModelAnswers,
    ModelScript,
    PersonAnswer,
    PersonAnswers,
    ServiceAnswer,
    ServiceAnswers,
)
from evals.crashes import Crash, Moment
from evals.drift import Recorded
from evals.events import ScriptedEvent
from evals.expectations import Expect
from tools.records import Record

SCHEMA = "evals/1"
CLOCK = datetime(2026, 1, 5, 9, tzinfo=UTC)

CaseId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,80}$")]


class Limits(Record):
    """What a case may use before it is stopped."""

    steps: Annotated[int, Field(ge=1)] = 200
    """Visits of steps."""
    service_calls: Annotated[int, Field(ge=1)] = 200
    model_calls: Annotated[int, Field(ge=1)] = 100
    """Requests to the model."""
    virtual_s: Annotated[int, Field(ge=1)] = 864_000
    """Virtual seconds; ten days unless told."""


class Defaults(Record):
    """What holds for every case of the suite that says nothing else."""

    clock: AwareDatetime = CLOCK
    """When the run begins, on its virtual clock."""
    seed: int = 7
    """Where ids and jitter come from."""
    unmatched: Literal["error"] = "error"
    """What happens to what no answer is written for; nothing is ever asked for real."""
    unused: Literal["error", "ignore"] = "error"
    """What happens when an answer of a case is never asked for; those of the defaults may stay unused."""
    limits: Limits = Limits()
    model: dict[str, ModelAnswers] = Field(default_factory=dict)
    """Answers by decision point, for cases that have none of their own there."""
    services: dict[str, ServiceAnswers] = Field(default_factory=dict)
    """Answers by operation, for cases that have none of their own there."""
    person: dict[str, PersonAnswers] = Field(default_factory=dict)
    """Answers by decision point, for cases that have none of their own there."""


def _pointers(axes: dict[str, tuple[JsonValue, ...]]) -> dict[str, tuple[JsonValue, ...]]:
    for place in axes:
        if not place.startswith("/") or place.split("/")[1] in _FIXED:
            raise ValueError(
                f"{place!r} is no place in a case that may differ; write a JSON pointer such as "
                "`/services/payments.charge/fault`"
            )
    return axes


_FIXED = frozenset({"id", "matrix", "workflow"})
Axes = Annotated[
    dict[str, Annotated[tuple[JsonValue, ...], Field(min_length=1)]],
    AfterValidator(_pointers),
]
"""Values by the place in the case where they are put, as a JSON pointer."""


class Matrix(Record):
    """Values that a case is played with, in every combination."""

    axes: Annotated[Axes, Field(min_length=1)]
    pairwise: bool = False
    """Whether only every pair of values of two places has to come together in some case."""


class Start(Record):
    """Where a case begins, where it is not the first step."""

    at: str
    """Name of an outermost step."""
    state: dict[str, JsonValue] = Field(default_factory=dict)
    """What the steps before it gave, by name; a step that is not told has not run."""


class KnownFailure(Record):
    """Why a case is known to fail."""

    issue: str = Field(min_length=1)
    """Where that is dealt with."""


class Label(Record):
    """What is right at a decision point of a case."""

    truth: str
    """Id of the right option."""
    cost: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """What taking another option costs, by its id, in a unit of your own; 1 unless told, and the truth 0."""

    def loss(self, choice: str) -> float:
        """Return what a choice costs."""
        return 0.0 if choice == self.truth else self.cost.get(choice, 1.0)


class Source(Record):
    """Where a case comes from."""

    kind: Literal["handwritten", "recorded", "explored", "incident"] = "handwritten"
    ref: str = ""
    """Id of the run or decision, or the ticket."""


class Case(Record):
    """One run with everything around it scripted, and what must come of it."""

    id: CaseId
    """Unique in the suite; what baselines compare by."""
    title: str = ""
    """What it shows, in one sentence."""
    tags: tuple[str, ...] = ()
    source: Source = Source()
    workflow: str | None = None
    """Name of the workflow, where it is not the suite's."""
    goal: str | None = None
    """The caller's words; the workflow's own goal unless told."""
    input: JsonValue = Field(default_factory=dict)
    clock: AwareDatetime | None = None
    seed: int | None = None
    limits: Limits | None = None
    model: ModelScript = Field(default_factory=dict)
    """Answers of the model by decision point, or `absent` where none is configured."""
    services: dict[str, ServiceAnswers] = Field(default_factory=dict)
    """Answers of the services by operation."""
    person: dict[str, PersonAnswers] = Field(default_factory=dict)
    """Answers of persons by decision point."""
    events: tuple[ScriptedEvent, ...] = ()
    """What happens outside, for steps that receive events."""
    crashes: tuple[Crash, ...] = ()
    """Moments at which the process ends; each comes once."""
    cancel: Moment | None = None
    """When the run is asked to stop: once this entry is in the journal."""
    breakers: Literal["own", "scripted"] = "own"
    """`scripted`: a service is left in peace only where an answer says so, as other runs had a part in it."""
    start: Start | None = None
    """Where it begins; at the first step unless told."""
    cluster: str | None = None
    """An incident or template that it shares with others; they count together when results are compared."""
    score: dict[str, Label] = Field(default_factory=dict)
    """What is right, by decision point; it is measured and breaks no case."""
    matrix: Matrix | None = None
    """Values that it is played with, one after the other."""
    known_failure: KnownFailure | None = None
    """Told where the case fails for a reason that is known; once it passes, that is the failure."""
    review: Literal["pending", "accepted"] = "accepted"
    """`pending` until a person has looked at it: it is run, and closes no gate."""
    recorded: Recorded | None = None
    """What it was recorded from; what is different now is told as drift."""
    expect: Expect


def _ids_are_unique(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise ValueError(f"the id {case.id!r} is given to more than one case")
        seen.add(case.id)
    return cases


class Fixture(Record):
    """One file of answers that suites share."""

    schema_: Literal["evals-fixture/1"] = Field(alias="schema")
    """The form of the file."""
    model: dict[str, ModelAnswers] = Field(default_factory=dict)
    """Answers of the model by decision point."""
    services: dict[str, ServiceAnswers] = Field(default_factory=dict)
    """Answers of the services by operation."""
    person: dict[str, PersonAnswers] = Field(default_factory=dict)
    """Answers of persons by decision point."""


class Suite(Record):
    """One file of cases."""

    schema_: Literal["evals/1"] = Field(alias="schema")
    """The form of the file."""
    suite: CaseId
    """Its name."""
    workflow: str | None = None
    """Name of the workflow that the cases run."""
    defaults: Defaults = Defaults()
    fixtures: tuple[str, ...] = ()
    """Files beside this one whose answers hold where neither the case nor the defaults tell one; a later file
    goes before an earlier one."""
    cases: Annotated[tuple[Case, ...], Field(min_length=1), AfterValidator(_ids_are_unique)]


class Setting(Record):
    """A case with its suite's defaults filled in."""

    case: Case
    workflow: str
    clock: AwareDatetime
    seed: int
    limits: Limits
    unused: Literal["error", "ignore"]
    model: dict[str, tuple[ModelAnswer, ...]] | None
    """None where no model is configured."""
    services: dict[str, tuple[ServiceAnswer, ...]]
    person: dict[str, tuple[PersonAnswer, ...]]


def setting(suite: Suite, case: Case) -> Setting:
    """Return the case with the defaults of its suite."""
    given = suite.defaults
    return Setting.model_construct(
        case=case,
        workflow=case.workflow or suite.workflow or "",
        clock=case.clock or given.clock,
        seed=given.seed if case.seed is None else case.seed,
        limits=case.limits or given.limits,
        unused=given.unused,
        model=None if isinstance(case.model, str) else _over(given.model, case.model),
        services=_over(given.services, case.services),
        person=_over(given.person, case.person),
    )


def _over(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {**defaults, **own}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of case files, for editors."""
    found = Suite.model_json_schema(by_alias=True, mode="validation")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Eval suite",
        "description": "Offline cases: scripted answers, and what must come of a run.",
    }
    return {**found, **head}
