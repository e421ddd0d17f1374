"""Answers: what model, persons and the world outside said in a recorded run, as a case says it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from evals import overrides
from evals.recorded import record
from evals.recorded.calls import duration
from graphs.retracing import Recording
from planner.decisions import Attempt, Decision
from planner.events import Event
from planner.journal import Entry
from planner.runs import PersonAnswer, PersonQuestion

NO_MODEL = "no_model_configured"
_UNUSABLE = "what was answered here could not be used, and is not recorded"
_SHORTEST = 0.001
"""Seconds after which a person answers at the earliest."""


def model(decisions: Sequence[Decision]) -> str | dict[str, list[Any]]:
    """Return what the model said by decision point, or `absent` where none was there."""
    asked = [each for each in decisions if each.asked_model]
    if asked and all(NO_MODEL in each.anomalies for each in asked):
        return "absent"
    found: dict[str, list[Any]] = {}
    for each in asked:
        found.setdefault(each.path, []).append(_said(each))
    return found


def persons(recording: Recording) -> dict[str, list[Any]]:
    """Return what persons answered, question by question, `never` where nobody did in time; and overrode."""
    decided = record.decided(recording)
    found: dict[str, list[Any]] = {}
    for entry in record.of_kind(recording, "asked"):
        made = decided.get(entry.body["decision_id"])
        question = recording.loaded.questions.get(entry.body["decision_id"])
        is_answered = made is not None and made.decided_by == "person"
        answer = question.answer if is_answered and question is not None else None
        told = "never" if answer is None or question is None else _answered(question, answer)
        found.setdefault(entry.path, []).append(told)
    for made in decided.values():
        if made.overrides is not None:
            old = decided[made.overrides]
            found.setdefault(overrides.name(old), []).append(_override(old, made))
    return found


def events(recording: Recording, began: datetime) -> list[dict[str, Any]]:
    """Return the events that steps took, each when it was taken."""
    return [
        _event(entry, began)
        for entry in record.of_kind(recording, "event")
        if entry.body["event_id"] is not None
    ]


def _said(decision: Decision) -> dict[str, Any]:
    classes = [each.outcome_class for each in decision.attempts]
    if len(classes) > 1 and len(set(classes)) > 1:
        return {"attempts": [_reply(decision, each) for each in decision.attempts]}
    return _reply(decision, decision.attempts[-1] if decision.attempts else None)


def _reply(decision: Decision, attempt: Attempt | None) -> dict[str, Any]:
    """Return what came back to one request; the last one tells what the decision took from it."""
    is_last = attempt is None or attempt is decision.attempts[-1]
    # Where a budget ended it, the last request came to something else than the decision.
    is_own = attempt is None or (is_last and decision.outcome_class != "budget")
    outcome_class = decision.outcome_class if is_own or attempt is None else attempt.outcome_class
    delay = {"delay": duration(attempt.ms / 1000)} if attempt is not None and attempt.ms else {}
    if outcome_class in {"ok", "abstained"}:
        return {**_choice(decision), **_usage(decision, is_last=is_last), **delay}
    if outcome_class == "invalid":
        told = (decision.raw_output if is_last else None) or _UNUSABLE
        return {"content": told, **_usage(decision, is_last=is_last), **delay}
    return {"fault": outcome_class}


def _choice(decision: Decision) -> dict[str, Any]:
    sure = decision.confidence
    is_trusted = sure is not None and "confidence_not_trusted" not in decision.anomalies
    return {
        "choose": decision.proposed or decision.choice,
        "reason": decision.reason,
        "confidence": sure.value if sure is not None and is_trusted else None,
    }


def _usage(decision: Decision, *, is_last: bool) -> dict[str, list[int]]:
    """Return the tokens that a reply counts; a record tells those of all replies in one sum."""
    used = decision.usage
    if not used.total:
        return {}
    return {"usage": [used.input, used.output] if is_last else [0, 0]}


def _answered(question: PersonQuestion, answer: PersonAnswer) -> dict[str, Any]:
    after = max(_SHORTEST, (answer.at - question.asked_at).total_seconds())
    told: dict[str, Any] = {"choose": answer.choice, "after": duration(after), "actor": answer.actor}
    if answer.comment:
        told["comment"] = answer.comment
    if answer.value is not None:
        told["value"] = answer.value
    return told


def _override(old: Decision, made: Decision) -> dict[str, Any]:
    after = max(_SHORTEST, (made.ts - old.ts).total_seconds())
    told: dict[str, Any] = {"override": made.choice, "after": duration(after), "actor": made.actor}
    return {**told, "comment": made.comment} if made.comment else told


def _event(entry: Entry, began: datetime) -> dict[str, Any]:
    told = dict(entry.body["event"])
    seconds = max(0.0, (entry.at - began).total_seconds())
    own = {name: value for name, value in told.items() if name in Event.model_fields and value is not None}
    further = {name: value for name, value in told.items() if name not in Event.model_fields}
    return {**own, **({"extensions": further} if further else {}), "after": duration(seconds)}
