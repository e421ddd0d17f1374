"""Watching: a run as it stands, as it went, and until it stops."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from api.schemas import RunDetail
from graphs.wiring import Opened
from planner.decisions import Decision
from planner.journal import Numbered
from planner.runs import Run
from planner.store import decisions, events, journal, questions, runs
from planner.store.database import Database

LOOK_SECONDS = 1.0
"""Longest time after which what another process did to a run is noticed."""


class Told(NamedTuple):
    """Everything that is known of how a run went."""

    run: Run
    entries: Sequence[Numbered]
    decisions: Sequence[Decision]


def told(tx: Any, run_id: str) -> Told:
    """Return everything that is known of a run.

    Raises:
        RunUnknown: no run has this id.
    """
    return Told(runs.get(tx, run_id), journal.entries(tx, run_id), decisions.of_run(tx, run_id))


async def detail(database: Database, run_id: str) -> RunDetail:
    """Return the run as it stands, with what it asks and what it decided.

    Raises:
        RunUnknown: no run has this id.
    """
    return await database.read(_detail, run_id)


async def until_stopped(parts: Opened, run_id: str, seconds: float) -> RunDetail:
    """Return the run once it has ended or waits for others, or when the time is over.

    Raises:
        RunUnknown: no run has this id.
    """
    until = time.monotonic() + seconds
    # Who watches before the run is read misses no stop in between.
    with parts.dispatcher.signals.watching(run_id, until_stopped=True) as stopped:
        if parts.dispatcher.is_moving(run_id):
            await stopped.wait(min(seconds, LOOK_SECONDS))
        while True:
            found = await detail(parts.parts.database, run_id)
            left = until - time.monotonic()
            if found.has_stopped or left <= 0:
                return found
            await stopped.wait(min(left, LOOK_SECONDS))


def _detail(tx: Any, run_id: str) -> RunDetail:
    run = runs.answered(tx, run_id)
    # A run that has ended asks nobody any more.
    asked = () if run.ended else questions.page(tx, run_id=run_id, limit=1000).items
    awaited = () if run.ended else events.awaited(tx, run_id)
    return RunDetail.whole(run, asked, awaited, decisions.ids_of_run(tx, run_id))
