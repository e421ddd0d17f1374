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
from evals.crashes import Crash
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
    expect: Expect


def _ids_are_unique(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise ValueError(f"the id {case.id!r} is given to more than one case")
        seen.add(case.id)
    return cases


class Suite(Record):
    """One file of cases."""

    schema_: Literal["evals/1"] = Field(alias="schema")
    """The form of the file."""
    suite: CaseId
    """Its name."""
    workflow: str | None = None
    """Name of the workflow that the cases run."""
    defaults: Defaults = Defaults()
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
