"""Watching: a run as it stands, as it went, and until it stops."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from api.schemas import RunDetail
from graphs.wiring import Opened
from planner.decisions import Decision
from planner.journal import Numbered
from planner.runs import Run
from planner.store import decisions, journal, questions, runs
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


async def until_stopped(parts: Opened, run_id: str, seconds: float) -> None:
    """Return once the run has ended or waits for a person, or when the time is over.

    Raises:
        RunUnknown: no run has this id.
    """
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        look = min(max(left, 0), LOOK_SECONDS)
        moved = asyncio.create_task(parts.dispatcher.signals.wait(run_id, look, until_stopped=True))
        # The waiter must stand before the run is read; otherwise a stop in between would go unheard.
        await asyncio.sleep(0)
        try:
            if await parts.parts.database.read(_stopped, run_id) or left <= 0:
                return
            await moved
        finally:
            moved.cancel()


def _detail(tx: Any, run_id: str) -> RunDetail:
    asked = questions.page(tx, run_id=run_id, limit=1000).items
    return RunDetail.whole(runs.answered(tx, run_id), asked, decisions.ids_of_run(tx, run_id))


def _stopped(tx: Any, run_id: str) -> bool:
    run = runs.get(tx, run_id)
    if run.status != "waiting":
        return run.ended
    return bool(questions.page(tx, run_id=run_id, limit=1).items)
