"""Receiving: a step that waits for an event parks the run; the event, or the deadline, lets it go on."""

from collections import ChainMap
from datetime import datetime
from typing import Any

from graphs.context import Context, Parked, Site, StepFailed
from planner.definition import Receive
from planner.events import Event, Wanted
from planner.journal import Entry
from tools import equations
from tools.errors import ExpressionError

EVENT = "event"
"""Name of the event in conditions."""


async def receive(step: Receive, site: Site, ctx: Context) -> str:
    """Return the step that follows: the next one with the event as value, or `otherwise` where it is late.

    Raises:
        Parked: it has not come yet.
        StepFailed: it did not come in time, and no `otherwise` is told.
    """
    came = ctx.find("event", site.path, site.visit)
    if came is None:
        wanted = await _opened(step, site, ctx)
        came = await _taken(wanted, site, ctx)
    if came["event"] is not None:
        site.frame.own[site.node.name] = came["event"]
        return site.node.next
    if step.otherwise is None:
        raise StepFailed(site.path, f"no event of type {step.receive} came in time")
    return step.otherwise


async def _opened(step: Receive, site: Site, ctx: Context) -> Wanted:
    """Return what is waited for, written down before anything is looked for."""
    entry = ctx.recorded.find("awaited", site.path, site.visit) or await _begun(step, site, ctx)
    body, due = entry.body, entry.body.get("due")
    return Wanted(
        run_id=ctx.run.id,
        path=site.path,
        visit=site.visit,
        tenant=ctx.run.tenant,
        type=body["type"],
        since=datetime.fromisoformat(body["since"]),
        opened=entry.at,
        until=None if due is None else datetime.fromisoformat(due),
    )


async def _begun(step: Receive, site: Site, ctx: Context) -> Entry:
    ctx.begin()
    body = {"type": step.receive, "since": (ctx.run.created_at - step.early).isoformat()}
    if step.within is not None:
        body["due"] = ctx.after(step.within.total_seconds()).isoformat()
    return await ctx.record("awaited", site.path, site.visit, 1, body | _equation(site))


def _equation(site: Site) -> dict[str, Any]:
    """Return by what the event can be found among many; nothing where only trying all of them does."""
    condition = site.node.guards.get("when")
    equation = None if condition is None else equations.find(condition, EVENT)
    if equation is None:
        return {}
    key = equations.solve(equation.inside, site.frame)
    return {} if key is None else {"side": equation.outside.source, "key": key}


async def _taken(wanted: Wanted, site: Site, ctx: Context) -> dict[str, Any]:
    """Return the body of the entry that says what came, once it is written.

    Raises:
        Parked: nothing has come yet, and it may still come.
    """
    async for kept in ctx.arrived(wanted):
        if kept.id not in ctx.taken and _fits(kept.event, site):
            ctx.taken.add(kept.id)
            return await _noted({"event_id": kept.id, "event": kept.event.told()}, site, ctx)
    if wanted.until is None or ctx.clock.now() < wanted.until:
        raise Parked(wanted.until)
    return await _noted({"event_id": None, "event": None}, site, ctx)


async def _noted(body: dict[str, Any], site: Site, ctx: Context) -> dict[str, Any]:
    await ctx.record("event", site.path, site.visit, 1, body)
    return body


def _fits(event: Event, site: Site) -> bool:
    """Tell whether the condition holds; one that cannot be evaluated over an event does not hold for it."""
    condition = site.node.guards.get("when")
    if condition is None:
        return True
    try:
        return condition.evaluate(ChainMap({EVENT: event.told()}, site.frame)) is True  # type: ignore[arg-type]
    except ExpressionError:
        return False
