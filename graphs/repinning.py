"""Repinning: a waiting run goes on with another version of its workflow, where its journal allows it.

The journal is replayed under the other version without doing anything. It allows the change when everything
that was recorded is come to again, by steps that could have recorded it.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from pydantic import Field

from graphs import driver, loading, pinning, retracing
from graphs.dispatch import Dispatcher
from graphs.loading import Loaded
from graphs.parts import Parts
from planner import effects
from planner.decisions import WorkflowRef
from planner.definition import AnyStep, Call, Decide
from planner.errors import RepinRefused, RunEnded, RunMoving
from planner.journal import Append, Entry, EntryKind, Numbered, Recorded
from planner.log import detectors, masking
from planner.log.echoes import Echoes
from planner.log.masking import Masking
from planner.runs import PersonQuestion, Run
from planner.store import journal, runs, snapshots, streams, workflows
from tools import schemas
from tools.problems import Problem
from tools.records import Record

LONGEST_COMMENT = 4000
_FRAME: frozenset[EntryKind] = frozenset({"started", "repinned", "ending", "finished"})
"""Kinds of entries that belong to no step."""


class RepinRequest(Record):
    """Which version a run is to go on with."""

    version: str
    """A registered version of its workflow."""
    comment: str = Field(default="", max_length=LONGEST_COMMENT)
    """Why, in words."""
    dry_run: bool = False
    """Only tell whether the journal allows it."""


class Repinned(NamedTuple):
    """What came of it."""

    run: Run
    before: WorkflowRef
    problems: tuple[Problem, ...]
    """Why the journal does not allow it; empty where it does."""


class _Target(NamedTuple):
    """A run as it was written down, as if it had begun with the other version."""

    before: WorkflowRef
    loaded: Loaded

    @property
    def ref(self) -> WorkflowRef:
        flow = self.loaded.workflow
        return WorkflowRef(name=flow.workflow, version=flow.version, sha256=flow.sha256)

    def step(self, path: str) -> AnyStep | None:
        return pinning.step_at(self.loaded.workflow, self.loaded.pinned, path)


async def repin(
    run_id: str, wanted: RepinRequest, parts: Parts, dispatcher: Dispatcher | None, *, actor: str
) -> Repinned:
    """Let a waiting run go on with another version, or with a dry run only tell whether it could.

    Raises:
        RunUnknown: no run has this id.
        WorkflowUnknown: its workflow has no such version.
        RunEnded: it has ended.
        RunMoving: it does not wait, or moved meanwhile.
        RepinRefused: its journal does not allow it; holds every problem.
    """
    target = await parts.database.read(_load, run_id, wanted.version, parts)
    problems = _shown(await check(target, parts), target.loaded, parts.database.keeping.masking)
    run = await parts.database.read(runs.get, run_id)
    if run.ended:
        raise RunEnded(run_id, run.status)
    if wanted.dry_run:
        return Repinned(run, target.before, problems)
    if problems:
        raise RepinRefused(run_id, wanted.version, problems)
    made = await parts.database.write(_write, target, wanted, actor=actor, now=parts.clock.now())
    if dispatcher is not None:
        await dispatcher.take(run_id)
    return Repinned(made, target.before, ())


async def check(target: "_Target", parts: Parts) -> list[Problem]:
    """Return why the journal does not allow a run to go on with the target's version."""
    run, loaded = target.loaded.run, target.loaded
    found = list(_ending(loaded))
    found += schemas.problems(loaded.workflow.input, run.input, path="/input")
    found += _steps(target)
    if found:
        return found
    recorded = _Noting(loaded.entries)
    ctx = await retracing.replay(loaded, parts, execute=driver.execute, recorded=recorded)
    if ctx.failure is not None:
        return [_problem(ctx.failure.path, "fails", f"there the run fails: {ctx.failure.message}")]
    return [
        _problem(entry.path, "not-reached", f"what is recorded there ({entry.kind}) is not come to")
        for _, entry in loaded.entries
        if entry.kind not in _FRAME and (entry.path, entry.visit, entry.attempt) not in recorded.used
    ]


def _shown(problems: Sequence[Problem], loaded: Loaded, policy: Masking) -> tuple[Problem, ...]:
    """Return the problems without the secrets of the run, which their words may repeat."""
    if not problems:
        return ()
    echoes = Echoes(policy, [loaded.run.input, *(entry.body for _, entry in loaded.entries)])
    return tuple(each.model_copy(update={"message": _words(each, echoes, policy)}) for each in problems)


