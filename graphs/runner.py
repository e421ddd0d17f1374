"""The runner: one execution of one run, from its journal to its end or to where it waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from graphs import pinning, snapshots, undo
from graphs.blocks import Program
from graphs.context import Context, Frame, Parked, StepFailed
from graphs.steps import FAILED, PARKED
from planner.runs import Run, RunStatus
from planner.snapshots import Snapshot
from tools.errors import ExpressionError


class Ended(NamedTuple):
    """How an execution ended; `waiting` when it only parked."""

    status: RunStatus
    output: Any = None
    error: str | None = None
    wake_at: datetime | None = None
    snapshot: Snapshot | None = None
    """Where a run that waits stands, if it is worth keeping."""


async def execute(ctx: Context) -> Ended:
    """Run until the end or until the run has to wait, and write down which.

    Raises:
        LeaseLost: another worker owns the run now; nothing more was written.
        StoreUnavailable: the journal cannot be written; the run goes on from it later.
    """
    try:
        await _begin(ctx)
        ended = await _ended(ctx)
        await _finish(ctx, ended)
    finally:
        ctx.scribe.leave()
    return ended


async def _ended(ctx: Context) -> Ended:
    try:
        ended = await _forward(ctx) if ctx.recorded.find("ending") is None else None
        return ended or await _backward(ctx)
    except Parked as parked:
        return Ended("waiting", wake_at=parked.wake_at)


def frame(program: Program, run: Run, started_at: datetime) -> Frame:
    """Return the outermost frame of a run."""
    values = {
        "input": run.input,
        "run": {
            "id": run.id,
            "goal": run.goal,
            "workflow": run.workflow.name,
            "version": run.workflow.version,
            "started_at": started_at.isoformat(),
        },
    }
    return Frame(program.body, "", values, None)


async def _begin(ctx: Context) -> None:
    started = ctx.recorded.find("started")
    if started is None:
        pinned = {name: program.workflow for name, program in ctx.programs.items()}
        await ctx.record("started", "", 1, 1, pinning.facts(ctx.run, ctx.catalog.revision, pinned))
        started = ctx.recorded.find("started")
    ctx.started_at = started.at if started is not None else ctx.clock.now()
    forked = None if started is None else started.body.get("fork")
    if forked is not None and forked["live"]:
        await ctx.look_back()
        ctx.ledger.inherit(forked["inherited"])


async def _forward(ctx: Context) -> Ended | None:
    """Run the steps; None when the run has to be ended backwards."""
    outer = frame(ctx.program, ctx.run, ctx.started_at or ctx.clock.now())
    if ctx.snapshot is not None:
        snapshots.restore(outer, ctx.snapshot)
    way = await ctx.execute(outer, ctx)
    if way == PARKED and not ctx.cancel_requested:
        return Ended("waiting", wake_at=_earliest(ctx.wakes), snapshot=snapshots.snapshot(outer, ctx))
    if way not in {PARKED, FAILED}:
        try:
            return Ended("succeeded", output=ctx.program.output.render(outer))
        except ExpressionError as exc:
            ctx.failure = StepFailed("output", str(exc))
    await _note_ending(ctx)
    return None


async def _note_ending(ctx: Context) -> None:
    await ctx.look_back()
    failure = ctx.failure
    wanted = ctx.program.workflow.on_failure == "undo"
    body: dict[str, Any] = {"status": "cancelled", "error": "the run was cancelled", "undo": wanted}
    if failure is not None:
        undoing = wanted if failure.undo is None else failure.undo
        body = {"status": "failed", "error": str(failure), "path": failure.path, "undo": undoing}
    await ctx.record("ending", "", 1, 1, body, closed=_open_questions(ctx))


def _open_questions(ctx: Context) -> tuple[str, ...]:
    """Return the questions of steps; from here on nobody's answer could lead forward."""
    return tuple(
        entry.body["decision_id"]
        for _, entry in ctx.recorded.numbered
        if entry.kind == "asked" and ctx.find("decision", entry.path, entry.visit, entry.attempt) is None
    )


async def _backward(ctx: Context) -> Ended:
    await ctx.look_back()
    ending = ctx.find("ending", "", 1) or {}
    status, error = ending["status"], ending["error"]
    ctx.ending = True
    if not ending["undo"]:
        return Ended(status, error=error)
    left = (await undo.undo(ctx)).left
    if left:
        return Ended(status, error=f"{error}; still standing: {', '.join(left)}")
    return Ended("undone" if status == "failed" else status, error=error)


async def _finish(ctx: Context, ended: Ended) -> None:
    if ended.status == "waiting":
        await ctx.park(ended.wake_at, ended.snapshot)
        return
    body = {"status": ended.status, "output": ended.output, "error": ended.error}
    change: Mapping[str, Any] = {**body, "ended_at": ctx.clock.now(), "wake_at": None}
    await ctx.record("finished", "", 1, 1, body, change=dict(change))


def _earliest(wakes: list[datetime | None]) -> datetime | None:
    return min((wake for wake in wakes if wake is not None), default=None)
