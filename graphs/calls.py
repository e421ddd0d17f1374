"""Calling: one step's call through retry, recovery and reconciliation, every attempt journaled."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from graphs import recoveries, rests
from graphs.attempts import NOT_APPLIED, Target, attempts, reconcile, settle
from graphs.context import Context, Frame, Site, StepFailed
from planner import recovery
from planner.definition import Call
from tools.expressions import Template
from tools.operations import Operation
from tools.outcomes import Outcome

SKIPPED: Any = object()
"""What a step gives that recovery went past."""


@dataclass
class Calling:
    """A call step on its way."""

    step: Call
    frame: Frame
    ctx: Context
    target: Target
    substitutes: list[Template]
    """Arguments of the substitutes that are left."""
    outcome: Outcome
    choices: int = 0
    """Recovery choices made so far."""


async def call(step: Call, site: Site, ctx: Context) -> Any:
    """Return the answer of the step's call, or SKIPPED when recovery goes past it.

    Raises:
        StepFailed: no way forward was left or chosen.
        Parked: a person or a time is waited for.
    """
    went_through = _recorded(site, ctx)
    if went_through is not None:
        return went_through.get("output")
    target = Target(
        path=site.path,
        visit=site.visit,
        operation=ctx.catalog.operation(step.call),
        arguments=site.node.data.render(site.frame),
        retry=step.retry,
        timeout=step.timeout,
        keep=step.undo == "keep",
    )
    target.key = _key(ctx, target, 0)
    outcome = await attempts(target, ctx)
    if outcome.ok:
        return outcome.output
    calling = Calling(step, site.frame, ctx, target, list(site.node.substitutes), outcome)
    while not calling.outcome.ok:
        chosen = await _choose(calling)
        calling.outcome = await _ACTIONS[chosen.action](calling, chosen)
    return calling.outcome.output


def _recorded(site: Site, ctx: Context) -> dict[str, Any] | None:
    """Return the recorded outcome of a call that went through at once: most of what a replay comes past."""
    body = ctx.find("outcome", site.path, site.visit)
    if body is None or body["outcome"] != "applied" or ctx.find("settled", site.path, site.visit) is not None:
        return None
    return body


async def _choose(calling: Calling) -> recoveries.Chosen:
    ctx, target = calling.ctx, calling.target
    calling.outcome = _in_view_of_doubt(target, calling.outcome)
    place = recoveries.Place(target.path, target.visit, calling.choices + 1)
    chosen = recoveries.replay(ctx, place)
    if chosen is None:
        await ctx.look_back()
        chosen = await recoveries.choose(ctx, calling.step.recover, await _failure(calling), place, target)
    calling.choices = chosen.number
    return chosen


async def _failure(calling: Calling) -> recovery.Failure:
    ctx, target = calling.ctx, calling.target
    may = await rests.allowed(ctx)
    return recovery.Failure(
        operation=target.operation,
        outcome=calling.outcome,
        optional=calling.step.optional,
        substitutes_left=len(calling.substitutes),
        to_undo=ctx.ledger.undoable,
        irreversible=ctx.ledger.irreversible,
        choices_left=ctx.recovery_choices - calling.choices,
        closed=ctx.caller.unavailable(target.operation.service),
        replans_left=None if may is None else may.replans,
        unplannable=None
        if may is None
        else rests.unplannable(ctx, target.path, target.operation.name, may.want),
    )


def _in_view_of_doubt(target: Target, outcome: Outcome) -> Outcome:
    """Return a refusal or failure to send as `unknown` while an earlier attempt may have taken effect."""
    if target.doubt is None or outcome.kind not in {"not_sent", "rejected"}:
        return outcome
    latest = outcome.error or outcome.kind
    told = (
        f"attempt {target.doubt} got no answer, and the latest one does not tell what became of it: {latest}"
    )
    return outcome._replace(kind="unknown", error=told)


async def _retry(calling: Calling, _chosen: recoveries.Chosen) -> Outcome:
    return await attempts(calling.target, calling.ctx)


async def _reconcile(calling: Calling, _chosen: recoveries.Chosen) -> Outcome:
    settled = await reconcile(calling.target, calling.ctx)
    if settled.kind == "not_sent":
        return await attempts(calling.target, calling.ctx)
    return settled


async def _substitute(calling: Calling, _chosen: recoveries.Chosen) -> Outcome:
    number = len(calling.step.substitutes) - len(calling.substitutes)
    arguments = calling.substitutes.pop(0)
    before = calling.target
    calling.target = Target(
        path=before.path,
        visit=before.visit,
        operation=calling.ctx.catalog.operation(calling.step.substitutes[number].call),
        arguments=arguments.render(calling.frame),
        attempt=before.attempt,
        lookups=before.lookups,
        keep=before.keep,
    )
    calling.target.key = _key(calling.ctx, calling.target, number + 1)
    return await attempts(calling.target, calling.ctx)


async def _skip(_calling: Calling, _chosen: recoveries.Chosen) -> Outcome:
    return Outcome(kind="applied", output=SKIPPED)


async def _replan(calling: Calling, chosen: recoveries.Chosen) -> Outcome:
    """Go on with another way to what the plan wants, or end as without one."""
    place = recoveries.Place(calling.target.path, calling.target.visit, chosen.number + 1)
    if await rests.goes_on(calling.ctx, calling.step.recover, await _failure(calling), place, calling.target):
        return Outcome(kind="applied", output=SKIPPED)
    return await _end(calling, chosen)


async def _adopt(calling: Calling, _chosen: recoveries.Chosen) -> Outcome:
    adopted = Outcome(kind="applied", output=calling.outcome.output)
    return await settle(calling.target, calling.ctx, adopted, by="person")


async def _applied(calling: Calling, chosen: recoveries.Chosen) -> Outcome:
    found = Outcome(kind="applied", output=chosen.value)
    return await settle(calling.target, calling.ctx, found, by="person")


async def _not_applied(calling: Calling, _chosen: recoveries.Chosen) -> Outcome:
    await settle(calling.target, calling.ctx, Outcome(kind="not_sent", code=NOT_APPLIED), by="person")
    return await attempts(calling.target, calling.ctx)


async def _end(calling: Calling, chosen: recoveries.Chosen) -> Outcome:
    undo = True if chosen.action == "undo" else None
    raise StepFailed(calling.target.path, sentence(calling.target.operation, calling.outcome), undo=undo)


_ACTIONS: dict[str, Callable[[Calling, recoveries.Chosen], Awaitable[Outcome]]] = {
    "retry": _retry,
    "reconcile": _reconcile,
    "substitute": _substitute,
    "skip": _skip,
    "replan": _replan,
    "adopt": _adopt,
    "applied": _applied,
    "not_applied": _not_applied,
    "undo": _end,
    "fail": _end,
}


def sentence(operation: Operation, outcome: Outcome) -> str:
    """Say in one sentence what became of a call."""
    words = {
        "applied": "went through",
        "applied_bad": "was applied, but answered wrongly",
        "rejected": "was rejected",
        "not_sent": "never reached the service" if outcome.status is None else "was not processed",
        "unknown": "may or may not have been applied",
    }
    why = f": {outcome.error}" if outcome.error else ""
    return f"{operation.name} {words[outcome.kind]}{why}"


def _key(ctx: Context, target: Target, substitute: int) -> str | None:
    if target.operation.effect != "keyed":
        return None
    return ctx.key(target.path, target.visit, substitute)
