"""Waiting: how much memory many parked runs take."""

import asyncio
import gc
import os
from pathlib import Path

from bench import engine, workloads
from planner.definition import Workflow
from planner.store import runs

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1 << 20
_AT_ONCE = 500


def workflow() -> Workflow:
    """Return a workflow that waits for longer than a task is kept."""
    steps = {"pause": {"wait": "P30D"}, "after": {"call": "bench.grow", "with": {"n": 1}}}
    return Workflow.model_validate({"workflow": "waits", "version": "1.0.0", "steps": steps})


async def extra_megabytes(url: str, count: int) -> float:
    """Return by how much the resident memory is larger once so many runs wait."""
    async with engine.opened(url, workloads.straight("w")) as opened:
        opened.register(workflow())
        await _park(opened, _AT_ONCE)
        before = _resident()
        for _ in range(count // _AT_ONCE):
            await _park(opened, _AT_ONCE)
        return (_resident() - before) / _MEGABYTE


async def _park(opened: engine.Engine, count: int) -> None:
    await asyncio.gather(*(opened.begin("waits") for _ in range(count)))
    await opened.idle()
    page = await opened.parts.database.read(runs.page, status="waiting", limit=1)
    if not page.items:
        raise RuntimeError("no run waits")


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
