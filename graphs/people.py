"""People: asking a person parks the run; the answer, or the deadline, makes the decision."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from graphs.context import Context, Parked
from planner import choosing
from planner.decisions import Answer, Decision, Question, Trigger
from planner.runs import PersonQuestion


@dataclass(frozen=True)
class Asking:
    """What a person is asked, and where in the run."""

    question: Question
    kind: Literal["choose", "recover", "undo"]
    path: str
    visit: int
    number: int
    """Which decision of this visit it is, counted from 1."""
    otherwise: str | None = None
    """The option taken when the deadline passes; without one the question waits."""
    within: timedelta | None = None
    trigger: Trigger | None = None
    value_schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Told:
    """What came of it."""

    decision: Decision
    value: Any = None


async def ask(asking: Asking, ctx: Context) -> Told:
    """Return the person's decision, or `otherwise` once the deadline has passed.

    Raises:
        Parked: nobody has answered yet.
    """
    asked = ctx.find("asked", asking.path, asking.visit, asking.number)
    if asked is None:
        raise Parked(await _open(asking, ctx))
    stored = ctx.questions.get(asked["decision_id"])
    began = datetime.fromisoformat(asked["at"])
    asking = asking if stored is None else _as_asked(asking, stored)
    if stored is not None and stored.answer is not None:
        answer = Answer(outcome_class="ok", choice=stored.answer.choice, reason=stored.answer.comment)
        told = _conclude(asking, ctx, answer, asked["decision_id"], began, actor=stored.answer.actor)
        return Told(told, stored.answer.value)
    deadline = asked.get("deadline")
    if deadline is None or ctx.clock.now() < datetime.fromisoformat(deadline):
        raise Parked(None if deadline is None else datetime.fromisoformat(deadline))
    late = Answer(outcome_class="timeout", reason="nobody answered in time")
    return Told(_conclude(asking, ctx, late, asked["decision_id"], began, actor=None))


def _as_asked(asking: Asking, stored: PersonQuestion) -> Asking:
    """Return what the person saw: what can be chosen may have changed since, the question may not."""
    shown = {"question": stored.question, "given": stored.given, "options": stored.options}
    question = asking.question.model_copy(update=shown)
    return replace(asking, question=question, otherwise=stored.otherwise, trigger=stored.trigger)


async def _open(asking: Asking, ctx: Context) -> datetime | None:
    ctx.begin()
    now = ctx.clock.now()
    deadline = None
    if asking.within is not None and asking.otherwise is not None:
        deadline = ctx.after(asking.within.total_seconds())
    opened = PersonQuestion(
        decision_id=ctx.new_id(),
        run_id=ctx.run.id,
        tenant=ctx.run.tenant,
        workflow=ctx.run.workflow.name,
        kind=asking.kind,
        point=asking.question.point,
        path=asking.path,
        visit=asking.visit,
        attempt=asking.number,
        question=asking.question.question,
        given=asking.question.given,
        options=asking.question.options,
        trigger=asking.trigger,
        value_schema=asking.value_schema,
        asked_at=now,
        deadline=deadline,
        otherwise=asking.otherwise,
    )
    body: dict[str, Any] = {"decision_id": opened.decision_id, "at": now.isoformat()}
    if deadline is not None:
        body["deadline"] = deadline.isoformat()
    ctx.questions[opened.decision_id] = opened
    await ctx.record(
        "asked",
        asking.path,
        asking.visit,
        asking.number,
        body,
        questions=(opened.model_dump(mode="json"),),
    )
    return deadline


def _conclude(
    asking: Asking, ctx: Context, answer: Answer, decision_id: str, began: datetime, *, actor: str | None
) -> Decision:
    return choosing.conclude(
        asking.question,
        answer,
        ctx.where(asking.path, asking.visit, asking.number, decision_id=decision_id),
        ts=began,
        duration_ms=(ctx.clock.now() - began).total_seconds() * 1000,
        by="person",
        otherwise=asking.otherwise or "",
        trigger=asking.trigger,
        actor=actor,
        comment=answer.reason or None,
    )
