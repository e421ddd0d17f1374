"""Replaying: a recorded run driven through what is there now, and where its journal first becomes another.

Nothing is called, asked or written: services, model and persons answer as they did.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

from evals import match, report, runner, stage
from evals.checks import Check
from evals.match import Difference
from evals.project import Project
from evals.recorded import case as recorded_case
from evals.recorded import importing, record
from evals.recorded.record import RunUnusable
from graphs import pinning, retracing
from graphs.retracing import Recording
from planner.definition import Call
from planner.errors import PlannerError
from planner.journal import Entry, Key, Numbered
from planner.log import detectors
from planner.log.echoes import Echoes
from planner.log.masking import Masking
from planner.store.database import Database
from tools.records import Record

Status = Literal["same", "diverged", "pending", "refused"]
"""`pending`: it has not ended, and all that is recorded comes about. `refused`: its record is not enough."""
STATUSES: tuple[Status, ...] = get_args(Status)

_COMPARED: Mapping[str, tuple[str, ...]] = {
    "intention": ("operation", "effect", "arguments", "key", "undoes", "keep"),
    "outcome": (
        *("operation", "effect", "arguments", "key", "undoes", "keep"),
        *("outcome", "output", "status", "code", "error"),
    ),
    "settled": ("outcome", "output", "code", "by"),
    "decision": ("point", "choice", "decided_by", "outcome_class", "value", "confirm"),
    "awaited": ("type", "side", "key"),
    "ending": ("status", "path", "undo", "error"),
    "finished": ("status", "output", "error"),
}
"""What of an entry must be the same; the rest is ids, times and costs, or follows from these."""


_WIDTH = 8


class Divergence(Record):
    """Where the journal becomes another."""

    entry: str
    """Kind of the entry."""
    step: str
    """Path of its step; empty for the run itself."""
    visit: int
    attempt: int
    is_recorded: bool
    """Whether the record has this entry."""
    is_now: bool
    """Whether it comes about now."""
    difference: Difference | None = None
    """What of it differs, where both have it: expected is what was recorded, found what is now."""

    def __str__(self) -> str:
        numbers = (("visit", self.visit), ("attempt", self.attempt))
        times = "".join(f", {name} {number}" for name, number in numbers if number > 1)
        where = f"{self.entry} at {self.step}{times}" if self.step else self.entry
        told = self.difference
        if told is not None:
            return f"{where}: {told.pointer} was {match.short(told.expected)}, and is {told.shown}"
        if self.is_recorded:
            return f"{where} is recorded, and does not come about now"
        return f"{where} comes about now, and is not recorded"


class Replayed(Record):
    """What became of driving one run through what is there now."""

    run: str
    workflow: str = ""
    status: Status
    divergence: Divergence | None = None
    """The first one."""
    why: str = ""
    """What kept it from going on, or why its record does not suffice."""
    drift: tuple[str, ...] = ()
    """What is different from what the run went through."""
    is_harness_error: bool = False
    """Whether the harness or the engine broke."""

    def __str__(self) -> str:
        told = "" if self.divergence is None else str(self.divergence)
        reason = "; ".join(part for part in (told, self.why) if part)
        names = " ".join(part for part in (self.workflow, self.run) if part)
        line = f"{self.status:<{_WIDTH}} {names}{f': {reason}' if reason else ''}"
        return "\n".join([line, *(f"{'drift':<{_WIDTH}} {each}" for each in self.drift)])


def replay(store: Database, run_id: str, project: Project, policy: Masking) -> Replayed:
    """Return what becomes of a run with the code, workflows and catalogue that are there now.

    Args:
        store: where it was written down.
        run_id: which run.
        project: the workflows and the catalogue as they are now.
        policy: what is masked in what is told.
    """
    try:
        recording = store.read_sync(retracing.load, run_id, project.catalog)
        record.check(recording, project, whole=False)
    except (RunUnusable, PlannerError) as exc:
        return Replayed(run=run_id, status="refused", why=str(exc))
    return _replayed(recording, project, policy)


def _replayed(recording: Recording, project: Project, policy: Masking) -> Replayed:
    job = importing.job(recorded_case.case(recording, project.catalog), project)
    setting = job.setting
    scripts, harness = stage.Scripts(setting), runner.Harness()
    with harness:
        stage.play(setting, project, scripts, engine="langgraph")
    judged = runner.verdict(harness.error, [], None)
    found = _first(recording, scripts.entries)
    has_diverged = found is not None or (harness.error is not None and recording.run.ended)
    echoes = Echoes(policy, [recording.run.input, *(entry.body for _, entry in recording.loaded.entries)])
    return Replayed(
        run=recording.run.id,
        workflow=recording.run.workflow.name,
        status="diverged" if has_diverged else "same" if recording.run.ended else "pending",
        divergence=None if found is None else _masked(found, policy, echoes),
        why=echoes.scrub(detectors.scrub(judged["reason"], policy.detectors).text) if has_diverged else "",
        drift=runner.drifted(job, scripts.decisions),
        is_harness_error=judged["is_harness_error"],
    )


class _Compared(NamedTuple):
    """The two journals, each entry by what it is found by."""

    recorded: Mapping[Key, Entry]
    now: Mapping[Key, Entry]


def _first(recording: Recording, entries: Sequence[Numbered]) -> Divergence | None:
    """Return the first entry that is only recorded, only there now, or not the same."""
    both = _Compared(_by_key(recording.loaded.entries), _by_key(entries))
    places = {key: place for place, key in enumerate(both.recorded)}
    broken = next((key for key in both.recorded if not _is_same(key, both, recording)), None)
    further = next((key for key in both.now if key not in both.recorded), None)
    if further is not None and (broken is not None or recording.run.ended):
        before = list(both.now)[: list(both.now).index(further)]
        reached = max((places[key] for key in before if key in places), default=-1)
        if broken is None or reached < places[broken]:
            return _divergence(further, both, recording)
    return None if broken is None else _divergence(broken, both, recording)


def _by_key(entries: Sequence[Numbered]) -> dict[Key, Entry]:
    return {entry.key: entry for _, entry in entries if entry.kind != "repinned"}


def _is_same(key: Key, both: _Compared, recording: Recording) -> bool:
    return key in both.now and _difference(key, both, recording) is None


def _difference(key: Key, both: _Compared, recording: Recording) -> Difference | None:
    before, now = (_essence(each, recording) for each in (both.recorded[key], both.now[key]))
    return match.difference(_literal(before), now)


def _literal(value: Any) -> Any:
    """Return a value as a pattern for nothing but itself."""
    if isinstance(value, dict):
        inner = {name: _literal(each) for name, each in value.items()}
        return {"equals": value} if match.is_matcher(value) else inner
    return [_literal(each) for each in value] if isinstance(value, list) else value


def _essence(entry: Entry, recording: Recording) -> dict[str, Any]:
    told = {name: entry.body.get(name) for name in _COMPARED.get(entry.kind, ())}
    step = pinning.step_at(recording.workflow, recording.loaded.pinned, entry.path)
    if entry.kind == "timer" and not isinstance(step, Call):
        # Between two attempts at a call chance has a part in how long it is.
        told["seconds"] = round((datetime.fromisoformat(entry.body["due"]) - entry.at).total_seconds())
    if entry.kind == "event":
        told["event"] = entry.body["event"]
    return told


def _divergence(key: Key, both: _Compared, recording: Recording) -> Divergence:
    is_recorded, is_now = key in both.recorded, key in both.now
    return Divergence(
        entry=key.kind,
        step=key.path,
        visit=key.visit,
        attempt=key.attempt,
        is_recorded=is_recorded,
        is_now=is_now,
        difference=_difference(key, both, recording) if is_recorded and is_now else None,
    )


def _masked(found: Divergence, policy: Masking, echoes: Echoes) -> Divergence:
    check = report.shown(Check(name="/", ok=False, difference=found.difference), policy, echoes)
    return found.model_copy(update={"difference": check.difference})
