"""Undo: taking back what a run applied, newest first, journaled like any effect."""

from typing import Any, NamedTuple

from graphs import choices, people
from graphs.attempts import NOT_APPLIED, Target, attempts, reconcile, settle
from graphs.context import Context
from graphs.people import Asking
from planner.decisions import Offered, Question, Trigger
from planner.effects import RECONCILE, UNDO, Effect
from planner.recovery import MEANS
from tools.errors import ExpressionError, OperationUnknown
from tools.outcomes import Outcome, OutcomeClass

_DOUBT = (
    Offered(id="applied", means=MEANS["applied"].replace("go on as if it had answered", "take it back")),
    Offered(id="not_applied", means="It did not take effect; there is nothing to take back."),
    Offered(id="leave", means="Leave it as it is."),
)
_MOST_TRIES = 1000
"""How often a person may have an effect tried to be taken back."""


class Undone(NamedTuple):
    """What taking back came to."""

    left: tuple[str, ...]
    """Paths of effects that still stand, or may stand."""


async def undo(ctx: Context) -> Undone:
    """Take back every effect that stands, newest first; what cannot be taken back is named.

    Raises:
        Parked: a person is needed to go on.
    """
    standing = ctx.ledger.standing()
    in_doubt = [effect for effect in standing.in_doubt if not effect.keep]
    given_up = []
    for effect in sorted((*in_doubt, *standing.undoable), key=lambda each: each.seq, reverse=True):
        is_known = effect.state not in {"unknown", "intended"} or await _settle(effect, ctx)
        if not (is_known and await _take_back(effect, ctx)):
            given_up.append(_named(effect))
    return Undone((*map(_named, ctx.ledger.standing().left), *given_up))


def _named(effect: Effect) -> str:
    return f"{effect.path} ({effect.operation})"


async def _settle(effect: Effect, ctx: Context) -> bool:
    """Find out about an effect in doubt, and return false when it is left in doubt."""
    target = Target(
        effect.path,
        effect.visit,
        ctx.catalog.operation(effect.operation),
        effect.arguments,
        key=effect.key,
        attempt=effect.attempt,
    )
    before = f"{UNDO}{RECONCILE}"
    found = await reconcile(target, ctx, before=before)
    if found.kind != "unknown":
        return True
    question = Question(
        kind="undo",
        point=_point(ctx, f"{before}{effect.path}"),
        question="Did this call take effect?",
        goal=ctx.run.goal,
        given=_made(effect),
        options=_DOUBT,
    )
    trigger = Trigger(operation=effect.operation, outcome="unknown", effect=effect.effect, error=effect.error)
    asked = await _ask(question, trigger, ctx, f"{before}{effect.path}", effect.visit)
    if asked.choice in {"applied", "not_applied"}:
        kind: OutcomeClass = "applied" if asked.choice == "applied" else "not_sent"
        await settle(target, ctx, Outcome(kind=kind, output=asked.body.get("value")), by="person")
    return asked.choice in {"applied", "not_applied"}


async def _take_back(effect: Effect, ctx: Context) -> bool:
    """Take back what stands of an effect until that went through or a person lets it be.

    Returns false when it still stands although there is a way to take it back.
    """
    now = ctx.ledger.at(effect.path, effect.visit).undoable
    standing = next((each for each in now if each.attempt == effect.attempt), None)
    if standing is None:
        return True
    target = _backward(standing, ctx)
    for number in range(1, _MOST_TRIES):
        outcome = target if isinstance(target, Outcome) else await _compensate(target, ctx)
        if outcome.ok:
            return True
        asked = await _ask_stuck(standing, ctx, target, outcome=outcome, number=number)
        if asked.choice != "retry" or isinstance(target, Outcome):
            return asked.choice == "done"
        if _is_once(target, outcome):
            await settle(target, ctx, Outcome(kind="not_sent", code=NOT_APPLIED), by="person")
    return False


