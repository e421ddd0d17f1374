"""The plain driver: runs a sequence block by block without LangGraph; the explorer stands on it."""

from graphs import snapshots
from graphs.context import Context, Frame
from graphs.steps import run_block


async def execute(frame: Frame, ctx: Context) -> str:
    """Run a sequence to its end and return `end`, PARKED or FAILED."""
    blocks = frame.sequence.blocks
    following = (
        frame.sequence.entry if frame.at is None else await run_block(snapshots.rest(frame), frame, ctx)
    )
    while following in blocks:
        following = await run_block(blocks[following], frame, ctx)
    return following
