"""The stage: plays one case on the real engine, from its beginning to its end, on a virtual clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from evals import overrides, people, trace
from evals.cases import Setting
from evals.clock import Ids, VirtualClock, VirtualLoop, contained
from evals.crashes import Crashed
from evals.errors import LimitReached, ReplayDiffers, Stuck
from evals.events import ScriptedEvents
from evals.live import Asking
from evals.model import ScriptedDecider
from evals.overrides import Planned, ScriptedOverrides
from evals.people import ScriptedPeople
from evals.project import Project
from evals.scripts import Script
from evals.services import ScriptedServices
from evals.trace import Trace
from evals.witness import Seen, Witness
from graphs import compile as compiling
from graphs import driver as plain
from graphs import pinning, runner
from graphs.blocks import Program
from graphs.context import Context, Frame
from graphs.runner import Ended
from planner import bodies
from planner.decisions import WorkflowRef
from planner.events import KeptEvent, Wanted
from planner.journal import Append, Entry, Numbered, Recorded
from planner.runs import PersonQuestion, Run
from planner.snapshots import Snapshot
from tools.errors import ExpressionError

Execute = Callable[[Frame, Context], Awaitable[str]]

ENGINES: Mapping[str, Execute] = {"langgraph": compiling.execute, "driver": plain.execute}
"""What moves a run from step to step; production uses langgraph."""

MOST_EXECUTIONS = 1000


class Scripts:
    """Everything that a case has scripted."""

    def __init__(self, setting: Setting, asking: Asking | None = None) -> None:
        case = setting.case
        self.asking = asking or Asking()
        self.decisions: list[dict[str, Any]] = []
        """Records of what was decided so far, also where the case then breaks off."""
        self.entries: list[Numbered] = []
        """The journal so far, likewise."""
        own = () if isinstance(case.model, str) else case.model
        self.model = None if setting.model is None else Script(setting.model, own=own, what="decision point")
        self.services = Script(setting.services, own=case.services, what="operation")
        self.events = ScriptedEvents(case.events, setting.clock)
        answers, own_answers = overrides.answers(setting.person), overrides.answers(case.person)
        self.people = Script(answers, own=own_answers, what="question to a person at")
        others, own_others = overrides.overrides(setting.person), overrides.overrides(case.person)
        self.overrides = Script(others, own=own_others, what="override at")

    def unused(self) -> list[str]:
        """Return a sentence for every answer that was never asked for."""
        model = self.model.unused() if self.model is not None else []
        told = {
            "model": model,
            "services": self.services.unused(),
            "person": [*self.people.unused(), *self.overrides.unused()],
            "events": self.events.unused(),
        }
        return [f"{kind}: {sentence}" for kind, sentences in told.items() for sentence in sentences]


def play(setting: Setting, project: Project, scripts: Scripts, *, engine: str) -> Trace:
    """Return what happens in the case.

    Raises:
        EvalError: the case cannot be played to its end.
        PlannerError: the engine refused to go on.
        ToolError: likewise.
    """
    stage = Stage(setting, project, scripts, ENGINES[engine])
    told: list[Trace] = []

    async def playing() -> None:
        """Keep what happened; a runner would write out all that its task returns, to compare a signal."""
        told.append(await stage.play())

    with contained(), asyncio.Runner(loop_factory=VirtualLoop) as loop:
        loop.run(playing())
    return told[0]


class Stage:
    """One run without a database; its journal is kept in memory, as bytes that a store would keep."""

    def __init__(self, setting: Setting, project: Project, scripts: Scripts, execute: Execute) -> None:
        self._setting, self._project, self._execute = setting, project, execute
        self._scripts = scripts
        self._people = ScriptedPeople(scripts.people)
        self._overrides = ScriptedOverrides(scripts.overrides)
        self._programs = _programs(setting.workflow, project)
        self._pinned = {name: program.workflow for name, program in self._programs.items()}
        self._workflow = self._pinned[setting.workflow]
        self._entries = scripts.entries
        self._decisions = scripts.decisions
        self._questions: dict[str, PersonQuestion] = {}
        self._path: list[str] = []
        self._ways: list[tuple[str, str]] = []
        self._executions = 0
        self._crashes = list(setting.case.crashes)
        self._is_cancelled = False
        self._ctx: Context | None = None
        self._is_down = False
        self._outer: Frame | None = None
        self._broken: str | None = None
        self._cast: _Cast | None = None
        self._witness = self._called_witness()

    async def play(self) -> Trace:
        """Return what happens until the run ends or only waits."""
        clock = VirtualClock(self._setting.clock, seed=self._setting.seed)
        limits = self._setting.limits
        ids = Ids(self._setting.seed, clock)
        decider = ScriptedDecider(
            self._scripts.model, clock=clock, most_calls=limits.model_calls, asking=self._scripts.asking
        )
        services = ScriptedServices(
            self._project.catalog,
            self._scripts.services,
            clock=clock,
            most_calls=limits.service_calls,
            has_breakers=self._setting.case.breakers == "own",
        )
        async with decider, services:
            recorded = self._setting.case.recorded
            run_id = ids.new() if recorded is None else recorded.run
            cast = _Cast(clock, ids, decider, services, self._run(run_id, clock.now()))
            self._cast = cast
            ended = await self._until_the_end(cast)
            self._look(ended)
            virtual_s = clock.seconds()
            if ended.status != "waiting":
                await self._once_more(cast, ended)
        return Trace(
            run_id=cast.run.id,
            status=ended.status,
            output=ended.output,
            error=ended.error,
            path=tuple(self._path),
            ways=tuple(self._ways),
            decisions=tuple(self._decisions),
            calls=tuple(services.calls),
            entries=trace.entries(self._entries),
            effects=trace.applied(self._entries),
            is_witnessed=self._witness is not None,
            violations=() if self._witness is None else self._witness.violations,
            virtual_s=virtual_s,
            executions=self._executions,
            model_calls=decider.requests,
        )

    async def _until_the_end(self, cast: "_Cast") -> Ended:
        while self._executions < MOST_EXECUTIONS:
            try:
                ended = await self._go_on(cast)
            except Crashed:
                continue
            if ended.status == "waiting" or self._setting.case.recorded is not None:
                self._people.hear(self._questions)
            if ended.status == "waiting":
                self._overrides.hear(self._decisions)
            if ended.status != "waiting":
                return ended
            if not await self._wait(cast, ended.wake_at):
                return ended
        raise Stuck(f"the run was taken up {MOST_EXECUTIONS} times and has not ended")

    async def _go_on(self, cast: "_Cast") -> Ended:
        self._executions += 1
        recorded = Recorded(self._entries)
        ctx = self._ctx = self._context(cast, recorded, self._sink, execute=self._move)
        self._is_down = False
        is_forward = recorded.find("ending") is None
        ended = await runner.execute(ctx)
        if ctx.failure is not None and isinstance(ctx.failure.__cause__, ExpressionError):
            self._broken = str(ctx.failure)
        if is_forward:
            self._path, self._ways = ctx.trail, ctx.ways
        if len(ctx.trail) > self._setting.limits.steps:
            raise LimitReached("steps", self._setting.limits.steps, "steps")
        return ended

    async def _wait(self, cast: "_Cast", wake_at: datetime | None) -> bool:
        """Let time pass until something moves the run; False when only a person could, who never does."""
        clock = cast.clock
        planned, instead = self._people.next(self._questions), self._overrides.next()
        arriving = self._scripts.events.next(clock.now())
        moments = [
            moment
            for moment in (wake_at, planned and planned.at, instead and instead.at, arriving)
            if moment is not None
        ]
        if not moments:
            return False
        due = min(moments)
        limit = self._setting.limits.virtual_s
        if (due - self._setting.clock).total_seconds() > limit:
            raise LimitReached("virtual_s", limit, "virtual seconds")
        await clock.until(due)
        if planned is not None and planned.at <= clock.now():
            question = self._questions[planned.decision_id]
            self._questions[planned.decision_id] = people.answered(question, planned)
        elif instead is not None and instead.at <= clock.now():
            self._override(instead, cast)
        return True

    def _override(self, planned: Planned, cast: "_Cast") -> None:
        """Put what a person wants in the place of a choice; where it was acted on, nothing changes."""
        self._overrides.tried(planned)
        step = pinning.step_at(self._workflow, self._pinned, planned.decision.path)
        unit = overrides.instead(planned, cast.run, self._entries, step=step, new_id=cast.ids.new())
        if unit is not None:
            self._keep(unit)
            self._look()

    async def _once_more(self, cast: "_Cast", ended: Ended) -> None:
        """Run the whole journal once more: nothing may be called, asked or written, and the end is the same.

        The plain driver does it, whatever moved the run: it is quicker, and must come to the same.

        Raises:
            ReplayDiffers: it is not so.
        """
        written: list[Append] = []

        async def sink(unit: Append) -> None:
            written.append(unit)

        before = [numbered for numbered in self._entries if numbered.entry.kind != "finished"]
        calls, requests = len(cast.services.calls), cast.decider.requests
        again = await runner.execute(self._context(cast, Recorded(before), sink, execute=plain.execute))
        new = [entry.kind for unit in written for _, entry in unit.entries]
        if again != ended or new != ["finished"]:
            raise ReplayDiffers(
                f"the run ended as {ended}, and from its own journal as {again}, writing {new}"
            )
        if (len(cast.services.calls), cast.decider.requests) != (calls, requests):
            raise ReplayDiffers("replaying the run's own journal called services or the model again")

    def _context(
        self,
        cast: "_Cast",
        recorded: Recorded,
        sink: Callable[[Append], Awaitable[None]],
        *,
        execute: Execute,
    ) -> Context:
        async def arrived(wanted: Wanted) -> AsyncIterator[KeptEvent]:
            for kept in self._scripts.events.arrived(wanted, cast.clock.now()):
                yield kept

        return Context(
            run=cast.run,
            program=self._programs[self._setting.workflow],
            programs=self._programs,
            catalog=self._project.catalog,
            caller=cast.services,
            decider=cast.decider,
            clock=cast.clock,
            sink=sink,
            new_id=cast.ids.new,
            execute=execute,
            recorded=recorded,
            questions=dict(self._questions),
            arrived=arrived,
            snapshot=self._start(),
            cancel_requested=self._is_cancelled,
        )

    def _start(self) -> Snapshot | None:
        """Return where the run begins, as if it had come there and parked."""
        start = self._setting.case.start
        if start is None:
            return None
        told = {"own": start.state, "visits": {}, "arrivals": {}, "spent": [0, 0, "0"]}
        return Snapshot(0, {"at": start.at, **told, "taken": [], "needed": []})

    def _run(self, run_id: str, now: datetime) -> Run:
        workflow = self._project.workflows[self._setting.workflow]
        return Run(
            id=run_id,
            workflow=WorkflowRef(name=workflow.workflow, version=workflow.version, sha256=workflow.sha256),
            catalog_revision=self._project.catalog.revision,
            goal=self._setting.case.goal or workflow.goal,
            input=self._setting.case.input,
            mode="eval",
            started_by="eval",
            created_at=now,
            updated_at=now,
        )

    async def _move(self, frame: Frame, ctx: Context) -> str:
        if not frame.prefix:
            self._outer = frame
        return await self._execute(frame, ctx)

    def _called_witness(self) -> Witness | None:
        case = self._setting.case
        if case.expect.invariants is None:
            return None
        return Witness(self._workflow, self._pinned, self._project.catalog, case.input)

    def _look(self, ended: Ended | None = None) -> None:
        if self._witness is None or self._cast is None:
            return
        values = {} if self._outer is None else self._outer.results()
        entries = [entry for _, entry in self._entries]
        calls = self._cast.services.calls
        seen = Seen(calls, entries, self._decisions, self._questions, values, self._broken)
        self._witness.look(seen, ended)

    def _may_crash(self, unit: Append) -> None:
        """End the process where the case has it.

        Raises:
            Crashed: it ends here, or has ended while another branch went on.
        """
        entry = unit.entries[0].entry if unit.entries else None
        crash = next((each for each in self._crashes if entry is not None and each.fits(entry)), None)
        if crash is not None:
            self._crashes.remove(crash)
            self._is_down = True
            if crash.lost == 0:
                self._keep(unit)
            elif crash.lost > 1:
                del self._entries[1 - crash.lost :]
        if self._is_down:
            raise Crashed

    def _may_cancel(self, entry: Entry) -> None:
        """Ask the run to stop where the case has it."""
        cancel = self._setting.case.cancel
        if cancel is not None and cancel.fits(entry):
            self._is_cancelled = True
            if self._ctx is not None:
                self._ctx.cancel_requested = True

    async def _sink(self, unit: Append) -> None:
        self._may_crash(unit)
        self._keep(unit)
        self._look()

    def _keep(self, unit: Append) -> None:
        for seq, entry in unit.entries:
            self._may_cancel(entry)
            kept = entry._replace(body=bodies.decode(bodies.encode(entry.body)))
            self._entries.append(Numbered(seq, kept))
            if entry.kind == "event":
                self._scripts.events.take(entry.body["event_id"])
        self._decisions.extend(unit.decisions)
        for told in unit.questions:
            opened = PersonQuestion.model_validate(told)
            self._questions[opened.decision_id] = opened
        for decision_id in unit.closed:
            closed = self._questions[decision_id].model_copy(update={"status": "expired"})
            self._questions[decision_id] = closed


class _Cast:
    """Everyone who plays in one case."""

    def __init__(
        self,
        clock: VirtualClock,
        ids: Ids,
        decider: ScriptedDecider,
        services: ScriptedServices,
        run: Run,
    ) -> None:
        self.clock, self.ids, self.decider, self.services, self.run = clock, ids, decider, services, run


def _programs(name: str, project: Project) -> dict[str, Program]:
    """Return the workflow and all that it runs, made ready, by reference."""
    workflow = project.workflows[name]
    nested = pinning.closure(workflow, project.find)
    return {key: project.program(each) for key, each in {**nested, name: workflow}.items()}
