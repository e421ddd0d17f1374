"""Choosing: guards, the decider and the record of a choice, written before it is acted on."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graphs import people
from graphs.context import Context, Parked, Site, StepFailed, seconds
from graphs.people import Asking, Told
from planner import budgets, choosing
from planner.budgets import Bound
from planner.decisions import Answer, Decision, Offered, Question
from planner.definition import Allowance, Call, Decide
from planner.errors import DecisionClosed
from tools.errors import ExpressionError

DEADLINE_SECONDS = 30.0
"""Longest time that asking the model may take unless the step says `within`."""

_SHOWN = ("choice", "reason", "decided_by", "comment")


@dataclass(frozen=True)
class Choice:
    """A decision as the run goes on from it; the same from the journal as from the decider."""

    number: int
    """Which decision of this visit it was."""
    body: dict[str, Any]
    """Body of its journal entry."""

    @property
    def choice(self) -> str:
        """The option that was taken."""
        return str(self.body["choice"])

    @property
    def is_override(self) -> bool:
        """Whether a person put it in the place of an earlier choice of this visit."""
        return "overrides" in self.body

    @property
    def value(self) -> dict[str, Any]:
        """What expressions see under the step's name."""
        shown: dict[str, Any] = {name: self.body.get(name) or "" for name in _SHOWN}
        shown["confidence"] = self.body.get("confidence")
        return shown


async def decide(step: Decide, site: Site, ctx: Context) -> Choice:
    """Return the choice of a decide step.

    Raises:
        Parked: a person is waited for.
        StepFailed: no option is admissible, and none is declared for that case.
        Stopped: the run is ending.
    """
    choice = replay(ctx, site.path, site.visit, 1)
    if choice is None and step.by == "person":
        choice = await _by_person(step, site, ctx, 1)
    elif choice is None:
        choice = await _decide(step, site, ctx)
    if choice.body.get("confirm"):
        choice = replay(ctx, site.path, site.visit, 2) or await _by_person(step, site, ctx, 2)
    while (instead := replay(ctx, site.path, site.visit, choice.number + 1)) is not None:
        choice = instead
    if step.override_within is not None and not choice.is_override:
        await _leave_time(step.override_within, choice, site, ctx)
    return choice


async def _leave_time(pause: timedelta, choice: Choice, site: Site, ctx: Context) -> None:
    """Return once a person has had the time to override the choice; a run that is parked can be changed.

    Raises:
        Parked: the time is not over.
        Stopped: the run is ending.
    """
    timer = ctx.find("timer", site.path, site.visit, choice.number)
    if timer is None:
        ctx.begin()
        due = ctx.after(pause.total_seconds())
        await ctx.record("timer", site.path, site.visit, choice.number, {"due": due.isoformat()})
    else:
        due = datetime.fromisoformat(timer["due"])
    if ctx.clock.now() < due:
        raise Parked(due)


async def _by_person(step: Decide, site: Site, ctx: Context, number: int) -> Choice:
    question = _question(step, site, ctx)
    if not question.available and ctx.find("asked", site.path, site.visit, number) is None:
        return await _unasked(question, step, site, ctx, number)
    asking = Asking(
        question,
        "choose",
        site.path,
        site.visit,
        number,
        otherwise=step.otherwise,
        within=step.within if step.by == "person" else None,
    )
    return await record(ctx, await people.ask(asking, ctx), number)


async def _unasked(question: Question, step: Decide, site: Site, ctx: Context, number: int) -> Choice:
    """Take `otherwise`, since there is nothing that a person could choose."""
    ctx.begin()
    decision = choosing.conclude(
        question,
        None,
        ctx.where(site.path, site.visit, number),
        ts=ctx.clock.now(),
        by="person",
        otherwise=step.otherwise or "",
    )
    return await record(ctx, Told(decision), number)


def replay(ctx: Context, path: str, visit: int, number: int) -> Choice | None:
    """Return the recorded choice, or None when the run has not come so far."""
    body = ctx.find("decision", path, visit, number)
    return None if body is None else Choice(number, body)


async def record(
    ctx: Context, told: Told, number: int, *, edge: str | None = None, confirm: bool = False
) -> Choice:
    """Write a decision to journal and log in one commit, and return the choice to act on.

    Raises:
        Parked: a person answered in the very moment in which the deadline was taken up.
    """
    decision = told.decision.model_copy(
        update={"run_seq": ctx.recorded.next_seq, "edge_taken": edge or told.decision.choice}
    )
    body = facts(decision, told.value, confirm=confirm)
    expired = decision.outcome_class == "timeout" and decision.decision_id in ctx.questions
    try:
        await ctx.record(
            "decision",
            decision.path,
            decision.visit,
            number,
            body,
            decisions=(decision.model_dump(mode="json"),),
            closed=(decision.decision_id,) if expired else (),
        )
    except DecisionClosed:
        raise Parked(ctx.clock.now()) from None
    ctx.spend(body)
    return Choice(number, body)


