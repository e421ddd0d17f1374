"""Rests: choosing how a run of a plan goes on that cannot go on as planned."""

import time
from collections.abc import Collection
from datetime import timedelta

from graphs import choices, people, recoveries
from graphs.attempts import Target
from graphs.choices import Choice
from graphs.context import Context, Parked
from graphs.people import Asking, Told
from graphs.recoveries import Place
from planner import choosing
from planner.decisions import Answer, Decision, Offered, Question
from planner.definition import Recover
from planner.journal import Entry, Numbered
from planner.planning import replanning
from planner.planning.replanning import GIVE_UP, Allowed
from planner.recovery import Failure

ACTOR = "planner"
"""Who lets a run go on with another definition; who chose it stands in the decision."""
QUESTION = "The plan cannot go on as it was made. How is what is wanted reached now?"
_GIVE_UP = Offered(id=GIVE_UP, means="Look for no other way; the run ends.")
_PERSON = Offered(id="person", means="Ask a person which way to take.")


async def allowed(ctx: Context) -> Allowed | None:
    """Return what the run may still do; None where it is no run of a plan."""
    if ctx.replanner is None or ctx.run.mode != "live":
        return None
    return await ctx.replanner.allowed(ctx.run, ctx.recorded.numbered)


def unplannable(ctx: Context, path: str, operation: str, want: Collection[str]) -> str | None:
    """Return why what is left after a step cannot be composed anew, or None."""
    workflow = ctx.program.workflow
    if path not in workflow.steps:
        return "the step stands inside another one"
    if operation in want:
        return f"{operation} itself is what the plan wants"
    return replanning.holds_choices(workflow, path)


async def goes_on(
    ctx: Context, recover: Recover | None, failure: Failure, place: Place, target: Target
) -> bool:
    """Return whether the run goes on past its failed step, with the rest that was chosen.

    Raises:
        Parked: a person is waited for, or the run has to be taken up with another definition.
    """
    policy = recover or Recover(by="rule")
    made = choices.replay(ctx, *place)
    if made is None:
        await ctx.look_back()
        question = await _question(ctx, policy, failure, place)
        made = await _made(ctx, policy, failure, place, target=target, question=question)
    if made.choice == "person":
        place = place._replace(number=place.number + 1)
        made = choices.replay(ctx, *place)
        if made is None:
            question = await _question(ctx, policy, failure, place)
            made = await _by_person(ctx, policy, failure, place, target=target, question=question)
    if made.choice == GIVE_UP:
        return False
    if ctx.find("repinned", place.path, place.visit, made.number) is None:
        await _adopt(ctx, made, place)
        raise Parked(ctx.clock.now())
    return True


async def _question(ctx: Context, policy: Recover, failure: Failure, place: Place) -> Question:
    found: tuple[Offered, ...] = ()
    if ctx.replanner is not None and ctx.find("asked", *place) is None:
        found = await ctx.replanner.options(
            ctx.run,
            ctx.program.workflow,
            place.path,
            entries=ctx.recorded.numbered,
            catalog=ctx.catalog,
        )
    asks = () if policy.by == "person" else (_PERSON,)
    outcome = failure.outcome
    return Question(
        kind="recover",
        point=f"{ctx.run.workflow.name}/{place.path}",
        question=QUESTION,
        goal=ctx.run.goal,
        given={"operation": failure.operation.name, "outcome": outcome.kind, "error": outcome.error},
        options=(*found, _GIVE_UP, *asks),
    )


async def _made(
    ctx: Context, policy: Recover, failure: Failure, place: Place, *, target: Target, question: Question
) -> Choice:
    if policy.by == "person":
        return await _by_person(ctx, policy, failure, place, target=target, question=question)
    ctx.begin()
    began, clock = ctx.clock.now(), time.perf_counter()
    ways = [each.id for each in question.available if each.id.startswith(replanning.PREFIX)]
    otherwise = policy.otherwise if policy.otherwise == "person" and policy.by == "model" else GIVE_UP
    answer = Answer(
        outcome_class="ok", choice=GIVE_UP, reason="no other way is left within what was approved"
    )
    if ways:
        answer = Answer(
            outcome_class="ok", choice=ways[0], reason="the cheapest way within what was approved"
        )
        if policy.by == "model":
            answer = await choices.answer(question, ctx, policy.budget)
    decision = choosing.conclude(
        question,
        answer,
        ctx.where(*place),
        ts=began,
        duration_ms=(time.perf_counter() - clock) * 1000,
        by=policy.by if ways else "rule",
        otherwise=otherwise,
        min_confidence=policy.min_confidence,
        trigger=recoveries.trigger(failure, target),
    )
    return await _recorded(ctx, Told(decision), place)


async def _by_person(
    ctx: Context, policy: Recover, failure: Failure, place: Place, *, target: Target, question: Question
) -> Choice:
    shown = tuple(each for each in question.options if each.id != _PERSON.id)
    within: timedelta | None = policy.within
    asking = Asking(
        question.model_copy(update={"options": shown}),
        "recover",
        *place,
        otherwise=None if within is None else GIVE_UP,
        within=within,
        trigger=recoveries.trigger(failure, target),
    )
    return await _recorded(ctx, await people.ask(asking, ctx), place)


async def _recorded(ctx: Context, told: Told, place: Place) -> Choice:
    decision: Decision = told.decision
    return await choices.record(ctx, Told(decision, told.value), place.number)


async def _adopt(ctx: Context, made: Choice, place: Place) -> None:
    """Write down that the run goes on with the definition that was chosen."""
    if ctx.replanner is None:
        return
    now = ctx.clock.now()
    body = {
        "catalog": ctx.run.catalog_revision,
        "pinned": {name: program.workflow.sha256 for name, program in ctx.programs.items()},
        "actor": ACTOR,
        "comment": f"replanned at {place.path}",
    }
    entry = Entry("repinned", now, body, place.path, place.visit, made.number)
    written = await ctx.replanner.adopt(ctx.run, made.choice, Numbered(ctx.recorded.reserve(), entry))
    ctx.recorded.add(written)
