"""Compiling: a sequence of blocks as a LangGraph state graph, one node a block, every edge named."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict

from langgraph.graph import END as GRAPH_END
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from graphs import driver, snapshots
from graphs.blocks import Block, Sequence
from graphs.context import Context, Frame
from graphs.steps import FAILED, PARKED, run_block
from planner.definition import END

RECURSION_LIMIT = 1_000_000
"""LangGraph's own bound; ours is `max_visits`, which validation demands on every cycle."""


class State(TypedDict):
    """What LangGraph carries from node to node."""

    at: str
    """Name of the block to run next, or how the sequence ended."""


@dataclass(frozen=True)
class Pass:
    """What a pass of the graph runs on; LangGraph hands it to every node."""

    frame: Frame
    ctx: Context


async def execute(frame: Frame, ctx: Context) -> str:
    """Run a sequence as a LangGraph graph and return `end`, PARKED or FAILED.

    A sequence of one block has no edge to follow, so nothing is left for a graph to do.
    """
    if len(frame.sequence.blocks) == 1:
        return await driver.execute(frame, ctx)
    entry = frame.sequence.entry
    if frame.at is not None:
        entry = await run_block(snapshots.rest(frame), frame, ctx)
        if entry not in frame.sequence.blocks:
            return entry
    ended = await compiled(frame.sequence, entry).ainvoke(
        {"at": entry},
        context=Pass(frame, ctx),
        config={"recursion_limit": RECURSION_LIMIT, "callbacks": []},
    )
    return str(ended["at"])


def compiled(sequence: Sequence, entry: str | None = None) -> "CompiledStateGraph[Any, Any, Any, Any]":
    """Return the graph of a sequence that begins at a block; the same is compiled once."""
    return _compiled(_Identity(sequence), entry or sequence.entry)


def graph(sequence: Sequence, entry: str | None = None) -> "StateGraph[Any, Any, Any, Any]":
    """Return the state graph of a sequence, not yet compiled; it begins at its first block unless told."""
    built = StateGraph(State, context_schema=Pass)
    for block in sequence.blocks.values():
        built.add_node(block.name, _node(block))
        ways: dict[Hashable, str] = {name: name for name in block.targets if name != END}
        ways |= dict.fromkeys((END, PARKED, FAILED), GRAPH_END)
        built.add_conditional_edges(block.name, _route, ways)
    built.add_edge(START, entry or sequence.entry)
    return built


async def _route(state: State) -> str:
    return state["at"]


def _node(block: Block) -> Any:
    async def node(state: State, runtime: Runtime[Pass]) -> State:  # noqa: ARG001 - LangGraph's port
        return {"at": await run_block(block, runtime.context.frame, runtime.context.ctx)}

    return node


class _Identity:
    """A sequence as a cache key, by identity."""

    __slots__ = ("sequence",)

    def __init__(self, sequence: Sequence) -> None:
        self.sequence = sequence

    def __hash__(self) -> int:
        return id(self.sequence)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.sequence is self.sequence


@lru_cache(maxsize=2048)
def _compiled(key: _Identity, entry: str) -> "CompiledStateGraph[Any, Any, Any, Any]":
    return graph(key.sequence, entry).compile()
