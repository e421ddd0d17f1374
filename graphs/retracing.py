"""Retracing: the path that a run took, found by replaying its journal without doing anything."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from graphs import loading, runner
from graphs.blocks import Block
from graphs.context import Context, Frame, Stopped
from graphs.loading import Loaded
from graphs.parts import Parts
from graphs.steps import run_block
from planner import effects
from planner.clock import Clock
from planner.decisions import Decision
from planner.definition import Workflow
from planner.effects import Effect
from planner.journal import Entry, Recorded
from planner.runs import Run
from planner.store import decisions, runs
from tools.catalog import Catalog

Execute = Callable[[Frame, Context], Awaitable[str]]


class Recording(NamedTuple):
    """Everything that was written down of a run."""

    run: Run
    loaded: Loaded
    decisions: Sequence[Decision]

    @property
    def workflow(self) -> Workflow:
        """The definition that the run is pinned to."""
        return self.loaded.workflow


class Move(NamedTuple):
    """One visit of one step, and where the flow went from there."""

    path: str
    """Path of the step in the run, such as `lines[3].reserve`."""
    to: str
    """Name of the step that followed, `end`, or how the sequence stopped."""
    choice: str | None = None
    """The option taken, where the step is a decision."""
    skipped: bool = False
    """Whether its `if` was false."""


class Trace(NamedTuple):
    """The path of a run, and what happened on it."""

    run: Run
    moves: Sequence[Move]
    decisions: Sequence[Decision]
    effects: Sequence[Effect]
    failed: str | None = None
    """Path of the step at which the run failed."""
    waiting: frozenset[str] = frozenset()
    """Paths of the steps at which persons are asked."""


def load(tx: Any, run_id: str, catalog: Catalog) -> Recording:
    """Return everything that was written down of a run, as it was.

    Raises:
        RunUnknown: no run has this id.
        SealBroken: something in it is sealed, and cannot be opened here.
    """
    loaded = loading.load(tx, runs.get(tx, run_id), catalog)
    return Recording(loaded.run, loaded, decisions.of_run(tx, run_id))


async def retrace(recorded: Recording, parts: Parts) -> Trace:
    """Return the path of a run as far as its journal tells it."""
    run, loaded, decided = recorded
    entries = {numbered.entry.kind: numbered.entry for numbered in loaded.entries}
    moves: list[Move] = []

    async def execute(frame: Frame, ctx: Context) -> str:
        return await _follow(frame, ctx, moves)

    if "started" in entries:
        await replay(loaded, parts, execute=execute)
    return Trace(
        run=run,
        moves=moves,
        decisions=decided,
        effects=effects.effects(loaded.entries),
        failed=_failed(entries.get("ending")),
        waiting=frozenset(asked.path for asked in loaded.questions.values() if asked.status == "open"),
    )


async def replay(
    loaded: Loaded, parts: Parts, *, execute: Execute, recorded: Recorded | None = None
) -> Context:
    """Execute a run from its journal without doing anything, as far as that goes; return what is known then.

    Args:
        loaded: the run as it was written down; it has begun.
        parts: what gives the programs and the time.
        execute: what moves a sequence from step to step.
        recorded: its journal, where more than looking up is to be done with it.
    """
    run, nobody = loaded.run, _Nobody(parts.clock)
    ctx = Context(
        run=run,
        program=parts.program(loaded.workflow),
        programs={name: parts.program(workflow) for name, workflow in loaded.pinned.items()},
        catalog=loaded.catalog,
        caller=nobody,
        decider=nobody,
        clock=nobody,
        sink=nobody.append,
        new_id=nobody.new_id,
        execute=execute,
        recorded=recorded or Recorded(loaded.entries),
        questions=dict(loaded.questions),
        recovery_choices=parts.recovery_choices,
    )
    started = ctx.recorded.find("started")
    ctx.started_at = parts.clock.now() if started is None else started.at
    await execute(runner.frame(ctx.program, run, ctx.started_at), ctx)
    return ctx


async def _follow(frame: Frame, ctx: Context, moves: list[Move]) -> str:
    """Go through a sequence step by step and note every move."""
    nodes, following = frame.sequence.nodes, frame.sequence.entry
    while following in nodes:
        node = nodes[following]
        before = frame.visits.get(node.name, 0)
        following = await run_block(Block(node.name, (node,), node.targets), frame, ctx)
        value = frame.own.get(node.name)
        choice = value.get("choice") if node.step.kind == "decide" and isinstance(value, dict) else None
        skipped = frame.visits.get(node.name, 0) == before
        moves.append(Move(frame.prefix + node.name, following, choice, skipped))
    return following


def _failed(ending: Entry | None) -> str | None:
    return None if ending is None else ending.body.get("path")


class _Nobody:
    """Stands where services, model, journal and sleep are: nothing happens that is not recorded."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock.now

    async def call(self, *_asked: Any, **_more: Any) -> NoReturn:
        """Call nothing."""
        raise Stopped

    def unavailable(self, _service: str) -> str | None:
        """Tell that every service is there, as guards are not evaluated again."""
        return None

    async def choose(self, _question: Any) -> NoReturn:
        """Ask nobody."""
        raise Stopped

    async def fill(self, *_asked: Any, **_more: Any) -> NoReturn:
        """Fill nothing in."""
        raise Stopped

    async def append(self, _unit: Any) -> NoReturn:
        """Write nothing."""
        raise Stopped

    async def sleep(self, _seconds: float) -> NoReturn:
        """Wait for nothing."""
        raise Stopped

    def new_id(self) -> NoReturn:
        """Make nothing new."""
        raise Stopped
