"""Overrides: pretended persons who put another option in the place of a choice before it is acted on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from evals.answers import PersonAnswer
from evals.errors import AnswerImpossible
from evals.scripts import Script
from graphs import overrides as replacing
from graphs.overrides import OverrideRequest
from planner.decisions import Decision
from planner.definition import AnyStep
from planner.errors import AnswerInvalid, DecisionClosed
from planner.journal import Append, Numbered
from planner.runs import Run

Persons = Mapping[str, Sequence[PersonAnswer]]


class Planned(NamedTuple):
    """An override that will be tried."""

    decision: Decision
    at: datetime
    answer: PersonAnswer


class ScriptedOverrides:
    """Knows which choices will be overridden, and when."""

    def __init__(self, script: Script[PersonAnswer]) -> None:
        self._script = script
        self._heard: set[str] = set()
        self._planned: list[Planned] = []

    def hear(self, decisions: Iterable[Mapping[str, Any]]) -> None:
        """Take in the decisions that are new; a case need not have an override for any of them."""
        for told in decisions:
            if told["decision_id"] in self._heard or told["kind"] != "choose":
                continue
            self._heard.add(told["decision_id"])
            decision = Decision.model_validate(told)
            answer = self._script.find(name(decision), decision.given)
            if answer is not None:
                self._planned.append(Planned(decision, decision.ts + answer.after, answer))

    def next(self) -> Planned | None:
        """Return the earliest one that was not tried yet."""
        return min(self._planned, key=lambda planned: planned.at, default=None)

    def tried(self, planned: Planned) -> None:
        """Take note that one was tried."""
        self._planned.remove(planned)


def instead(
    planned: Planned, run: Run, entries: Sequence[Numbered], *, step: AnyStep | None, new_id: str
) -> Append | None:
    """Return what an override adds to the journal of a run that waits; None where the choice was acted on.

    Raises:
        AnswerImpossible: no person could override it so.
    """
    old, told = planned.decision, planned.answer
    wanted = OverrideRequest(to=told.override or "", comment=told.comment)
    try:
        replacing.check(old, wanted.to)
        made = replacing.instead(
            old, wanted, run, entries, step=step, new_id=new_id, actor=told.actor, now=planned.at
        )
    except AnswerInvalid as exc:
        raise AnswerImpossible(f"a person cannot override the choice at {old.path!r}: {exc}") from exc
    except DecisionClosed:
        return None
    decided = (made.decision.model_dump(mode="json"),)
    return Append(run.id, run.epoch, (made.entry,), decisions=decided, closed=made.closed)


def name(decision: Decision) -> str:
    """Return the name under which a case has what overrides a choice: its path, with the visit behind it."""
    return decision.path if decision.visit == 1 else f"{decision.path}~{decision.visit}"


def answers(persons: Persons) -> dict[str, list[PersonAnswer]]:
    """Return what persons answer to questions."""
    return _those(persons, is_override=False)


def overrides(persons: Persons) -> dict[str, list[PersonAnswer]]:
    """Return what persons put in the place of choices."""
    return _those(persons, is_override=True)


def _those(persons: Persons, *, is_override: bool) -> dict[str, list[PersonAnswer]]:
    found = {
        path: [each for each in told if (each.override is not None) is is_override]
        for path, told in persons.items()
    }
    return {path: told for path, told in found.items() if told}
