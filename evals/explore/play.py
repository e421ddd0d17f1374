"""Plays: one path of a run, from any state on, on the engine's own step functions and without any I/O."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from evals import events, history
from evals.explore import alphabet, happenings, prospects
from evals.explore.happenings import EARLY, NoEvent
from evals.explore.points import Beside, Cancel, Crash, Crashed, Halted, Kind, Option, Point, Unlike
from evals.explore.ports import Clock, Model, Written
from evals.explore.scenarios import Scenario
from evals.explore.state import State, Unit, Used
from evals.explore.subject import Subject
from evals.explore.turns import Turns
from evals.history import History, Sent
from graphs import runner
from graphs.context import Context, Frame, around
from graphs.runner import Ended
from graphs.steps import run_block
from planner.events import Event, KeptEvent, Wanted
from planner.journal import Append, Entry, Recorded
from planner.runs import PersonQuestion
from tools.errors import ExpressionError
from tools.http import Fence
from tools.operations import Operation
from tools.outcomes import Outcome

_CANCELLED = frozenset({"started", "outcome", "settled", "decision", "event"})
"""Entries after which a run goes on at once, unless it was cancelled by then."""


class Guide(Protocol):
    """Who says which way a path goes."""

    def choose(self, play: "Play", point: Point) -> int:
        """Return the place of the option to take; may raise Halted."""
        ...

    def crash(self, play: "Play", crash: Beside) -> bool:
        """Tell whether the process ends, or a person cancels the run, here."""
        ...


class Play:
    """One path; the engine's ports all lead here."""

    def __init__(
        self,
        subject: Subject,
        scenario: Scenario,
        guide: Guide,
        *,
        state: State | None = None,
        preset: tuple[Point, int] | None = None,
    ) -> None:
        """Take up a path.

        Args:
            subject: what is explored.
            scenario: the world it runs in.
            guide: who chooses.
            state: where it is taken up; the beginning unless told.
            preset: the point at which the state was taken, and the option to take there.
        """
        self.subject, self.scenario, self.guide = subject, scenario, guide
        self.state = state or State()
        self.preset = preset
        self.used = Used()
        self.edges: set[tuple[str, str, str]] = set()
        """Ways from block to block, with the prefix of their sequence."""
        self.frames: list[Frame] = []
        self.ways: dict[int, str] = {}
        """How frames ended, by their place among the frames."""
        self.ctx: Context | None = None
        self.turns: Turns | None = None
        self.broken: str | None = None
        self.unknown: list[str] = []
        """Events that could not be made up, and why."""
        self.over: Halted | Crashed | None = None
        """What ended the execution for all of its branches."""
        self._services = subject.services[scenario.name]
        self._started = subject.runs[scenario.name]

    @property
    def is_restoring(self) -> bool:
        """Whether all that happens happened before."""
        return self.preset is not None

    async def run(self) -> Ended:
        """Move the run until it has ended, or only waits for ever.

        Raises:
            Halted: the guide has seen enough.
            Unlike: the point at which it was taken up is another one now.
        """
        while True:
            waiting = self.state.waiting
            if waiting is None:
                try:
                    waiting = await self.execute()
                except Crashed:
                    continue
                if waiting.status != "waiting":
                    return waiting
                self.state = self.counted()._replace(waiting=waiting, durable=len(self.state.units))
            if not self._wait(waiting):
                return waiting

    async def execute(self) -> Ended:
        """Take the run up from its journal until it ends or waits."""
        self.frames, self.ways, self.broken, self.over = [], {}, None, None
        self.turns = Turns(self, self.subject.orders) if self.subject.orders.matter else None
        self.ctx = self.context()
        return await runner.execute(self.ctx)

    def context(self) -> Context:
        """Return a context over the journal as it stands."""
        state, loop = self.state, asyncio.get_running_loop()

        def sink(unit: Append) -> Written:
            self._write(unit)
            return Written(self, loop)

        ctx = Context(
            run=self._started,
            program=self.subject.program,
            programs=self.subject.programs,
            catalog=self.subject.catalog,
            caller=self,
            decider=Model(self),
            clock=Clock(self),
            sink=sink,
            new_id=self.new_id,
            execute=self._execute,
            recorded=Recorded(state.numbered),
            questions=dict(state.questions),
            arrived=self.arrived,
            is_first=state.is_first,
            turn=None if self.turns is None else self.turns.wait,
            recovery_choices=self.subject.recoveries,
            cancel_requested=state.cancelled is not None,
        )
        if state.ledger is not None:
            ctx.ledger = state.ledger.copy()
        ctx.fresh.update(around(unit.entry.entry.path) for unit in state.units[state.began :])
        return ctx

    def history(self, ended: Ended | None = None) -> History:
        """Return what happened so far."""
        state = self.state
        return History(
            workflow=self.subject.workflow,
            catalog=self.subject.real,
            calls=state.calls,
            entries=[numbered.entry for numbered in state.numbered],
            decisions=state.decisions,
            questions=state.questions,
            by_hand=state.by_hand,
            values=self._values(),
            input=self.scenario.input,
            status=None if ended is None else ended.status,
            error=None if ended is None else ended.error,
            step=self.subject.step,
            broken=self.broken,
            cancelled=state.cancelled,
        )

    def _values(self) -> Mapping[str, Any]:
        """Return the values of the outermost steps; a run that ends is not gone through again."""
        if self.state.values is not None:
            return self.state.values
        return self.frames[0].results() if self.frames else {}

    def new_id(self) -> str:
        """Return an id that looks like those of production."""
        self.state = self.state._replace(ids=self.state.ids + 1)
        return f"01900000-0000-7000-8000-{self.state.ids + 0xE000:012x}"

    def unavailable(self, _service: str) -> str | None:
        """Return that no breaker is open; an outage is among the outcomes of calls."""
        return None

    async def arrived(self, wanted: Wanted) -> AsyncIterator[KeptEvent]:
        """Yield the events that a step may take; when it first looks, one may have come before."""
        spot = (wanted.path, wanted.visit)
        if spot not in self.state.expected:
            event = self._expected(wanted)
            if (
                event is not None
                and self.choose("event", f"{wanted.type} for {wanted.path}", EARLY) == EARLY[1]
            ):
                early = happenings.kept(event, len(self.state.events), self.state.now)
                self.state = self.state._replace(events=(*self.state.events, early))
            self.state = self.state._replace(expected={**self.state.expected, spot: event})
        for kept in events.fitting(self.state.events, wanted, self.state.now):
            yield kept

    def _expected(self, wanted: Wanted) -> Event | None:
        frame = next(each for each in self.frames if each.prefix == around(wanted.path))
        known, text = self.scenario.events, self.subject.text
        try:
            return happenings.made(wanted.path, wanted.type, frame, known, text=text)
        except NoEvent as exc:
            self.unknown.append(str(exc))
            return None

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return what the call comes to on this path."""
        if fence is not None:
            await fence()
        real = self.subject.real.operation(operation.name)
        options = self._services.options(real, arguments, key, self.state.calls)
        option = self.choose("call", operation.name, options)
        outcome: Outcome = option.value
        applied = outcome.kind in {"applied", "applied_bad"} or option.name == "timeout, applied"
        sent = Sent(
            operation=operation.name,
            effect=real.effect,
            arguments=dict(arguments),
            key=key,
            outcome=outcome.kind,
            applied=applied,
            output=outcome.output if applied and outcome.output is not None else options[0].value.output,
            told=option.name,
        )
        self.state = self.state._replace(calls=(*self.state.calls, sent), turn="")
        self.used = self.used.plus(Used(calls=1))
        if outcome.kind == "unknown":
            self.elapse((timeout or operation.timeout).total_seconds())
        return outcome

    def choose(self, kind: Kind, label: str, options: Sequence[Option]) -> Option:
        """Return the option that is taken at a point; a fault that goes on costs nothing."""
        self._stop_if_over()
        lasting = self.state.lasting
        offered = tuple(
            option._replace(faults=0) if f"{kind}|{label}|{option.name}" in lasting else option
            for option in options
        )
        point = Point(kind, label, offered)
        place = self._preset(point) if self.preset is not None else self._ask(point)
        option = offered[place]
        if kind != "person":
            self.state = self.state.lasts(kind, label, option)
        return option

    def keep(self, count: int) -> None:
        """Note that so many units are durable."""
        if count > self.state.durable:
            self.state = self.state._replace(durable=count)

    def elapse(self, seconds: float) -> None:
        """Let time pass, unless it has passed before."""
        if not self.is_restoring:
            self.state = self.state._replace(now=self.state.now + timedelta(seconds=seconds))
            self.used = self.used.plus(Used(seconds=seconds))

    def at_choice(self, point: Point) -> State:
        """Return the state at a point: an intention whose call is about to be made is written again later."""
        state = self.state
        if point.kind == "call" and state.units and state.units[-1].entry.entry.kind == "intention":
            units = state.units[:-1]
            return state._replace(units=units, durable=min(state.durable, len(units)), ledger=None)
        return self.counted()

    def counted(self) -> State:
        """Return the state with what stands in it, as the engine has counted it."""
        return self.state if self.ctx is None else self.state._replace(ledger=self.ctx.ledger.copy())

    def _ask(self, point: Point) -> int:
        try:
            return self.guide.choose(self, point)
        except Halted as halted:
            self.over = halted
            raise

    def _stop_if_over(self) -> None:
        """Let a branch that runs beside the one that halted or crashed go no further.

        Raises:
            Halted: another branch did.
            Crashed: likewise.
        """
        if self.over is not None:
            raise self.over

    def _preset(self, point: Point) -> int:
        if self.preset is None or self.preset[0] != point:
            before = None if self.preset is None else self.preset[0]
            raise Unlike(f"a path came to {point.shown} where it had come to {before and before.shown}")
        place, self.preset = self.preset[1], None
        self.used = Used()
        return place

    async def _execute(self, frame: Frame, ctx: Context) -> str:
        """Run a sequence block by block, as the plain driver does, and note the ways that it takes."""
        place, turns = len(self.frames), self.turns
        self.frames.append(frame)
        blocks, following = frame.sequence.blocks, frame.sequence.entry
        if turns:
            turns.enter(frame)
        while following in blocks:
            before, following = following, await run_block(blocks[following], frame, ctx)
            self.edges.add((frame.prefix, before, following))
        self.ways[place] = following
        if turns:
            turns.leave(frame)
        return following

    def _write(self, unit: Append) -> None:
        self._stop_if_over()
        if not unit.entries:
            return
        entry = unit.entries[0].entry
        asked = tuple(PersonQuestion.model_validate(told) for told in unit.questions)
        written = Unit(unit.entries[0], unit.decisions, asked, unit.closed)
        if entry.kind == "outcome":
            self._place(entry)
        if entry.kind == "ending" and self.ctx is not None and self.ctx.failure is not None:
            cause = self.ctx.failure.__cause__
            self.broken = str(self.ctx.failure) if isinstance(cause, ExpressionError) else None
        if entry.kind == "ending":
            self.state = self.state._replace(values=self._values())
        if not self.is_restoring:
            self._may_crash(entry)
        self.state = self.state.wrote(written)
        if entry.kind == "intention" and not self.is_restoring:
            self._crash(Crash("intention", entry.path, entry.visit, entry.attempt, 0))
        if entry.kind in _CANCELLED and not self.is_restoring:
            self._may_cancel(entry)

    def _place(self, entry: Entry) -> None:
        """Note where in the run the latest call was made, now that its outcome is told."""
        if self.is_restoring:
            return
        place: dict[str, Any] = {"path": entry.path, "visit": entry.visit, "attempt": entry.attempt}
        calls, undoes = self.state.calls, entry.body.get("undoes")
        if entry.body.get("code") != "crash":
            calls = (*calls[:-1], calls[-1]._replace(**place, undoes=undoes))
        elif not any((each.path, each.visit, each.attempt) == tuple(place.values()) for each in calls):
            calls = (*calls, history.unsent(entry, self.subject.real)._replace(**place, undoes=undoes))
        self.state = self.state._replace(calls=calls)

    def _may_crash(self, entry: Entry) -> None:
        """Offer to end the process before an outcome is kept: only what was applied is worth losing."""
        latest = self.state.calls[-1] if self.state.calls else None
        if entry.kind != "outcome" or latest is None or not latest.applied or latest.effect == "read":
            return
        self._crash(Crash("outcome", entry.path, entry.visit, entry.attempt, 1))
        if self.state.pending:
            lost = 1 + self.state.pending
            self._crash(Crash("outcome", entry.path, entry.visit, entry.attempt, lost))

    def _crash(self, crash: Crash) -> None:
        if self.guide.crash(self, crash):
            self.state, self.over = self.after(crash), Crashed()
            raise self.over

    def _may_cancel(self, entry: Entry) -> None:
        """Offer that a person cancels the run as it goes forward."""
        cancel = Cancel(entry.kind, entry.path, entry.visit, entry.attempt)
        if self.ctx is not None and self._can_be_cancelled and self.guide.crash(self, cancel):
            self.state, self.ctx.cancel_requested = self.after(cancel), True

    @property
    def _can_be_cancelled(self) -> bool:
        state = self.state
        return self.subject.cancels and state.cancelled is None and state.values is None

    def after(self, crash: Beside) -> State:
        """Return the state once the process has ended here, or the run was cancelled."""
        if isinstance(crash, Cancel):
            return self.state.cancel()
        return self.state.crashed(len(self.state.units) - max(0, crash.lost - 1))

    def _wait(self, waiting: Ended) -> bool:
        """Let a person answer or time pass; False when nothing is left that could move the run."""
        options = prospects.prospects(self.state, waiting.wake_at)
        if not options:
            return False
        if self._can_be_cancelled:
            options.append(prospects.CANCEL)
        is_sure = len(options) == 1 and not options[0].faults and isinstance(options[0].value, datetime)
        option = options[0] if is_sure else self.choose("person", alphabet.WAITING, options)
        if option.value is None:
            return False
        before = self.state.now
        self.state = prospects.happen(self.state, option, self.subject.desk)
        self.used = self.used.plus(Used(seconds=(self.state.now - before).total_seconds()))
        return True
