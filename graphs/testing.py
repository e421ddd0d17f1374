"""Doubles for the engine: services that answer from a script, runs without a database, and processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from graphs import blocks, driver, intake, runner
from graphs.context import Context, Frame
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest
from graphs.parts import Parts
from graphs.runner import Ended
from graphs.signals import Signals
from planner import clock
from planner.clock import SystemClock
from planner.decisions import FILLING_SECONDS, Answer, Brief, Decider, Filled, Question, WorkflowRef
from planner.definition import Workflow
from planner.journal import Append, Numbered, Recorded
from planner.runs import PersonAnswer, PersonQuestion, Run
from planner.store import runs, workflows
from planner.store.database import Database
from tools.catalog import Catalog
from tools.http import Fence
from tools.operations import Operation
from tools.outcomes import Outcome
from tools.services import Caller

Execute = Callable[[Frame, Context], Awaitable[str]]

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
RUN_ID = "01900000-0000-7000-8000-000000000001"


OK = Outcome(kind="applied", output={"id": "x-1"})
REFUSED = Outcome(kind="rejected", status=422, error="no")
DOWN = Outcome(kind="not_sent", code="connect", error="refused")
LOST = Outcome(kind="unknown", code="timeout", error="no answer within 1 s")
WRONG = Outcome(kind="applied_bad", code="check", output={"id": "x-9"}, error="the check failed")


class VirtualClock:
    """Time that passes only by sleeping."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the virtual time."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass at once."""
        self._now += timedelta(seconds=seconds)

    def advance(self, until: datetime) -> None:
        """Let virtual time pass up to `until`."""
        self._now = max(self._now, until)


class Crashed(Exception):
    """Raised by a script to stop the process in its tracks, as a crash would."""


@dataclass
class ScriptedCaller:
    """Services that answer from a script: one outcome for each call, by operation; the last one stays."""

    script: Mapping[str, Sequence[Outcome | BaseException]]
    calls: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)
    closed: dict[str, str] = field(default_factory=dict)
    """Services whose breaker is open, with the sentence that says so."""

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return the next scripted outcome; raise a scripted crash."""
        del timeout
        if fence is not None:
            await fence()
        before = sum(1 for name, _, _ in self.calls if name == operation.name)
        self.calls.append((operation.name, dict(arguments), key))
        answers = self.script.get(operation.name, (Outcome(kind="applied", output={}),))
        answer = answers[min(before, len(answers) - 1)]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def unavailable(self, service: str) -> str | None:
        """Return why a service is not to be called."""
        return self.closed.get(service)

    def count(self, operation: str) -> int:
        """Return how often an operation was called."""
        return sum(1 for name, _, _ in self.calls if name == operation)


