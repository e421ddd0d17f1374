"""Forking: a new run that goes on from a past decision with another choice, on recorded effects up to it.

A dry fork runs in memory against the record of the old run and is written down once it has ended, so no
dispatcher ever moves it. A live fork is written down waiting, and is moved like any run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from graphs import choices, driver, intake, origins, runner
from graphs.context import Context
from graphs.dispatch import Dispatcher
from graphs.origins import ForkRequest, Origin
from graphs.parts import Parts
from graphs.people import Told
from graphs.recordings import NotRecorded, PassingClock, RecordedCaller, RecordedDecider, RecordedPeople
from planner import choosing, effects
from planner.decisions import Decision
from planner.effects import Effect
from planner.journal import Append, Entry, Key, Numbered, Recorded
from planner.log.echoes import Echoes
from planner.runs import PersonQuestion, Run
from planner.store import decisions, journal, runs, streams
from tools.records import Record

NOT_RECORDED = "not recorded"
_MOST_WAITS = 10_000


class Difference(Record):
    """What came of the other choice, against what came of the first."""

    status_before: str
    status_after: str
    output_before: Any
    output_after: Any
    error_before: str | None
    error_after: str | None
    only_before: tuple[str, ...]
    """Calls behind the fork that only the old run made, as `path (operation): outcome`."""
    only_after: tuple[str, ...]
    """Calls that only the fork made, or would make."""


class Forked(NamedTuple):
    """A fork that was made."""

    run: Run
    parent: Run
    replaced: Decision
    """The choice that the parent made."""
    decision: Decision
    """The other choice."""
    difference: Difference | None
    """None for a live fork, which goes on."""


@dataclass
class _Memory:
    """Everything that a dry fork would write."""

    entries: list[Numbered]
    decisions: list[Decision] = field(default_factory=list)
    questions: dict[str, PersonQuestion] = field(default_factory=dict)
    change: dict[str, Any] = field(default_factory=dict)

    async def append(self, unit: Append) -> None:
        self.entries += unit.entries
        self.decisions += map(Decision.model_validate, unit.decisions)
        for question in map(PersonQuestion.model_validate, unit.questions):
            self.questions[question.decision_id] = question
        self.change |= unit.change or {}


async def fork(
    decision_id: str, wanted: ForkRequest, parts: Parts, dispatcher: Dispatcher | None, *, actor: str
) -> Forked:
    """Begin a run from before the decision with another choice; a dry one has ended when this returns.

    Raises:
        DecisionUnknown: no decision has this id.
        AnswerInvalid: the choice was neither offered nor a person's to make there.
        ForkRefused: the decision has no place in a journal, or a live fork would not be safe.
        NotPermitted: a live fork would call what the tenant may not.
    """
    origin = await parts.database.read(origins.load, decision_id, parts.catalog)
    origins.check_choice(origin, wanted)
    if wanted.live:
        origins.check_safe(origin, accept_effects=wanted.accept_effects)
        return await _live(origin, wanted, parts, dispatcher, actor=actor)
    return await _dry(origin, wanted, parts, actor=actor)


async def _dry(origin: Origin, wanted: ForkRequest, parts: Parts, *, actor: str) -> Forked:
    fork_id, now = parts.new_id(), parts.clock.now()
    memory = _Memory(origins.prefix(origin, wanted, origin.recording.run.created_at))
    clock = PassingClock(origin.entry.entry.at)
    # Executed under the old run's id, so that what it shows and what keys come of it is as recorded.
    run = origin.recording.run.model_copy(update={"mode": "replay", "cancel_requested": False})
    chosen = _chosen(origin, wanted, decision_id=parts.new_id(), run=run, actor=actor, now=now)
    try:
        await _choose(_context(origin, run, parts, memory, clock), chosen, wanted)
        await _through(origin, run, parts, memory, clock)
    except NotRecorded as exc:
        _end(memory, f"{NOT_RECORDED}: {exc}", clock.now())
    # Inside, time went on from the decision; the fork as a run ends now.
    memory.entries[-1] = _dated(memory.entries[-1], now)
    made = _run(origin, wanted, fork_id, actor=actor, now=now)
    logged = [each.model_copy(update={"run_id": fork_id}) for each in memory.decisions]
    await parts.database.write(_keep, made, memory.entries, logged, {**memory.change, "ended_at": now})
    ended = await parts.database.read(runs.answered, fork_id)
    parent = await parts.database.read(runs.answered, run.id)
    difference = _difference(origin, parent, ended, memory.entries)
    decision = await parts.database.read(decisions.get, logged[0].decision_id)
    return Forked(ended, parent, origin.decision, decision, difference)


async def _through(origin: Origin, run: Run, parts: Parts, memory: _Memory, clock: PassingClock) -> None:
    """Execute to the end, with persons answering and time passing as recorded.

    Raises:
        NotRecorded: the record does not tell how it goes on.
    """
    recording, after = origin.recording, origin.entry.seq
    people = RecordedPeople(recording.loaded.entries, recording.decisions, after=after)
    caller = RecordedCaller(recording.loaded.entries, after=after)
    decider = RecordedDecider(recording.decisions, after=after)
    for _ in range(_MOST_WAITS):
        ctx = _context(origin, run, parts, memory, clock)
        ctx.caller, ctx.decider = caller, decider
        ended = await runner.execute(ctx)
        if ended.status != "waiting":
            return
        if not _answered(memory, people, clock.now()):
            if ended.wake_at is None:
                raise NotRecorded("it waits for something of which the record tells nothing")
            clock.pass_until(ended.wake_at)
    raise NotRecorded(f"it waits more than {_MOST_WAITS} times")


def _answered(memory: _Memory, people: RecordedPeople, now: datetime) -> bool:
    """Have persons answer what they are asked; return whether anybody did."""
    answered = False
    for decision_id, question in memory.questions.items():
        given = people.answer(question, now) if question.status == "open" else None
        if given is not None:
            told = {"status": "answered", "answer": given}
            memory.questions[decision_id] = question.model_copy(update=told)
            answered = True
    return answered


async def _live(
    origin: Origin, wanted: ForkRequest, parts: Parts, dispatcher: Dispatcher | None, *, actor: str
) -> Forked:
    now = parts.clock.now()
    run = _run(origin, wanted, parts.new_id(), actor=actor, now=now)
    await intake.check_permit(origin.recording.workflow, run.tenant, parts)
    memory = _Memory(origins.prefix(origin, wanted, now))
    chosen = _chosen(origin, wanted, decision_id=parts.new_id(), run=run, actor=actor, now=now)
    await _choose(_context(origin, run, parts, memory, PassingClock(now)), chosen, wanted)
    await parts.database.write(
        _keep, run, memory.entries, memory.decisions, {"status": "waiting", "wake_at": now}
    )
    if dispatcher is not None:
        await dispatcher.take(run.id)
    begun = await parts.database.read(runs.get, run.id)
    parent = await parts.database.read(runs.get, origin.decision.run_id)
    decision = await parts.database.read(decisions.get, memory.decisions[0].decision_id)
    return Forked(begun, parent, origin.decision, decision, None)


def _chosen(
    origin: Origin, wanted: ForkRequest, *, decision_id: str, run: Run, actor: str, now: datetime
) -> Decision:
    old = origin.decision
    why = f"fork of run {old.run_id}: {wanted.choose} instead of {old.choice}"
    return choosing.instead(
        old,
        wanted.choose,
        decision_id=decision_id,
        ts=now,
        actor=actor,
        comment=f"{why}: {wanted.comment}" if wanted.comment else why,
        reason=wanted.comment,
        parent_decision_id=old.decision_id,
        run_id=run.id,
        mode=run.mode,
    )


async def _choose(ctx: Context, chosen: Decision, wanted: ForkRequest) -> None:
    await choices.record(ctx, Told(chosen, wanted.value), chosen.attempt)


def _run(origin: Origin, wanted: ForkRequest, run_id: str, *, actor: str, now: datetime) -> Run:
    old = origin.recording.run
    return Run(
        id=run_id,
        tenant=old.tenant,
        workflow=old.workflow,
        catalog_revision=old.catalog_revision,
        goal=old.goal,
        input=old.input,
        mode="live" if wanted.live else "replay",
        started_by=actor,
        created_at=now,
        updated_at=now,
    )


def _context(origin: Origin, run: Run, parts: Parts, memory: _Memory, clock: PassingClock) -> Context:
    loaded = origin.recording.loaded
    return Context(
        run=run,
        program=parts.program(loaded.workflow),
        programs={name: parts.program(workflow) for name, workflow in loaded.pinned.items()},
        catalog=loaded.catalog,
        caller=RecordedCaller((), after=0),
        decider=RecordedDecider((), after=0),
        clock=clock,
        sink=memory.append,
        new_id=parts.new_id,
        execute=driver.execute,
        recorded=Recorded(memory.entries),
        questions=dict(memory.questions),
        recovery_choices=parts.recovery_choices,
    )


def _end(memory: _Memory, error: str, now: datetime) -> None:
    """Write that the fork ends here, since the record does."""
    body = {"status": "failed", "output": None, "error": error}
    seq = max(numbered.seq for numbered in memory.entries) + 1
    memory.entries.append(Numbered(seq, Entry(kind="finished", at=now, body=body)))
    memory.change = dict(body)


def _dated(numbered: Numbered, at: datetime) -> Numbered:
    return Numbered(numbered.seq, numbered.entry._replace(at=at))


def _keep(
    tx: Any, run: Run, entries: Sequence[Numbered], logged: Sequence[Decision], change: Mapping[str, Any]
) -> None:
    """Write a fork whole, in one transaction: nobody sees it before it can be moved, or has ended."""
    runs.create(tx, run)
    keeping = streams.of(tx).keeping
    unit = Append(
        run.id,
        run.epoch,
        tuple(entries),
        decisions=tuple(decision.model_dump(mode="json") for decision in logged),
        change=dict(change),
        echoes=Echoes(keeping.masking, [run.input]),
    )
    (refused,) = journal.append(tx, [journal.prepare(unit, run.created_at, keeping)])
    if refused is not None:
        raise refused


def _difference(origin: Origin, old: Run, ended: Run, entries: Sequence[Numbered]) -> Difference:
    shared = {numbered.entry.key for numbered in origins.before(origin)}
    before = [_line(each) for each in _behind(origin.recording.loaded.entries, shared)]
    after = [_line(each) for each in _behind(entries, shared)]
    return Difference(
        status_before=old.status,
        status_after=ended.status,
        output_before=old.output,
        output_after=ended.output,
        error_before=old.error,
        error_after=ended.error,
        only_before=tuple(line for line in before if line not in after),
        only_after=tuple(line for line in after if line not in before),
    )


def _behind(entries: Sequence[Numbered], shared: set[Key]) -> list[Effect]:
    return [each for each in effects.effects(entries) if not origins.is_in(shared, each)]


def _line(effect: Effect) -> str:
    return f"{effect.path} ({effect.operation}): {effect.state}"
