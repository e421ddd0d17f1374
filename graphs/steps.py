"""Steps: what each kind does; every function goes on from the journal before it does anything new."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from graphs import calls, choices, pinning, receiving
from graphs.blocks import Block, Node
from graphs.context import Context, Frame, Parked, Site, StepFailed, Stopped
from planner.definition import (
    END,
    AnyStep,
    Call,
    Decide,
    Fail,
    Foreach,
    Parallel,
    Receive,
    RunWorkflow,
    Set,
    Switch,
    Wait,
)
from tools import moments, schemas
from tools.errors import ExpressionError, OperationUnknown
from tools.expressions import Expression

PARKED, FAILED = "__parked__", "__failed__"
"""Where a block goes when the run waits, or ends before its end."""

MOST_VISITS = 10_000
"""How often the flow may come to a step that says nothing; validation demands `max_visits` on every cycle."""
MOST_DEPTH = 20
"""How deep workflows may run each other; versions named crosswise can form a circle unseen by validation."""

_DURATION = TypeAdapter(timedelta)


async def run_block(block: Block, frame: Frame, ctx: Context) -> str:
    """Run the steps of a block and return the name of the next one, `end`, PARKED or FAILED."""
    following = END
    try:
        for node in block.nodes:
            following = await perform(node, frame, ctx)
            ctx.ways.append((frame.prefix + node.name, following))
    except Waiting:
        return PARKED
    except Parked as parked:
        ctx.wakes.append(parked.wake_at)
        return PARKED
    except StepFailed as failed:
        ctx.fail(failed)
        return FAILED
    except Stopped:
        return FAILED
    return following


async def perform(node: Node, frame: Frame, ctx: Context) -> str:
    """Run one step and return the name of the next one.

    Raises:
        StepFailed: the step failed for good.
        Parked: a person or a time is waited for.
        Stopped: the run is ending.
    """
    path = frame.prefix + node.name
    most = node.step.max_visits or MOST_VISITS
    try:
        if frame.arrive(node.name) > most:
            raise StepFailed(path, f"the step was visited more than its {most} times")
        if node.guard is not None and not _holds(node.guard, frame):
            return node.next
        visit = frame.enter(node.name)
        ctx.trail.append(path)
        return await _STEPS[type(node.step)](node.step, Site(node, frame, path, visit), ctx)
    except (ExpressionError, OperationUnknown) as exc:
        raise StepFailed(path, str(exc)) from exc


async def _call(step: Call, site: Site, ctx: Context) -> str:
    output = await calls.call(step, site, ctx)
    if output is not calls.SKIPPED:
        site.frame.own[site.node.name] = output
    return site.node.next


async def _decide(step: Decide, site: Site, ctx: Context) -> str:
    choice = await choices.decide(step, site, ctx)
    site.frame.own[site.node.name] = choice.value
    return step.options[choice.choice].then or site.node.next


async def _switch(step: Switch, site: Site, _ctx: Context) -> str:
    target = next(
        (
            case.then
            for place, case in enumerate(step.switch)
            if _holds(site.node.guards[str(place)], site.frame)
        ),
        step.otherwise or site.node.next,
    )
    site.frame.own[site.node.name] = {"then": target}
    return target


async def _set(_step: Set, site: Site, _ctx: Context) -> str:
    site.frame.own[site.node.name] = site.node.data.render(site.frame)
    return site.node.next


async def _fail(_step: Fail, site: Site, _ctx: Context) -> str:
    raise StepFailed(site.path, str(site.node.data.render(site.frame)))


async def _wait(_step: Wait, site: Site, ctx: Context) -> str:
    timer = ctx.find("timer", site.path, site.visit)
    if timer is None:
        ctx.begin()
        due = _due(site, ctx)
        await ctx.record("timer", site.path, site.visit, 1, {"due": due.isoformat()})
    else:
        due = datetime.fromisoformat(timer["due"])
    await ctx.wait_until(due)
    site.frame.own[site.node.name] = {}
    return site.node.next


def _due(site: Site, ctx: Context) -> datetime:
    """Return the moment until which is waited: one that is told, or a duration from now."""
    told = site.node.data.render(site.frame)
    return moments.moment(told) or ctx.after(duration(site.path, told).total_seconds())


async def _parallel(_step: Parallel, site: Site, ctx: Context) -> str:
    prefix = _nested(site)
    frames = {
        branch: Frame(sequence, f"{prefix}.{branch}.", {}, site.frame)
        for branch, sequence in site.node.children.items()
    }
    await _join([_one(nested, ctx) for nested in frames.values()])
    site.frame.own[site.node.name] = {branch: nested.results() for branch, nested in frames.items()}
    return site.node.next


async def _foreach(step: Foreach, site: Site, ctx: Context) -> str:
    prefix = _nested(site)
    items = site.node.data.render(site.frame)
    if not isinstance(items, list):
        raise StepFailed(site.path, f"foreach needs a list, but {step.foreach} gave {items!r:.80}")
    body = site.node.children["steps"]
    frames = [
        Frame(body, f"{prefix}[{index}].", {"item": item, "index": index}, site.frame)
        for index, item in enumerate(items)
    ]
    waiting = iter(frames)

    async def some() -> set[str]:
        """Work on one item after the other; one that waits keeps its place."""
        ends: set[str] = set()
        for nested in waiting:
            ends.add(await ctx.execute(nested, ctx))
            if PARKED in ends:
                break
        return ends

    await _join([some() for _ in range(min(step.concurrency, len(frames)))])
    site.frame.own[site.node.name] = [nested.results() for nested in frames]
    return site.node.next


async def _run(step: RunWorkflow, site: Site, ctx: Context) -> str:
    program = ctx.programs[pinning.reference(step)]
    if site.frame.depth == MOST_DEPTH:
        raise StepFailed(site.path, f"workflows run each other more than {MOST_DEPTH} levels deep")
    given = site.node.data.render(site.frame)
    problems = schemas.problems(program.workflow.input, given)
    if problems:
        raise StepFailed(site.path, f"the input of {step.run} is not right: {problems[0]}")
    run = {**site.frame["run"], "workflow": program.workflow.workflow}
    nested = Frame(program.body, f"{_nested(site)}.", {"input": given, "run": run}, None)
    nested.depth = site.frame.depth + 1
    await _join([_one(nested, ctx)])
    site.frame.own[site.node.name] = program.output.render(nested)
    return site.node.next


async def _join(running: Sequence[Coroutine[Any, Any, set[str]]]) -> None:
    """Wait for every branch, then go on, park or fail as a whole.

    Raises:
        Stopped: a branch failed or was stopped; its failure stands in the context.
        Parked: no branch failed, and at least one waits; its time stands in the context.
    """
    ends = await running[0] if len(running) == 1 else await _all(running)
    if FAILED in ends:
        raise Stopped
    if PARKED in ends:
        raise Waiting


async def _all(running: Sequence[Coroutine[Any, Any, set[str]]]) -> set[str]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(branch) for branch in running]
    except ExceptionGroup as several:
        raise several.exceptions[0] from several
    return set[str]().union(*(task.result() for task in tasks))


async def _one(nested: Frame, ctx: Context) -> set[str]:
    return {await ctx.execute(nested, ctx)}


class Waiting(Parked):
    """A nested sequence waits; what it waits for stands in the context already."""

    def __init__(self) -> None:
        super().__init__(None)


def duration(path: str, value: Any) -> timedelta:
    """Return a duration written as ISO 8601 or as a number of seconds.

    Raises:
        StepFailed: it is neither.
    """
    try:
        found = _DURATION.validate_python(value)
    except ValidationError:
        raise StepFailed(
            path, f"{value!r} is neither a duration nor a moment; write ISO 8601, such as PT30S"
        ) from None
    return max(found, timedelta())


def _holds(guard: Expression, frame: Frame) -> bool:
    value = guard.evaluate(frame)
    if isinstance(value, bool):
        return value
    raise ExpressionError(guard.source, f"a condition must be true or false, but this is {value!r:.80}")


def _nested(site: Site) -> str:
    return f"{site.path}~{site.visit}" if site.visit > 1 else site.path


_STEPS: dict[type[AnyStep], Callable[[Any, Site, Context], Awaitable[str]]] = {
    Call: _call,
    Decide: _decide,
    Switch: _switch,
    Set: _set,
    Parallel: _parallel,
    Foreach: _foreach,
    RunWorkflow: _run,
    Wait: _wait,
    Receive: receiving.receive,
    Fail: _fail,
}
