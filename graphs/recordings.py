"""Recordings: services, model, persons and time as a run that is over met them, for one that only thinks."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from planner.decisions import FILLING_SECONDS, Answer, Brief, Decision, Filled, Question, digest, ids
from planner.journal import Entry, Numbered
from planner.runs import PersonAnswer, PersonQuestion
from tools.http import Fence
from tools.operations import Operation
from tools.outcomes import Outcome

FROM_RECORD = "from_record"
"""Anomaly that every answer bears which was not given anew."""
LONGEST_SHOWN = 200
"""Characters of data that the sentence holds which says what is not recorded."""
_OUTCOME = ("output", "status", "code", "error", "retry_after", "ms")
_REPEATED = frozenset({"read", "idempotent"})


class NotRecorded(Exception):  # a signal of flow, not an error
    """What is wanted now did not happen in the recorded run."""


class RecordedCaller:
    """Services that answer a call as they answered the same one in the recorded run; none is ever called."""

    def __init__(self, entries: Iterable[Numbered], *, after: int) -> None:
        self._answers: dict[str, deque[Outcome]] = {}
        self._earlier: dict[str, Outcome] = {}
        """Newest answers to reads before the fork, for those that were not read again."""
        for seq, entry in entries:
            if entry.kind == "outcome":
                self._take(entry, earlier=seq < after)

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return the recorded outcome; what may be repeated is answered alike every further time.

        Raises:
            NotRecorded: the recorded run made no such call, or not so often.
        """
        del key, timeout, fence
        wanted = _identity(operation.name, arguments)
        answers = self._answers.get(wanted)
        if answers:
            stays = len(answers) == 1 and operation.effect in _REPEATED
            return answers[0] if stays else answers.popleft()
        if wanted in self._earlier:
            return self._earlier[wanted]
        raise NotRecorded(f"{operation.name} was not called with {_brief(arguments)} in the recorded run")

    def unavailable(self, service: str) -> str | None:
        """Tell that every service is there: the record says what it answered."""
        del service
        return None

    def _take(self, entry: Entry, *, earlier: bool) -> None:
        body = entry.body
        told = {name: body[name] for name in _OUTCOME if name in body}
        outcome = Outcome(kind=body["outcome"], **told)
        name = _identity(body["operation"], body["arguments"])
        if not earlier:
            self._answers.setdefault(name, deque()).append(outcome)
        elif body["effect"] == "read":
            self._earlier[name] = outcome


class RecordedDecider:
    """A model that answers a question as it was answered in the recorded run; none is ever asked."""

    def __init__(self, decisions: Iterable[Decision], *, after: int) -> None:
        self._answers: dict[str, deque[Answer]] = {}
        for decision in decisions:
            if decision.run_seq > after and decision.deadline_ms is not None:
                self._answers.setdefault(_asked(decision), deque()).append(_answer(decision))

    async def choose(self, question: Question) -> Answer:
        """Return the recorded answer.

        Raises:
            NotRecorded: the recorded run did not ask this.
        """
        wanted = _identity(
            question.point, [question.question, digest(question.given), sorted(ids(question.available))]
        )
        answers = self._answers.get(wanted)
        if not answers:
            told = f"{question.point} was not asked with {_brief(question.given)}"
            raise NotRecorded(
                f"{told} and the options {', '.join(ids(question.available))} in the recorded run"
            )
        return answers[0] if len(answers) == 1 else answers.popleft()

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Fill in nothing; only the beginning of a run asks for it."""
        del brief, deadline_seconds
        return Filled(outcome_class="unavailable")


class RecordedPeople:
    """Persons who answer a question as they answered it at the same place of the recorded run."""

    def __init__(self, entries: Iterable[Numbered], decisions: Iterable[Decision], *, after: int) -> None:
        self._values = {each.body["decision_id"]: each.body for _, each in entries if each.kind == "decision"}
        self._decisions = {
            (each.path, each.visit, each.attempt): each
            for each in decisions
            if each.run_seq > after and (each.decided_by == "person" or each.outcome_class == "timeout")
        }

    def answer(self, question: PersonQuestion, now: datetime) -> PersonAnswer | None:
        """Return the recorded answer, or None where nobody answered in time.

        Raises:
            NotRecorded: nobody was asked this in the recorded run.
        """
        found = self._decisions.get((question.path, question.visit, question.attempt))
        available = {option.id for option in question.options if option.available}
        same = found is not None and found.kind == question.kind and found.question == question.question
        if found is None or not same:
            raise NotRecorded(
                f"nobody was asked {question.question!r} at {question.path} in the recorded run"
            )
        if found.decided_by != "person":
            return None
        if found.choice not in available:
            raise NotRecorded(f"{found.choice} was answered at {question.path}, which is not offered here")
        value = self._values.get(found.decision_id, {}).get("value")
        return PersonAnswer(
            choice=found.choice,
            actor=found.actor or "person",
            comment=found.comment or "",
            value=value,
            at=now,
        )


class PassingClock:
    """Time that passes at once when somebody waits."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the time that it would be."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self._now += timedelta(seconds=seconds)

    def pass_until(self, due: datetime) -> None:
        """Let the time pass up to `due`."""
        self._now = max(self._now, due)


def _answer(decision: Decision) -> Answer:
    """Return what the model had said; asking it cost nothing this time."""
    usable = decision.decided_by == "model" or decision.outcome_class == "abstained"
    return Answer(
        outcome_class="ok" if usable else decision.outcome_class,
        choice=decision.proposed or (decision.choice if decision.decided_by == "model" else None),
        reason=decision.reason,
        confidence=decision.confidence,
        model=decision.model,
        anomalies=(*decision.anomalies, FROM_RECORD),
    )


def _asked(decision: Decision) -> str:
    available = sorted(option.id for option in decision.options if option.available)
    return _identity(decision.point, [decision.question, decision.given_sha256, available])


def _identity(name: str, data: Any) -> str:
    return f"{name} {json.dumps(data, sort_keys=True, default=str)}"


def _brief(data: Any) -> str:
    written = json.dumps(data, ensure_ascii=False, default=str)
    return written if len(written) <= LONGEST_SHOWN else f"{written[: LONGEST_SHOWN - 1]}…"
