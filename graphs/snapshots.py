"""Snapshots: where the outermost steps of a run stand, and putting them back there."""

from typing import Any

from graphs.blocks import Block
from graphs.context import Context, Frame
from planner.budgets import Spent
from planner.effects import RECONCILE, UNDO
from planner.snapshots import FEWEST, Snapshot

_MARKS = ("", ".", "[", "~")
"""What may follow the name of a step in the path of something that belongs to it."""


def snapshot(outer: Frame, ctx: Context) -> Snapshot | None:
    """Return where a run stands that parks in a step; None where that would spare little."""
    at = outer.current
    if at is None:
        return None
    seq = _before(at, ctx)
    before = 0 if ctx.snapshot is None else ctx.snapshot.seq
    if seq - before < FEWEST:
        return None
    body = {
        "at": at,
        "own": outer.own,
        "visits": _once_less(outer.visits, at),
        "arrivals": _once_less(outer.arrivals, at),
        "spent": _spent(seq, ctx),
        "taken": sorted(each for each in ctx.taken if each),
        "needed": [each.seq for each in ctx.recorded.numbered if each.entry.kind in {"started", "repinned"}],
    }
    return Snapshot(seq, body, before=before)


def restore(outer: Frame, taken: Snapshot) -> None:
    """Put the outermost steps of a run where they stood, without what its journal tells further."""
    body = taken.body
    outer.own |= body["own"]
    outer.visits |= body["visits"]
    outer.arrivals |= body["arrivals"]
    outer.at = taken.at


def rest(frame: Frame) -> Block:
    """Return what is left of the block that a restored frame stands in; from there on it goes its own way."""
    at, frame.at = frame.at, None
    for block in frame.sequence.blocks.values():
        names = [node.name for node in block.nodes]
        if at in names:
            return Block(block.name, block.nodes[names.index(at) :], block.targets)
    raise LookupError(f"there is no step {at!r} to go on from")


def _before(at: str, ctx: Context) -> int:
    """Return the last entry before those of the step that the run waits in."""
    others = (each.seq for each in reversed(ctx.recorded.numbered) if not _belongs(each.entry.path, at))
    return next(others, 0)


def _belongs(path: str, name: str) -> bool:
    bare = path.removeprefix(UNDO).removeprefix(RECONCILE)
    return bare == name or (bare.startswith(name) and bare[len(name)] in _MARKS)


def _spent(seq: int, ctx: Context) -> list[Any]:
    """Return what was spent up to an entry; what came later is counted from the journal again."""
    spent = ctx.spent
    for each in reversed(ctx.recorded.numbered):
        if each.seq <= seq:
            break
        if each.entry.kind == "decision":
            told = Spent.told(each.entry.body)
            spent = spent.plus(Spent(-told.model_calls, -told.tokens, -told.cost_usd))
    return [spent.model_calls, spent.tokens, str(spent.cost_usd)]


def _once_less(counts: dict[str, int], name: str) -> dict[str, Any]:
    return {**counts, name: counts.get(name, 1) - 1}
