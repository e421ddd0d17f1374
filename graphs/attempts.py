"""Attempts: single calls to a service, journaled so that none is repeated blindly."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from graphs.context import SHORT_WAIT_SECONDS, Context
from planner import recovery, retry
from planner.effects import RECONCILE
from tools import expressions
from tools.errors import ExpressionError, OperationUnknown
from tools.operations import Operation, Reconcile, Retry
from tools.outcomes import Outcome

_TOLD = ("output", "status", "code", "error", "retry_after", "ms")
"""Fields of an outcome that its entry bears by their own names, unless they are null."""


NOT_APPLIED = "not_applied"
"""Code of an outcome in doubt of which it was found out that it did not happen."""


@dataclass
class Target:
    """Which call is made, from where, and how patiently."""

    path: str
    visit: int
    operation: Operation
    arguments: dict[str, Any]
    retry: Retry | None = None
    """Overrides the operation's own policy."""
    timeout: timedelta | None = None
    key: str | None = None
    attempt: int = 0
    """Number of the latest attempt."""
    doubt: int | None = None
    """Number of the attempt of which nobody knows whether it took effect."""
    lookups: int = 0
    """Look-ups made so far to find out whether it took effect."""
    undoes: str | None = None
    """Path of the effect that this call takes back."""
    keep: bool = False


async def attempts(target: Target, ctx: Context) -> Outcome:
    """Return the last outcome of calling, repeated as long as the policy allows and repeating is safe."""
    first = target.attempt

    async def one(n: int) -> Outcome:
        target.attempt = first + n
        return await attempt(target, ctx)

    async def pause(seconds: float) -> None:
        await _pause(target, ctx, seconds)

    return await retry.repeat(
        one,
        retry=target.retry or target.operation.retry,
        again=lambda outcome: recovery.repeatable(target.operation, outcome),
        sleep=pause,
        hint=lambda outcome: outcome.retry_after,
        known=lambda n: _is_recorded(target, ctx, first + n),
    )


def _is_recorded(target: Target, ctx: Context, attempt: int) -> bool:
    return any(ctx.find(kind, target.path, target.visit, attempt) for kind in ("outcome", "intention"))


async def attempt(target: Target, ctx: Context) -> Outcome:
    """Return the outcome of one attempt: the recorded one, or that of calling now.

    An intention without an outcome means that the process died in between: the effect is `unknown`.
    """
    settled = ctx.find("settled", target.path, target.visit, target.attempt)
    recorded = settled or ctx.find("outcome", target.path, target.visit, target.attempt)
    if recorded is not None:
        return _noted(target, _outcome(recorded) if settled is None else _first(target, ctx))
    if ctx.find("intention", target.path, target.visit, target.attempt) is not None:
        lost = Outcome(
            kind="unknown", code="crash", error="the process ended between sending the call and its answer"
        )
        return _noted(target, await _record(target, ctx, lost))
    may_stand = _may_stand(target, ctx)
    if _is_repeatable(target) and target.operation.effect != "read":
        await ctx.durable()
    if ctx.turn is not None:
        await ctx.turn(target.path, target.operation.name)
    # From here on nothing is waited for: a branch beside could fail meanwhile.
    if may_stand and ctx.is_stopping:
        await ctx.record("intention", target.path, target.visit, target.attempt, _intent(target))
    ctx.begin()
    if not _is_repeatable(target):
        await ctx.record("intention", target.path, target.visit, target.attempt, _intent(target))
    outcome = await ctx.caller.call(
        target.operation,
        target.arguments,
        key=target.key,
        timeout=target.timeout,
        fence=ctx.keep_lease if target.operation.effect != "read" else None,
    )
    if may_stand and outcome.kind == "not_sent" and recovery.repeatable(target.operation, outcome):
        outcome = _in_doubt(outcome)
    return _noted(target, await _record(target, ctx, outcome))


def _may_stand(target: Target, ctx: Context) -> bool:
    """Tell whether a call that is about to be made may have taken effect already, and could be taken back.

    Calls that may be repeated leave no intention: after a crash they are simply sent again. A run that ends
    instead, or does not reach the service again, would otherwise forget one that took effect.
    """
    can_stand = target.operation.effect != "read" and target.operation.undo is not None
    return can_stand and _is_repeatable(target) and ctx.is_frontier(target.path)


def _in_doubt(outcome: Outcome) -> Outcome:
    """Return a failure to send as what it is when an execution that died may have sent the call before."""
    told = f"an execution that ended may have sent it, and now: {outcome.error or outcome.code}"
    return outcome._replace(kind="unknown", error=told)


