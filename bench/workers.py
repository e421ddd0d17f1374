"""Workers: how fast more processes move the same runs on one PostgreSQL."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from bench import serving, workloads
from bench.workloads import STEPS
from graphs import wiring
from graphs.intake import RunRequest, begin
from planner.definition import Workflow
from planner.runs import Run
from planner.settings import Settings
from planner.store import runs
from planner.store.database import Database

COUNT = 200
"""Runs that are moved: as many as one page shows."""
_LOOK_SECONDS = 0.05
_STOP_SECONDS = 20.0


async def rate(folder: Path, url: str, workers: int, workflow: Workflow) -> float:
    """Return steps per second of so many workers, from the first run's begin to the last one's end."""
    serving.write_project(folder, workflow)
    config = Settings(project=folder, database_url=url, most_queued=None)
    async with wiring.open_services(config, dispatch=False) as opened:
        with ExitStack() as stack:
            for _ in range(workers):
                stack.enter_context(_worker(folder, url))
            request = RunRequest(workflow=workflow.workflow, input=workloads.INPUT)
            many = (begin(request, opened.parts, None, started_by="bench") for _ in range(COUNT))
            first = min(begun.run.created_at for begun in await asyncio.gather(*many))
            ended = await _ended(opened.parts.database)
        return COUNT * STEPS / (max(ended) - first).total_seconds()


async def _ended(database: Database) -> list[datetime]:
    """Return when each run ended, once all have."""
    found: tuple[Run, ...] = ()
    while len(found) < COUNT:
        await asyncio.sleep(_LOOK_SECONDS)
        found = (await database.read(runs.page, status="succeeded", limit=COUNT)).items
    return [run.ended_at for run in found if run.ended_at is not None]


@contextmanager
def _worker(folder: Path, url: str) -> Iterator[None]:
    """Run a worker process; it moves runs when the block begins."""
    command = [sys.executable, "-m", "api", "worker", "--project", str(folder), "--database", url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("a worker did not start")
        yield
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