def _backward(effect: Effect, ctx: Context) -> Target | Outcome:
    """Return the call that takes an effect back, or why there is none."""
    contract = ctx.catalog.operation(effect.operation).undo
    if contract is None:
        return Outcome(kind="rejected", error="the catalogue names no way to take it back")
    data = {"input": effect.arguments, "output": effect.output, "key": effect.key}
    try:
        arguments = contract.arguments.render(data)
        operation = ctx.catalog.operation(contract.call)
    except (ExpressionError, OperationUnknown) as exc:
        return Outcome(kind="rejected", code="arguments", error=str(exc))
    target = Target(effect.undo_path, effect.visit, operation, arguments, undoes=effect.path)
    target.key = ctx.key(target.path, target.visit) if operation.effect == "keyed" else None
    return target


async def _compensate(target: Target, ctx: Context) -> Outcome:
    """Return what became of taking back; a call of which a look-up says that it did not happen goes again.

    So a process that died between the intention and the call leaves no question to anybody.
    """
    outcome = await _looked_up(target, ctx)
    return await _looked_up(target, ctx) if outcome.code == NOT_APPLIED else outcome


async def _looked_up(target: Target, ctx: Context) -> Outcome:
    outcome = await attempts(target, ctx)
    return await reconcile(target, ctx) if outcome.kind == "unknown" else outcome


def _stuck(target: Target | Outcome, outcome: Outcome) -> tuple[Offered, ...]:
    """Return what a person may do about an effect that could not be taken back."""
    again = Offered(id="retry", means="Try to take it back once more.")
    if isinstance(target, Outcome):
        why = "the call that would take it back cannot be made, and could not be the next time"
        again = again.model_copy(update={"available": False, "excluded_by": why})
    elif outcome.kind == "applied_bad" and not target.operation.repeatable:
        why = "the call took effect, and a repeated call could take effect twice"
        again = again.model_copy(update={"available": False, "excluded_by": why})
    elif _is_once(target, outcome):
        again = Offered(id="retry", means="It was not taken back; try once more.")
    return (
        again,
        Offered(id="done", means="It was taken back by hand."),
        Offered(id="leave", means="Leave it as it is."),
    )


def _is_once(target: Target, outcome: Outcome) -> bool:
    """Tell whether the call may have taken effect and may not be sent twice."""
    return outcome.kind == "unknown" and not target.operation.repeatable


async def _ask_stuck(
    effect: Effect, ctx: Context, target: Target | Outcome, *, outcome: Outcome, number: int
) -> choices.Choice:
    """Ask about the call that should have taken an effect back, or about the effect where there is none."""
    why = f"{effect.operation} could not be taken back"
    given, operation, kind = _made(effect), effect.operation, effect.effect
    if isinstance(target, Target):
        operation, kind = target.operation.name, target.operation.effect
        why = f"{why} by {operation}"
        given = {"operation": operation, "arguments": target.arguments, "undoes": given}
    question = Question(
        kind="undo",
        point=_point(ctx, effect.undo_path),
        question=f"{why}: {outcome.error or outcome.kind}. What now?",
        goal=ctx.run.goal,
        given=given,
        options=_stuck(target, outcome),
    )
    trigger = Trigger(operation=operation, outcome=outcome.kind, effect=kind, error=outcome.error)
    return await _ask(question, trigger, ctx, effect.undo_path, effect.visit, number=number)


def _made(effect: Effect) -> dict[str, Any]:
    """Return the call of an effect and its answer, as a person is told of them."""
    return {"operation": effect.operation, "arguments": effect.arguments, "output": effect.output}


def _point(ctx: Context, path: str) -> str:
    return f"{ctx.run.workflow.name}/{path}"


async def _ask(
    question: Question, trigger: Trigger, ctx: Context, path: str, visit: int, *, number: int = 1
) -> choices.Choice:
    known = choices.replay(ctx, path, visit, number)
    if known is not None:
        return known
    asking = Asking(question, "undo", path, visit, number, trigger=trigger)
    return await choices.record(ctx, await people.ask(asking, ctx), number)