def _noted(target: Target, outcome: Outcome) -> Outcome:
    """Keep in mind which attempt is in doubt: neither a refusal nor a failure to send ends the doubt."""
    if outcome.kind == "unknown" and target.operation.effect != "read":
        target.doubt = target.attempt
    elif outcome.kind in {"applied", "applied_bad"}:
        target.doubt = None
    return outcome


async def reconcile(target: Target, ctx: Context, *, before: str = RECONCILE) -> Outcome:
    """Return what a look-up says of a call in doubt: applied, not_sent, or unknown as before.

    What was settled already is not read here but found again from the recorded look-ups, so that a replay
    goes through the same choices as the first execution did.

    Args:
        target: the call in doubt.
        ctx: the run.
        before: what stands before the step's path in the look-up's own entries.
    """
    contract = target.operation.reconcile
    if contract is None:
        return Outcome(kind="unknown", code="no_reconcile", error="the catalogue names no way to find out")
    data = {"input": target.arguments, "key": target.key}
    try:
        lookup = Target(
            f"{before}{target.path}",
            target.visit,
            ctx.catalog.operation(contract.call),
            contract.arguments.render(data),
            attempt=target.lookups,
        )
        answer = await attempts(lookup, ctx)
        target.lookups = lookup.attempt
        found = _settled(contract, answer, data)
    except (ExpressionError, OperationUnknown) as exc:
        found = Outcome(kind="unknown", code="reconcile", error=str(exc))
    return found if found.kind == "unknown" else await settle(target, ctx, found, by="reconcile")


async def settle(
    target: Target, ctx: Context, outcome: Outcome, *, by: Literal["reconcile", "person"]
) -> Outcome:
    """Record what an outcome in doubt turned out to be, and return it."""
    attempt = target.doubt or target.attempt
    if ctx.find("settled", target.path, target.visit, attempt) is None:
        body = {"outcome": outcome.kind, "output": outcome.output, "code": outcome.code, "by": by}
        await ctx.record("settled", target.path, target.visit, attempt, body)
    target.doubt = None
    return outcome


def _settled(contract: Reconcile, found: Outcome, data: dict[str, Any]) -> Outcome:
    if found.status in contract.absent_statuses:
        return Outcome(kind="not_sent", code=NOT_APPLIED)
    if not found.ok:
        return Outcome(kind="unknown", code="reconcile", error=f"the look-up did not answer: {found.error}")
    seen = {**data, "found": found.output}
    if expressions.condition(contract.applied_when).evaluate(seen) is True:
        return Outcome(kind="applied", output=contract.answer.render(seen))
    return Outcome(kind="not_sent", code=NOT_APPLIED)


def _first(target: Target, ctx: Context) -> Outcome:
    recorded = ctx.find("outcome", target.path, target.visit, target.attempt)
    return _outcome(recorded or {"outcome": "unknown"})


async def _record(target: Target, ctx: Context, outcome: Outcome) -> Outcome:
    body = _intent(target)
    body["outcome"] = outcome.kind
    for name in _TOLD:
        value = getattr(outcome, name)
        if value is not None:
            body[name] = value
    wait = not _is_repeatable(target)
    await ctx.record("outcome", target.path, target.visit, target.attempt, body, wait=wait)
    return outcome


def _is_repeatable(target: Target) -> bool:
    """Tell whether the call is simply sent again when its outcome was lost with the process."""
    return target.operation.effect not in {"write", "irreversible"}


def _intent(target: Target) -> dict[str, Any]:
    body: dict[str, Any] = {
        "operation": target.operation.name,
        "effect": target.operation.effect,
        "arguments": target.arguments,
    }
    if target.key is not None:
        body["key"] = target.key
    if target.undoes is not None:
        body["undoes"] = target.undoes
    if target.keep:
        body["keep"] = True
    return body


def _outcome(body: dict[str, Any]) -> Outcome:
    return Outcome(kind=body["outcome"], **{name: body[name] for name in _TOLD if name in body})


async def _pause(target: Target, ctx: Context, seconds: float) -> None:
    following = target.attempt + 1
    ctx.begin()
    recorded = ctx.find("timer", target.path, target.visit, following)
    due = datetime.fromisoformat(recorded["due"]) if recorded else ctx.after(seconds)
    if recorded is None and seconds > SHORT_WAIT_SECONDS:
        await ctx.record("timer", target.path, target.visit, following, {"due": due.isoformat()})
    await ctx.wait_until(due)
