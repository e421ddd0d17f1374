"""Reasking: logged decisions put to another model, prompt or backend, from what the log holds.

Nothing is acted on and nothing is written: only a model is asked.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from decimal import Decimal as Money
from typing import NamedTuple

from planner import choosing, definition
from planner.decisions import Answer, Decider, Decision, ModelInfo, Question
from planner.definition import Call, Decide, Workflow
from planner.log.outcomes import DecisionOutcome, Override
from tools.records import Record

OTHERWISE = "(otherwise)"
"""Stands for the declared `otherwise` where nobody can tell any more which option that was."""
SHOWN = ("/given", "/options", "/question")
"""Places in a record without which a decision cannot be asked again."""
MOST_ATTEMPTS = 3
_NUMBERING = re.compile(r"\[\d+\]|~\d+")


class Stored(NamedTuple):
    """A logged decision with what its record leaves out."""

    decision: Decision
    goal: str | None
    """Goal of its run; None where the run was never begun, so that nobody knows it."""
    otherwise: str | None
    """The option that an unusable answer leads to, where the definition tells."""


class Side(Record):
    """What came of asking once."""

    choice: str
    """The option that is taken."""
    decided_by: str
    outcome_class: str
    ms: float
    requests: int
    tokens: int
    cost_usd: Money | None = None
    reason: str = ""


class Pair(Record):
    """One decision as it was made, and as it would be made now."""

    decision_id: str
    run_id: str
    run_seq: int
    point: str
    before: Side
    after: Side
    comparable: bool = True
    """False behind the first difference of its run: from there on the run would have gone elsewhere."""

    @property
    def same(self) -> bool:
        """Whether the run would have gone the same way."""
        return self.before.choice == self.after.choice


class Unasked(Record):
    """A decision that was not asked again."""

    decision_id: str
    why: str


class Asked(NamedTuple):
    """What came of asking again."""

    pairs: Sequence[Pair]
    """By run and in the order of its journal."""
    unasked: Sequence[Unasked]
    model: ModelInfo | None
    """Who answered."""


def otherwise_of(decision: Decision, workflow: Workflow | None) -> str | None:
    """Return the option that an unusable answer leads to, or None where nobody can tell."""
    if decision.decided_by == "otherwise":
        return decision.choice
    if decision.kind == "route":
        return decision.options[-1].id
    place = _NUMBERING.sub("", decision.path)
    steps = {} if workflow is None else {each.path: each.step for each in definition.walk(workflow)}
    step = steps.get(place)
    if isinstance(step, Decide):
        return step.otherwise
    if isinstance(step, Call) and step.recover is not None:
        declared = step.recover.otherwise
        return declared if declared in {each.id for each in decision.options if each.available} else None
    return None


def question_of(stored: Stored, *, attempts: int = MOST_ATTEMPTS) -> Question:
    """Return the question as the decider was asked it, its options in the recorded order."""
    decision = stored.decision
    place = {name: index for index, name in enumerate(decision.option_order)}
    options = sorted(decision.options, key=lambda option: place.get(option.id, len(place)))
    return Question(
        kind=decision.kind,
        point=decision.point,
        question=decision.question,
        goal=stored.goal or "",
        given=decision.given,
        options=tuple(options),
        deadline_seconds=(decision.deadline_ms or 0) / 1000 or 30.0,
        max_attempts=attempts,
    )


def unaskable(stored: Stored) -> str | None:
    """Return why a decision cannot be asked again, or None where it can."""
    decision = stored.decision
    gone = [each for each in decision.erased if each.startswith(SHOWN)]
    if gone:
        return f"its content was erased: {', '.join(gone)}"
    if stored.goal is None:
        return "its run was never begun, so its goal is not known"
    return None if decision.for_model else "no model was asked"


def pair_of(stored: Stored, question: Question, answer: Answer, *, ms: float) -> Pair:
    """Return the decision as it was made and as this answer would make it, by the very same rules."""
    decision = stored.decision
    now = choosing.conclude(
        question,
        answer,
        choosing.Where(
            decision.decision_id, decision.run_id, decision.tenant, decision.workflow, mode="replay"
        ),
        ts=decision.ts,
        duration_ms=ms,
        by="model",
        otherwise=stored.otherwise or OTHERWISE,
        min_confidence=decision.min_confidence,
    )
    return Pair(
        decision_id=decision.decision_id,
        run_id=decision.run_id,
        run_seq=decision.run_seq,
        point=decision.point,
        before=_side(decision),
        after=_side(now),
    )


def right_choice(
    decision: Decision, outcomes: Iterable[DecisionOutcome], overrides: Iterable[Override]
) -> str | None:
    """Return the option that was right by the newest word of the log, or None where none tells.

    A label is an option's id, or `right`; a person who put another option in a choice's place named it.
    """
    words = [(each.at, decision.choice if each.label == "right" else each.label) for each in outcomes]
    words += [(each.at, each.to) for each in overrides]
    known = {option.id for option in decision.options}
    newest_first = sorted(words, key=lambda each: each[0], reverse=True)
    return next((word for _, word in newest_first if word in known), None)


async def ask(
    stored: Iterable[Stored],
    decider: Decider,
    *,
    concurrency: int,
    max_calls: int | None = None,
    samples: int = 1,
) -> Asked:
    """Return what the decider says to every decision that can be asked again.

    Args:
        stored: the decisions.
        decider: who is asked.
        concurrency: how many are asked at once.
        max_calls: requests that it may cost in all; what is left then is not asked.
        samples: requests that the decider makes for one answer when nothing goes wrong.
    """
    purse = _Purse(max_calls)
    gate = asyncio.Semaphore(concurrency)
    found: list[Pair] = []
    unasked: list[Unasked] = []
    models: list[ModelInfo] = []

    async def one(each: Stored) -> None:
        async with gate:
            granted = await purse.take(samples, most=MOST_ATTEMPTS + samples - 1)
            if granted == 0:
                why = f"the {max_calls} requests allowed were used up"
                unasked.append(Unasked(decision_id=each.decision.decision_id, why=why))
                return
            question = question_of(each, attempts=granted - samples + 1)
            began = time.perf_counter()
            answer = await decider.choose(question)
            ms = round((time.perf_counter() - began) * 1000, 3)
            await purse.give_back(granted, used=len(answer.attempts))
        found.append(pair_of(each, question, answer, ms=ms))
        if answer.model is not None:
            models.append(answer.model)

    async with asyncio.TaskGroup() as group:
        for each in stored:
            why = unaskable(each)
            if why is None:
                group.create_task(one(each))
            else:
                unasked.append(Unasked(decision_id=each.decision.decision_id, why=why))
    return Asked(marked(found), unasked, models[0] if models else None)


def marked(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs in order, those behind the first difference of their run marked not comparable."""
    listed = []
    differed: set[str] = set()
    for pair in sorted(pairs, key=lambda each: (each.run_id, each.run_seq, each.decision_id)):
        listed.append(pair.model_copy(update={"comparable": pair.run_id not in differed}))
        if not pair.same:
            differed.add(pair.run_id)
    return listed


def _side(decision: Decision) -> Side:
    return Side(
        choice=decision.choice,
        decided_by=decision.decided_by,
        outcome_class=decision.outcome_class,
        ms=decision.duration_ms,
        requests=len(decision.attempts),
        tokens=decision.usage.total,
        cost_usd=decision.usage.cost_usd,
        reason=decision.reason,
    )


class _Purse:
    """Requests that may still be made; whoever asks holds what one decision may cost at most."""

    def __init__(self, left: int | None) -> None:
        self._left, self._held = left, 0
        self._changed = asyncio.Condition()

    async def take(self, least: int, *, most: int) -> int:
        """Return how many requests may be made; 0 once too few are left, and nobody can give any back."""
        if self._left is None:
            return most
        async with self._changed:
            while self._left < least and self._held > 0:
                await self._changed.wait()
            granted = min(most, self._left) if self._left >= least else 0
            self._left -= granted
            self._held += granted
            return granted

    async def give_back(self, granted: int, *, used: int) -> None:
        """Let go of what was held, and give back what was not used of it."""
        if self._left is None:
            return
        async with self._changed:
            self._held -= granted
            self._left += max(0, granted - used)
            self._changed.notify_all()
