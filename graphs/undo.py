"""Undo: taking back what a run applied, newest first, journaled like any effect."""

from typing import NamedTuple

from graphs import choices, people
from graphs.attempts import Target, attempts, reconcile, settle
from graphs.context import Context
from graphs.people import Asking
from planner import effects
from planner.decisions import Offered, Question, Trigger
from planner.effects import RECONCILE, UNDO, Effect
from planner.recovery import MEANS
from tools.errors import ExpressionError
from tools.expressions import Template
from tools.operations import Operation
from tools.outcomes import Outcome

_STUCK = (
    Offered(id="retry", means="Try to take it back once more."),
    Offered(id="done", means="It was taken back by hand."),
    Offered(id="leave", means="Leave it as it is."),
)
_DOUBT = (
    Offered(id="applied", means=MEANS["applied"].replace("go on as if it had answered", "take it back")),
    Offered(id="not_applied", means="It did not take effect; there is nothing to take back."),
    Offered(id="leave", means="Leave it as it is."),
)


class Undone(NamedTuple):
    """What taking back came to."""

    left: tuple[str, ...]
    """Paths of effects that still stand, or may stand."""


async def undo(ctx: Context) -> Undone:
    """Take back every effect that stands, newest first; what cannot be taken back is named.

    Raises:
        Parked: a person is needed to go on.
    """
    given_up: list[str] = []
    done: set[tuple[str, int]] = set()
    while True:
        standing = effects.standing(effects.effects(ctx.recorded.numbered), ctx.catalog.operation)
        todo = [e for e in (*standing.in_doubt, *standing.undoable) if (e.path, e.visit) not in done]
        if not todo:
            left = [f"{effect.path} ({effect.operation})" for effect in standing.left]
            return Undone(tuple(left + given_up))
        effect = max(todo, key=lambda candidate: candidate.seq)
        gone = await (_settle(effect, ctx) if effect in standing.in_doubt else _take_back(effect, ctx))
        if gone is not None:
            done.add((effect.path, effect.visit))
        if gone is False:
            given_up.append(f"{effect.path} ({effect.operation})")


async def _settle(effect: Effect, ctx: Context) -> bool | None:
    """Find out about an effect in doubt; None when that is done, False when it is left in doubt."""
    target = _forward(effect, ctx)
    found = await reconcile(target, ctx, before=f"{RECONCILE}{UNDO}")
    if found.kind != "unknown":
        return None
    asked = await _ask(effect, ctx, _DOUBT, "Did this call take effect?", f"{RECONCILE}{UNDO}{effect.path}")
    if asked.choice == "leave":
        return False
    kind = "applied" if asked.choice == "applied" else "not_sent"
    value = asked.body.get("value")
    await settle(target, ctx, Outcome(kind=kind, output=value), by="person")
    return None


async def _take_back(effect: Effect, ctx: Context) -> bool:
    """Call the compensating operation until it went through or a person let it be."""
    operation = ctx.catalog.operation(effect.operation)
    attempt = 0
    for number in range(1, 1000):
        outcome, attempt = await _compensate(effect, operation, ctx, attempt)
        if outcome.ok:
            return True
        why = f"{effect.operation} could not be taken back: {outcome.error or outcome.kind}"
        asked = await _ask(
            effect, ctx, _STUCK, f"{why}. What now?", f"{UNDO}{effect.path}", number=number, outcome=outcome
        )
        if asked.choice != "retry":
            return asked.choice == "done"
    return False


class _Compensated(NamedTuple):
    outcome: Outcome
    attempt: int


async def _compensate(effect: Effect, operation: Operation, ctx: Context, attempt: int) -> _Compensated:
    if operation.undo is None:
        return _Compensated(
            Outcome(kind="rejected", error="the catalogue names no way to take it back"), attempt
        )
    data = {"input": effect.arguments, "output": effect.output, "key": effect.key}
    try:
        arguments = Template(operation.undo.with_).render(data)
    except ExpressionError as exc:
        return _Compensated(Outcome(kind="rejected", code="arguments", error=str(exc)), attempt)
    target = Target(
        f"{UNDO}{effect.path}",
        effect.visit,
        ctx.catalog.operation(operation.undo.call),
        arguments,
        attempt=attempt,
        undoes=effect.path,
    )
    target.key = ctx.key(target.path, target.visit) if target.operation.effect == "keyed" else None
    outcome = await attempts(target, ctx)
    if outcome.kind == "unknown":
        outcome = await reconcile(target, ctx)
    return _Compensated(outcome, target.attempt)


async def _ask(
    effect: Effect,
    ctx: Context,
    options: tuple[Offered, ...],
    text: str,
    path: str,
    *,
    number: int = 1,
    outcome: Outcome | None = None,
) -> choices.Choice:
    known = choices.replay(ctx, path, effect.visit, number)
    if known is not None:
        return known
    question = Question(
        kind="undo",
        point=f"{ctx.run.workflow.name}/{path}",
        question=text,
        goal=ctx.run.goal,
        given={"operation": effect.operation, "arguments": effect.arguments, "output": effect.output},
        options=options,
    )
    trigger = Trigger(
        operation=effect.operation,
        outcome=outcome.kind if outcome else "unknown",
        effect=effect.effect,
        error=outcome.error if outcome else effect.error,
    )
    asking = Asking(question, "undo", path, effect.visit, number, trigger=trigger)
    return await choices.record(ctx, await people.ask(asking, ctx), number)


def _forward(effect: Effect, ctx: Context) -> Target:
    target = Target(
        effect.path,
        effect.visit,
        ctx.catalog.operation(effect.operation),
        effect.arguments,
        attempt=effect.attempt,
    )
    target.key = effect.key
    return target