@dataclass
class ScriptedDecider:
    """A decider that answers by point; `None` for a point means that no model is there."""

    script: Mapping[str, str | Answer]
    asked: list[Question] = field(default_factory=list)

    async def choose(self, question: Question) -> Answer:
        """Return the scripted answer."""
        self.asked.append(question)
        answer = self.script.get(question.point)
        if answer is None:
            return Answer(outcome_class="unavailable", anomalies=("no_model_configured",))
        if isinstance(answer, Answer):
            return answer
        return Answer(outcome_class="ok", choice=answer, reason="scripted")

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return that nothing can be filled in."""
        del brief, deadline_seconds
        return Filled(outcome_class="unavailable")


@dataclass
class Bench:
    """A run without a database: the same engine, journal kept in memory."""

    workflow: Workflow
    catalog: Catalog
    caller: ScriptedCaller
    decider: Decider
    input: Any = None
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    execute: Execute = driver.execute
    clock: VirtualClock = field(default_factory=VirtualClock)
    entries: list[Numbered] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    questions: dict[str, PersonQuestion] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)
    crash_after: int | None = None
    """Number of appends after which the process is as good as killed."""
    _ids: int = 0

    async def once(self) -> Ended:
        """Execute the run from its journal until it ends or waits."""
        ctx = self.context()
        try:
            return await runner.execute(ctx)
        finally:
            self.trail = ctx.trail

    def answer(self, choice: str, *, value: Any = None, actor: str = "u-1") -> PersonQuestion:
        """Answer the only open question."""
        asked = next(question for question in self.questions.values() if question.status == "open")
        given = PersonAnswer(choice=choice, actor=actor, value=value, at=self.clock.now())
        answered = asked.model_copy(update={"status": "answered", "answer": given})
        self.questions[asked.decision_id] = answered
        return answered

    def context(self) -> Context:
        """Return a fresh context over the journal as it stands."""
        ref = WorkflowRef(
            name=self.workflow.workflow, version=self.workflow.version, sha256=self.workflow.sha256
        )
        run = Run(
            id=RUN_ID,
            workflow=ref,
            goal=self.workflow.goal,
            input={} if self.input is None else self.input,
            mode="eval",
            created_at=START,
            updated_at=START,
        )
        return Context(
            run=run,
            program=blocks.program(self.workflow),
            programs={name: blocks.program(workflow) for name, workflow in self.workflows.items()},
            catalog=self.catalog,
            caller=self.caller,
            decider=self.decider,
            clock=self.clock,
            sink=self._sink,
            new_id=self._new_id,
            execute=self.execute,
            recorded=Recorded(self.entries),
            questions=dict(self.questions),
        )

    async def _sink(self, unit: Append) -> None:
        if self.crash_after is not None:
            if self.crash_after == 0:
                raise Crashed
            self.crash_after -= 1
        self.entries.extend(unit.entries)
        self.decisions.extend(unit.decisions)
        for question in unit.questions:
            opened = PersonQuestion.model_validate(question)
            self.questions[opened.decision_id] = opened
        for decision_id in unit.closed:
            self.questions[decision_id] = self.questions[decision_id].model_copy(update={"status": "expired"})

    def _new_id(self) -> str:
        self._ids += 1
        return f"01900000-0000-7000-8000-{self._ids + 0xD000:012x}"


def register(database: Database, steps: str, **more: Any) -> Workflow:
    """Register a workflow named `test`, with steps in YAML."""
    fields = {"workflow": "test", "version": "1.0.0", "steps": yaml.safe_load(steps)} | more
    workflow = Workflow.model_validate(fields)
    database.write_sync(workflows.register, workflow, source="", now=SystemClock().now())
    return workflow


@asynccontextmanager
async def process(
    database: Database,
    catalog: Catalog,
    caller: Caller | None = None,
    decider: Decider | None = None,
    **more: Any,
) -> AsyncIterator[Dispatcher]:
    """Open one process: its parts, and a dispatcher that moves runs."""
    given: dict[str, Any] = {"clock": SystemClock(), "lease_seconds": 5.0} | more
    parts = Parts(
        database=database,
        catalog=catalog,
        caller=caller or ScriptedCaller({}),
        decider=decider or ScriptedDecider({}),
        new_id=clock.new_id,
        worker=f"worker-{clock.new_id()}",
        **given,
    )
    dispatcher = Dispatcher(parts)
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


async def start(dispatcher: Dispatcher, **request: Any) -> str:
    """Begin a run and return its id."""
    begun = await intake.begin(RunRequest(**request), dispatcher.parts, dispatcher, started_by="test")
    return begun.run.id


async def settled(dispatcher: Dispatcher, run_id: str, *, within: float = 5.0, or_waits: bool = True) -> Run:
    """Return the run once it ended, or waits for somebody unless told otherwise."""
    async with asyncio.timeout(within):
        while True:
            run = await dispatcher.parts.database.read(runs.get, run_id)
            if run.ended or (or_waits and run.status == "waiting"):
                return run
            await dispatcher.signals.wait(run_id, 0.2)


async def ended(database: Database, run_id: str, *, within: float = 10.0) -> Run:
    """Return the run once it ended, in whatever process."""

    async def has_ended() -> bool:
        return (await database.read(runs.get, run_id)).ended

    await until(has_ended, within=within)
    return await database.read(runs.get, run_id)


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = 10.0) -> None:
    """Return once it holds."""
    nobody = Signals()
    async with asyncio.timeout(within):
        while not await holds():
            await nobody.wait("", 0.02)


class Failing:
    """A database that fails at chosen claims and appends, and is the real one otherwise."""

    def __init__(
        self,
        database: Database,
        error: Exception,
        *,
        claims: Collection[int] = (),
        appends: Collection[int] = (),
    ) -> None:
        self.database, self.error = database, error
        self.failing = {"claim": claims, "append": appends}
        self.seen: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)

    async def write(self, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Write, unless it is a claim that fails."""
        if fn is runs.claim:
            self._count("claim")
        return await self.database.write(fn, *args, **more)

    async def append(self, unit: Append) -> None:
        """Append, unless this one fails."""
        self._count("append")
        await self.database.append(unit)

    def _count(self, kind: str) -> None:
        self.seen[kind] += 1
        if self.seen[kind] in self.failing[kind]:
            raise self.error
