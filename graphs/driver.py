"""The plain driver: runs a sequence block by block without LangGraph; the explorer stands on it."""

from graphs.context import Context, Frame
from graphs.steps import run_block


async def execute(frame: Frame, ctx: Context) -> str:
    """Run a sequence to its end and return `end`, PARKED or FAILED."""
    blocks, following = frame.sequence.blocks, frame.sequence.entry
    while following in blocks:
        following = await run_block(blocks[following], frame, ctx)
    return following
