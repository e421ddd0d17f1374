"""Cases: a recorded run as one, with everything around it scripted as it was. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from evals import drift, writing
from evals.cases import Limits
from evals.drift import Recorded
from evals.recorded import answers, breakers, calls, expected, record
from evals.recorded.calls import ARGUMENTS, Called
from graphs.retracing import Recording
from planner.decisions import Decision
from planner.journal import Entry
from tools.catalog import Catalog
from tools.lines import BREAKER_OPEN

_AMPLE = 2
"""How often what a run used is allowed to its case."""


def case(
    recording: Recording,
    catalog: Catalog,
    *,
    steps: Sequence[str] | None = None,
    right: Mapping[str, str] | None = None,
    ref: str = "",
) -> dict[str, Any]:
    """Return a run as a case that waits for review.

    Args:
        recording: what was written down of it; what is masked in it stays masked.
        catalog: the operations as they are now.
        steps: the outermost steps that it took, where they are known.
        right: the right options of decisions by their ids, as far as they are known.
        ref: what it was imported for, where that is not the run itself.
    """
    run, made = recording.run, record.made(recording)
    found = calls.calls(recording)
    is_own = breakers.are_own(found, catalog)
    unasked = {ARGUMENTS, *((BREAKER_OPEN,) if is_own else ())}
    began = start(recording)
    told: dict[str, Any] = {
        "id": writing.slug(f"{run.workflow.name}-{run.id}"),
        "title": f"A run of {run.workflow.name} of {began:%Y-%m-%d}, {run.status}",
        "tags": ["recorded"],
        "source": {"kind": "recorded", "ref": ref or run.id},
        "review": "pending",
        "workflow": run.workflow.name,
        "goal": run.goal,
        "input": run.input,
        "clock": began.isoformat(),
        "limits": _limits(recording, found, began),
        "model": answers.model(made),
        "services": calls.services(found, catalog, unasked),
        "person": answers.persons(recording),
        "events": answers.events(recording, began),
        "crashes": calls.crashes(found),
        "cancel": cancel(recording),
        "breakers": "own" if is_own else "scripted",
        "score": expected.labels(made, right or {}),
        "recorded": _recorded(recording, made),
        "expect": expected.expect(recording, found, catalog, unasked=unasked, steps=steps),
    }
    usual = {"breakers": "own"}
    kept = {"input", "expect"}
    return {
        name: value for name, value in told.items() if name in kept or (value and usual.get(name) != value)
    }


def start(recording: Recording) -> datetime:
    """Return when a run began to move."""
    return next((entry.at for entry in record.of_kind(recording, "started")), recording.run.created_at)


def cancel(recording: Recording) -> dict[str, Any] | None:
    """Return after which entry a run was asked to stop; None where it was not.

    What was under way then still came to an end, so it is the first entry after which nothing was begun.
    """
    ending = next(iter(record.of_kind(recording, "ending")), None)
    if ending is None or ending.body["status"] != "cancelled":
        return None
    before = [entry for _, entry in recording.loaded.entries]
    before = before[: before.index(ending)]
    decided = record.decided(recording)
    while len(before) > 1 and all(
        _begun(later, decided) < before[-2].at for later in _behind(recording, before[-2], ending)
    ):
        before.pop()
    last = before[-1]
    return {"entry": last.kind, **calls.place(last.path, last.visit, last.attempt)}


def _behind(recording: Recording, entry: Entry, ending: Entry) -> list[Entry]:
    listed = [each for _, each in recording.loaded.entries]
    return listed[listed.index(entry) + 1 : listed.index(ending)]


def _begun(entry: Entry, decided: Mapping[str, Decision]) -> datetime:
    """Return when that was begun of which an entry tells the end."""
    if entry.kind == "outcome":
        return calls.began(entry)
    made = decided.get(entry.body["decision_id"]) if entry.kind == "decision" else None
    return made.ts if made is not None and made.decided_by == "model" else entry.at


def _limits(recording: Recording, found: Sequence[Called], began: datetime) -> dict[str, int]:
    """Return the limits that are not wide enough as they usually are."""
    entries = recording.loaded.entries
    seconds = (entries[-1].entry.at - began).total_seconds() if entries else 0.0
    used = {
        "steps": len(entries),
        "service_calls": len(found),
        "model_calls": sum(max(1, len(each.attempts)) for each in recording.decisions),
        "virtual_s": int(seconds),
    }
    usual = Limits().model_dump()
    return {name: _AMPLE * count for name, count in used.items() if _AMPLE * count > usual[name]}


def _recorded(recording: Recording, made: Sequence[Decision]) -> dict[str, Any]:
    run, loaded = recording.run, recording.loaded
    points = drift.by_point([each.model_dump(mode="json") for each in made])
    told = Recorded(
        run=run.id,
        catalog=run.catalog_revision,
        workflows=drift.definitions([loaded.workflow, *loaded.pinned.values()]),
        decisions={point: tuple(map(drift.asked, each)) for point, each in points.items()},
    )
    return told.model_dump(mode="json", exclude_defaults=True)
