"""Records: what the database holds of a run, and why some of it cannot be made a case."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from evals.errors import EvalError
from evals.project import Project
from graphs import driver, loading, retracing
from graphs.loading import Loaded
from graphs.parts import Parts
from graphs.recordings import RecordedCaller, RecordedDecider
from graphs.retracing import Recording
from planner.clock import SystemClock, new_id
from planner.decisions import Decision
from planner.errors import SealBroken
from planner.journal import Entry
from planner.runs import PersonQuestion
from planner.store import catalogs, cursors, decisions, journal, questions, runs
from planner.store.database import Database
from tools.catalog import Catalog

_PAGE = 200


class RunUnusable(EvalError):
    """The record of a run does not suffice to play it once more."""

    code = "run-unusable"


class RunGoesOn(RunUnusable):
    """The run has not ended, and something else than a person will move it."""

    code = "run-goes-on"


def shown(tx: Any, run_id: str, catalog: Catalog) -> Recording:
    """Return everything that was written down of a run, masked as it is shown everywhere.

    Raises:
        RunUnknown: no run has this id.
    """
    run = runs.get(tx, run_id)
    entries = journal.entries(tx, run_id)
    found = loading.definitions(tx, run, entries)
    asked = {question.decision_id: question for question in _questions(tx, run_id)}
    then = catalogs.get(tx, run.catalog_revision, now_at=catalog)
    loaded = Loaded(run, then, found.workflow, found.pinned, entries, asked)
    return Recording(run, loaded, decisions.of_run(tx, run_id))


def made(recording: Recording) -> list[Decision]:
    """Return the decisions of a run's steps, in the order of its journal; routing comes before it."""
    return [each for each in recording.decisions if each.kind != "route"]


def of_kind(recording: Recording, *kinds: str) -> list[Entry]:
    """Return the entries of these kinds, in order."""
    return [entry for _, entry in recording.loaded.entries if entry.kind in kinds]


def check(recording: Recording, project: Project, *, whole: bool = True) -> None:
    """Return where a run can be played once more from its record.

    Args:
        recording: the run.
        project: where it is to be played.
        whole: whether it must have come to where only a person moves it.

    Raises:
        RunUnusable: it cannot; tells why.
    """
    run = recording.run
    if run.mode != "live":
        raise RunUnusable(f"it is no run of production (its mode is {run.mode})")
    if whole and not run.ended and not (run.status == "waiting" and run.wake_at is None):
        raise RunGoesOn(f"it is {run.status} and goes on by itself; import it once it has ended")
    name = run.workflow.name
    if name not in project.workflows:
        raise RunUnusable(f"the project {project.folder} holds no workflow {name!r}; put it there")
    for why in (*_gone(recording), *_beyond(recording)):
        raise RunUnusable(why)


def _gone(recording: Recording) -> Iterator[str]:
    kept = {each.decision_id for each in recording.decisions}
    entries = of_kind(recording, "decision")
    missing = [entry for entry in entries if entry.body["decision_id"] not in kept]
    if missing:
        yield (
            f"{len(missing)} of its {len(entries)} decisions are not in the log any more, since the time "
            "that records are kept is over (PLANNER_RETENTION__ENVELOPE_DAYS)"
        )
    erased = [each for each in recording.decisions if each.erased]
    if erased:
        places = ", ".join(dict.fromkeys(pointer for each in erased for pointer in each.erased))
        yield (
            f"the content of {len(erased)} of its decisions was erased, or the time that it is kept is over "
            f"(PLANNER_RETENTION__CONTENT_DAYS): {places}"
        )


def _beyond(recording: Recording) -> Iterator[str]:
    """Yield what no case can say."""
    if any("fork" in entry.body for entry in of_kind(recording, "started")):
        yield "it was forked from another run, whose entries it begins with; import that one"


def steps(store: Database, run_id: str, catalog: Catalog) -> tuple[str, ...] | None:
    """Return the outermost steps that a run took; None where what is sealed in it cannot be opened.

    Found by going through its journal with the true values, of which nothing else is handed on.
    """
    try:
        recording = store.read_sync(retracing.load, run_id, catalog)
    except SealBroken:
        return None
    if not of_kind(recording, "started"):
        return None
    return tuple(step for step in trail(store, recording.loaded) if "." not in step)


def trail(store: Database, loaded: Loaded) -> list[str]:
    """Return the paths of the steps that a run entered, in order."""
    parts = Parts(
        database=store,
        catalog=loaded.catalog,
        caller=RecordedCaller((), after=0),
        decider=RecordedDecider((), after=0),
        clock=SystemClock(),
        new_id=new_id,
        worker="evals",
    )
    return asyncio.run(retracing.replay(loaded, parts, execute=driver.execute)).trail


def _questions(tx: Any, run_id: str) -> Iterator[PersonQuestion]:
    return cursors.all_pages(
        lambda cursor: questions.page(tx, status=None, run_id=run_id, cursor=cursor, limit=_PAGE)
    )


def decided(recording: Recording) -> Mapping[str, Decision]:
    """Return the decisions by their ids."""
    return {each.decision_id: each for each in recording.decisions}