def facts(decision: Decision, value: Any = None, *, confirm: bool = False) -> dict[str, Any]:
    """Return the body of a decision's journal entry: what the run goes on from."""
    body: dict[str, Any] = {
        "decision_id": decision.decision_id,
        "point": decision.point,
        "choice": decision.choice,
        "decided_by": decision.decided_by,
        "outcome_class": decision.outcome_class,
        "reason": decision.reason,
        "confidence": None if decision.confidence is None else decision.confidence.value,
        "model_calls": len(decision.attempts),
        "tokens": decision.usage.total,
    }
    if decision.usage.cost_usd is not None:
        body["cost_usd"] = str(decision.usage.cost_usd)
    if decision.comment:
        body["comment"] = decision.comment
    if value is not None:
        body["value"] = value
    if confirm:
        body["confirm"] = True
    if decision.overrides is not None:
        body["overrides"] = decision.overrides
    return body


async def answer(question: Question, ctx: Context, own: Allowance) -> Answer:
    """Return what came of asking the model, or that a budget does not allow to ask.

    Args:
        question: what is asked.
        ctx: the run, whose budget holds.
        own: what this one decision may cost.
    """
    why = ctx.over_budget() or Bound("the decision's", own).used_up
    if why is not None:
        return Answer(outcome_class="budget", reason=why)
    allowance = budgets.least([own, ctx.bound.left])
    await ctx.durable()
    return await ctx.decider.choose(question.model_copy(update={"allowance": allowance}))


async def _decide(step: Decide, site: Site, ctx: Context) -> Choice:
    ctx.begin()
    question = _question(step, site, ctx)
    began, clock = ctx.clock.now(), time.perf_counter()
    otherwise = step.otherwise or ""
    preset = choosing.preset(question, otherwise=otherwise, by=step.by)
    given = None if preset is not None else await answer(question, ctx, step.budget)
    decision = choosing.conclude(
        question,
        given,
        ctx.where(site.path, site.visit, 1),
        ts=began,
        duration_ms=(time.perf_counter() - clock) * 1000,
        by=step.by,
        otherwise=otherwise,
        min_confidence=step.min_confidence,
        given_fields=tuple(f"/{name}" for name in step.given),
        budget_left=_left(ctx, step.budget),
    )
    confirm = decision.decided_by == "model" and step.options[decision.choice].confirm == "person"
    edge = "person" if confirm else step.options[decision.choice].then
    return await record(ctx, Told(decision), 1, edge=edge, confirm=confirm)


def _question(step: Decide, site: Site, ctx: Context) -> Question:
    offered = _offered(step, site, ctx)
    if step.otherwise is None and not any(option.available for option in offered):
        raise StepFailed(site.path, "no option is admissible, and the decision declares no `otherwise`")
    return Question(
        kind="choose",
        point=f"{ctx.run.workflow.name}/{site.path}",
        question=step.decide,
        goal=ctx.run.goal,
        given=site.node.data.render(site.frame),
        options=offered,
        deadline_seconds=seconds(step.within if step.by == "model" else None, DEADLINE_SECONDS),
    )


def _offered(step: Decide, site: Site, ctx: Context) -> tuple[Offered, ...]:
    """Return every option; a closed service excludes none where that would leave nothing at all to choose."""
    barred = {name: _barred(name, site) for name in step.options}
    closed = {name: _closed(step, name, site, ctx) for name, why in barred.items() if why is None}
    if step.otherwise is None and all(closed.values()):
        closed = {}
    return tuple(
        Offered(id=name, means=option.means, available=why is None, excluded_by=why)
        for name, option in step.options.items()
        for why in [barred[name] or closed.get(name)]
    )


def _barred(name: str, site: Site) -> str | None:
    guard = site.node.guards.get(name)
    if guard is not None:
        try:
            holds = guard.evaluate(site.frame)
        except ExpressionError as exc:
            return f"its guard could not be evaluated: {exc}"
        if holds is not True:
            return f"its guard is false: {guard.source}"
    return None


def _closed(step: Decide, name: str, site: Site, ctx: Context) -> str | None:
    following = site.frame.sequence.nodes.get(step.options[name].then or site.node.next)
    if name != step.otherwise and following is not None and isinstance(following.step, Call):
        return ctx.caller.unavailable(ctx.catalog.operation(following.step.call).service)
    return None


def _left(ctx: Context, own: Allowance) -> dict[str, float]:
    allowance = budgets.least([own, ctx.bound.left])
    left = {name: float(limit) for name, limit in allowance if limit is not None}
    deadline = ctx.deadline()
    if deadline is not None:
        left["seconds"] = max(0.0, (deadline - ctx.clock.now()).total_seconds())
    return left
