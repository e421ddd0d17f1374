"""Recoveries: choosing from the menu of safe actions after a call that did not go through."""

import time
from typing import Any, NamedTuple

from graphs import choices, people
from graphs.attempts import Target
from graphs.context import Context
from graphs.people import Asking, Told
from planner import choosing, recovery
from planner.decisions import Answer, Decision, Offered, Question, Trigger
from planner.definition import Recover
from planner.recovery import Failure


class Chosen(NamedTuple):
    """The action to take."""

    action: str
    number: int
    """How many decisions this visit of the step has had by now."""
    value: Any = None
    """For `applied`: what the call would have answered."""


class Place(NamedTuple):
    """Which decision of which step."""

    path: str
    visit: int
    number: int


def replay(ctx: Context, place: Place) -> Chosen | None:
    """Return the recorded action, which a person told where it was left to one, or None."""
    made = choices.replay(ctx, *place)
    if made is not None and made.choice == "person":
        place = place._replace(number=place.number + 1)
        made = choices.replay(ctx, *place)
    return None if made is None else Chosen(made.choice, place.number, made.body.get("value"))


async def choose(
    ctx: Context, recover: Recover | None, failure: Failure, place: Place, target: Target
) -> Chosen:
    """Return the recovery action, chosen anew by rule, model or person among those that are safe.

    Raises:
        Parked: a person is waited for.
    """
    policy = recover or Recover(by="rule")
    chosen = choices.replay(ctx, *place)
    if chosen is None and policy.by != "person":
        ctx.begin()
        chosen = await choices.record(
            ctx, Told(await _decide(ctx, policy, failure, place, target)), place.number
        )
    if chosen is not None and chosen.choice != "person":
        return Chosen(chosen.choice, place.number, chosen.body.get("value"))
    following = place if chosen is None else place._replace(number=place.number + 1)
    return await _person(ctx, policy, failure, following, target)


async def _decide(ctx: Context, policy: Recover, failure: Failure, place: Place, target: Target) -> Decision:
    declared = policy.otherwise if policy.by == "model" else None
    options = recovery.menu(failure, allow=policy.allow)
    question = _question(ctx, policy, failure, place, options)
    otherwise = _otherwise(declared, options, failure)
    began, clock = ctx.clock.now(), time.perf_counter()
    answer: Answer | None = None
    if policy.by == "model" and choosing.preset(question, otherwise=otherwise, by="model") is None:
        answer = await choices.answer(question, ctx, policy.budget)
    if policy.by == "rule":
        answer = Answer(outcome_class="ok", choice=otherwise, reason="the safest action that is left")
    return choosing.conclude(
        question,
        answer,
        ctx.where(*place),
        ts=began,
        duration_ms=(time.perf_counter() - clock) * 1000,
        by=policy.by,
        otherwise=otherwise,
        min_confidence=policy.min_confidence,
        trigger=trigger(failure, target),
    )


async def _person(ctx: Context, policy: Recover, failure: Failure, place: Place, target: Target) -> Chosen:
    options = recovery.person_menu(failure, allow=policy.allow)
    question = _question(ctx, policy, failure, place, options)
    given = {**question.given, "arguments": target.arguments}
    asking = Asking(
        question.model_copy(update={"given": given}),
        "recover",
        *place,
        otherwise=_late(policy, options),
        within=policy.within,
        trigger=trigger(failure, target),
        value_schema=target.operation.output,
    )
    done = await choices.record(ctx, await people.ask(asking, ctx), place.number)
    return Chosen(done.choice, place.number, done.body.get("value"))


def trigger(failure: Failure, target: Target) -> Trigger:
    """Return the failure as the log keeps it."""
    return Trigger(
        operation=failure.operation.name,
        outcome=failure.outcome.kind,
        effect=failure.operation.effect,
        error=failure.outcome.error,
        status=failure.outcome.status,
        attempts=target.attempt,
    )


def _question(
    ctx: Context, policy: Recover, failure: Failure, place: Place, options: tuple[Offered, ...]
) -> Question:
    outcome = failure.outcome
    return Question(
        kind="recover",
        point=f"{ctx.run.workflow.name}/{place.path}",
        question=policy.decide,
        goal=ctx.run.goal,
        given={
            "operation": failure.operation.name,
            "effect": failure.operation.effect,
            "outcome": outcome.kind,
            "status": outcome.status,
            "error": outcome.error,
        },
        options=options,
    )


def _otherwise(declared: str | None, options: tuple[Offered, ...], failure: Failure) -> str:
    available = {option.id for option in options if option.available}
    if declared in available:
        return str(declared)
    return recovery.safest(options, failure)


def _late(policy: Recover, options: tuple[Offered, ...]) -> str | None:
    if policy.within is None:
        return None
    available = {option.id for option in options if option.available}
    return policy.otherwise if policy.otherwise in available else "fail"