def _words(problem: Problem, echoes: Echoes, policy: Masking) -> str:
    if any(masking.is_never(part, policy.never) for part in problem.path.split("/")):
        return "What stands there does not fit."
    return echoes.scrub(detectors.scrub(problem.message, policy.detectors).text)


class _Noting(Recorded):
    """A journal that notes what of it was come to."""

    def __init__(self, entries: Sequence[Numbered]) -> None:
        super().__init__(entries)
        self.used: set[tuple[str, int, int]] = set()

    def find(self, kind: EntryKind, path: str = "", visit: int = 1, attempt: int = 1) -> Entry | None:
        """Return the entry with this key, and note that it was asked for."""
        found = super().find(kind, path, visit, attempt)
        if found is not None:
            self.used.add((path, visit, attempt))
        return found


def _load(tx: Any, run_id: str, version: str, parts: Parts) -> _Target:
    loaded = loading.load(tx, runs.get(tx, run_id), parts.catalog)
    workflow = workflows.get(tx, loaded.run.workflow.name, version)
    pinned = pinning.closure(workflow, partial(loading.nested, tx))
    changed = loaded._replace(workflow=workflow, pinned=pinned, catalog=parts.catalog)
    return _Target(loaded.run.workflow, changed)


def _ending(loaded: Loaded) -> Iterator[Problem]:
    if any(entry.kind == "ending" for _, entry in loaded.entries):
        yield _problem("", "ending", "the run is being taken back")


def _steps(target: _Target) -> Iterator[Problem]:
    """Yield a problem for each recorded thing that the step of the other version could not have recorded."""
    for effect in effects.effects(target.loaded.entries):
        step = target.step(effect.path)
        if ":" not in effect.path and not _calls(step, effect.operation):
            yield _problem(
                effect.path, "other-call", f"{effect.operation} was called, which is not called there"
            )
        elif effect.operation not in target.loaded.catalog.operations:
            yield _problem(
                effect.path, "unknown-operation", f"the catalogue holds {effect.operation} no more"
            )
    for _, entry in target.loaded.entries:
        step = target.step(entry.path)
        if entry.kind == "decision" and isinstance(step, Decide) and entry.body["choice"] not in step.options:
            message = f"{entry.body['choice']!r} was chosen, which is no option there"
            yield _problem(entry.path, "other-options", message)
    for question in target.loaded.questions.values():
        yield from _question(target, question)


def _calls(step: AnyStep | None, operation: str) -> bool:
    if not isinstance(step, Call):
        return False
    return operation in {step.call, *(substitute.call for substitute in step.substitutes)}


def _question(target: _Target, question: PersonQuestion) -> Iterator[Problem]:
    step = target.step(question.path)
    if question.status == "expired" or question.kind != "choose" or not isinstance(step, Decide):
        return
    missing = [each.id for each in question.options if each.available and each.id not in step.options]
    if missing:
        told = f"a person was offered {' and '.join(missing)}, which is no option there"
        yield _problem(question.path, "other-options", told)


def _problem(path: str, code: str, message: str) -> Problem:
    return Problem(path=path or "/", code=code, message=f"{message}.")


def _write(tx: Any, target: _Target, wanted: RepinRequest, *, actor: str, now: Any) -> Run:
    """Write down that the run goes on with the other version, if its journal is still the one that was read.

    Raises:
        RunEnded: it has ended.
        RunMoving: it does not wait, or moved meanwhile.
    """
    loaded = target.loaded
    run = runs.hold_still(tx, loaded.run.id)
    last = loaded.entries[-1].seq if loaded.entries else 0
    if journal.entries(tx, run.id, after=last) or run.workflow != target.before:
        raise RunMoving(run.id, run.status)
    body = {
        "from": target.before.model_dump(),
        "to": target.ref.model_dump(),
        "catalog": loaded.catalog.revision,
        "pinned": {name: workflow.sha256 for name, workflow in loaded.pinned.items()},
        "actor": actor,
        "comment": wanted.comment,
    }
    entry = Numbered(last + 1, Entry(kind="repinned", at=now, body=body, attempt=last + 1))
    change = {"status": "waiting", "wake_at": now}
    unit = Append(run.id, run.epoch, (entry,), change=change)
    (refused,) = journal.append(tx, [journal.prepare(unit, now, streams.of(tx).keeping)])
    if refused is not None:
        raise refused
    snapshots.forget(tx, run.id)
    return runs.repin(tx, run.id, target.ref, loaded.catalog.revision)
