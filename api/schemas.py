"""Schemas: the JSON that goes out; what is inside and nobody's business stays inside."""

from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field

from graphs.forking import Difference, Forked
from graphs.repinning import Repinned
from planner.decisions import Decision, Offered, Trigger, WorkflowRef
from planner.definition import Workflow
from planner.events import Awaited
from planner.journal import EntryKind, Numbered
from planner.log.outcomes import DecisionOutcome, Override
from planner.narration import Narration, Passage, Totals
from planner.runs import ENDED, PersonQuestion, Run, RunStatus
from tools.operations import EffectClass, EffectSource, HttpBinding, Operation, Reconcile, Retry, Undo
from tools.problems import Problem
from tools.records import Record

T = TypeVar("T")


class Listed(Record, Generic[T]):
    """A whole list."""

    items: tuple[T, ...]


class Paged(Record, Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    next_cursor: str | None = Field(
        default=None, description="Give it as `cursor` for the next page; null on the last one."
    )


class ProblemDetails(Record):
    """Why a request was not served, after RFC 9457."""

    type: str
    """`urn:planner:` and the code."""
    title: str
    """The kind of problem in words."""
    status: int
    detail: str
    """What happened, and what would be right."""
    instance: str
    """Path of the request."""
    code: str
    """Stable name of the kind of problem."""
    problems: tuple[Problem, ...] = ()
    """Everything that is wrong, each with its place."""
    candidates: tuple[Any, ...] = ()
    """What may have been meant, best first."""
    decision_id: str | None = None
    """The decision that led here."""
    run_id: str | None = None


class WorkflowSummary(Record):
    """A registered workflow in a list."""

    name: str
    version: str
    sha256: str
    """Content hash of the definition."""
    goal: str
    input: dict[str, Any]
    """JSON Schema of what a run is started with."""

    @classmethod
    def of(cls, workflow: Workflow) -> "WorkflowSummary":
        """Return the summary of a workflow."""
        return cls(
            name=workflow.workflow,
            version=workflow.version,
            sha256=workflow.sha256,
            goal=workflow.goal,
            input=workflow.input,
        )


class WorkflowDetail(WorkflowSummary):
    """A registered workflow with its definition."""

    definition: dict[str, Any]
    """The definition, as it can be registered again."""

    @classmethod
    def of(cls, workflow: Workflow) -> "WorkflowDetail":
        """Return all that there is to say of a workflow."""
        definition = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return cls(**dict(WorkflowSummary.of(workflow)), definition=definition)


class Checked(Record):
    """What validation found."""

    problems: tuple[Problem, ...]
    """Empty when the workflow can be registered."""
    remarks: tuple[Problem, ...] = ()
    """Warnings, and what open schemas leave undecided."""


class RunSummary(Record):
    """A run in a list."""

    id: str
    tenant: str
    """Whose run it is."""
    workflow: WorkflowRef
    goal: str
    status: RunStatus
    error: str | None
    mode: str
    started_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    ended_at: AwareDatetime | None
    wake_at: AwareDatetime | None
    """When a waiting run goes on by itself; null while only a person can wake it."""
    cancel_requested: bool
    catalog_revision: str

    @classmethod
    def of(cls, run: Run) -> "RunSummary":
        """Return the summary of a run."""
        return cls(**{name: getattr(run, name) for name in cls.model_fields})


class QuestionView(Record):
    """A decision that waits, or waited, for a person."""

    status: Literal["open", "answered", "expired"]
    decision_id: str
    """The id that the decision has once it is made."""
    run_id: str
    tenant: str
    """Whose run asks."""
    workflow: str
    kind: Literal["choose", "recover", "undo"]
    point: str
    path: str
    visit: int
    question: str
    given: Any
    """The data to decide on."""
    options: tuple[Offered, ...]
    """Every declared option; only the available ones may be chosen."""
    trigger: Trigger | None
    """The failure that made it necessary."""
    value_schema: dict[str, Any] | None
    """JSON Schema of the value that the option `applied` may bring."""
    asked_at: AwareDatetime
    deadline: AwareDatetime | None
    otherwise: str | None
    """The option taken when the deadline passes."""
    answer: dict[str, Any] | None = None

    @classmethod
    def of(cls, question: PersonQuestion) -> "QuestionView":
        """Return a question as its readers see it."""
        plain = {name: getattr(question, name) for name in cls.model_fields if name != "answer"}
        given = question.answer
        return cls(**plain, answer=None if given is None else given.model_dump(mode="json"))


class RunDetail(RunSummary):
    """A run as it stands now."""

    input: Any
    output: Any
    questions: tuple[QuestionView, ...] = ()
    """What persons are asked; the run waits for their answers."""
    awaits: tuple[Awaited, ...] = ()
    """Events that steps wait for."""
    decision_ids: tuple[str, ...] = ()
    """The decisions made so far, the first one first."""

    @property
    def has_stopped(self) -> bool:
        """Tell whether nothing happens until somebody does something: it has ended, or waits for others."""
        waits = bool(self.questions or self.awaits)
        return self.status in ENDED or (self.status == "waiting" and waits)

    @classmethod
    def whole(
        cls,
        run: Run,
        questions: Iterable[PersonQuestion],
        awaits: Iterable[Awaited],
        decision_ids: Iterable[str],
    ) -> "RunDetail":
        """Return all that there is to say of a run."""
        return cls(
            **dict(RunSummary.of(run)),
            input=run.input,
            output=run.output,
            questions=tuple(map(QuestionView.of, questions)),
            awaits=tuple(awaits),
            decision_ids=tuple(decision_ids),
        )


class Explanation(Record):
    """The whole story of a run."""

    run: RunSummary
    input: Any
    output: Any
    chapters: tuple[Passage, ...]
    """What happened, in order; a decision comes with what was known, offered, excluded and chosen."""
    totals: Totals

    @classmethod
    def of(cls, told: Narration) -> "Explanation":
        """Return a narration as its readers see it."""
        run = told.run
        return cls(
            run=RunSummary.of(run),
            input=run.input,
            output=run.output,
            chapters=tuple(told.chapters),
            totals=told.totals,
        )


class ForkView(Record):
    """A run that was forked from a decision of another."""

    run: RunSummary
    parent_run_id: str
    parent_decision_id: str
    decision_id: str
    """The other choice."""
    choice_before: str
    choice_after: str
    difference: Difference | None
    """What came of it, against the first run; null while a live fork goes on."""

    @classmethod
    def of(cls, made: Forked) -> "ForkView":
        """Return a fork as its readers see it."""
        return cls(
            run=RunSummary.of(made.run),
            parent_run_id=made.parent.id,
            parent_decision_id=made.replaced.decision_id,
            decision_id=made.decision.decision_id,
            choice_before=made.replaced.choice,
            choice_after=made.decision.choice,
            difference=made.difference,
        )


class RepinView(Record):
    """A run that goes on with another version, or could."""

    run: RunSummary
    version_before: str
    problems: tuple[Problem, ...]
    """Why its journal does not allow it; empty where it does."""

    @classmethod
    def of(cls, made: Repinned) -> "RepinView":
        """Return what came of it as its readers see it."""
        return cls(run=RunSummary.of(made.run), version_before=made.before.version, problems=made.problems)


class EntryView(Record):
    """One entry of a run's journal."""

    seq: int
    kind: EntryKind
    path: str
    visit: int
    attempt: int
    at: AwareDatetime
    body: dict[str, Any]

    @classmethod
    def of(cls, numbered: Numbered) -> "EntryView":
        """Return a numbered entry in one piece."""
        seq, entry = numbered
        return cls(seq=seq, **entry._asdict())


class DecisionView(Decision):
    """A decision that was made."""

    status: Literal["decided"] = "decided"
    outcomes: tuple[DecisionOutcome, ...] = ()
    """What was told of it later, the first first."""
    overridden: tuple[Override, ...] = ()
    """What a person put in its place before it was acted on."""

    @classmethod
    def of(
        cls,
        decision: Decision,
        outcomes: Iterable[DecisionOutcome] = (),
        overridden: Iterable[Override] = (),
    ) -> "DecisionView":
        """Return a decision as its readers see it."""
        return cls(**dict(decision), outcomes=tuple(outcomes), overridden=tuple(overridden))


class OperationView(Record):
    """An operation of the catalogue."""

    name: str
    service: str
    summary: str
    effect: EffectClass
    effect_source: EffectSource
    """`guessed` and `default` are to be confirmed by a person."""
    repeatable: bool
    """Whether an unanswered call may be sent again."""
    input: dict[str, Any]
    output: dict[str, Any] | None
    undo: Undo | None
    reconcile: Reconcile | None
    check: str | None
    timeout_seconds: float
    retry: Retry
    confirm: Literal["person"] | None
    kind: Literal["http", "function", "grpc", "mcp"]
    method: str | None = None
    path: str | None = None

    @classmethod
    def of(cls, operation: Operation) -> "OperationView":
        """Return an operation as its readers see it; how callers identify themselves is not told."""
        same = (
            "name",
            "service",
            "summary",
            "effect",
            "effect_source",
            "repeatable",
            "input",
            "output",
            "undo",
            "reconcile",
            "check",
            "retry",
            "confirm",
        )
        binding = operation.binding
        over_http = (
            {"method": binding.method, "path": binding.path} if isinstance(binding, HttpBinding) else {}
        )
        return cls(
            **{name: getattr(operation, name) for name in same},
            timeout_seconds=operation.timeout.total_seconds(),
            kind=binding.kind,
            **over_http,
        )


class CatalogView(Record):
    """The operations that a workflow may call."""

    revision: str
    """Content hash of the catalogue."""
    items: tuple[OperationView, ...]


class Alive(Record):
    """The process answers."""

    status: Literal["ok"] = "ok"
