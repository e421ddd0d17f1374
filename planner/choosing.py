"""Choosing: from a question and an answer to one recorded decision. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from planner import tenants
from planner.decisions import (
    Answer,
    DecidedBy,
    Decision,
    Mode,
    OutcomeClass,
    Question,
    Trigger,
    Usage,
    WorkflowRef,
    digest,
    ids,
)

By = Literal["model", "rule", "person"]

_AS_TOLD = ("reason", "confidence", "probabilities", "model", "attempts", "usage", "raw_output")
"""What the record takes over from the answer as it is."""


class Where(NamedTuple):
    """Which decision of which run it is."""

    decision_id: str
    run_id: str
    tenant: str = tenants.DEFAULT
    workflow: WorkflowRef | None = None
    path: str = ""
    visit: int = 1
    attempt: int = 1
    mode: Mode = "live"


class Settled(NamedTuple):
    """A choice, and how it came about."""

    decided_by: DecidedBy
    choice: str
    outcome_class: OutcomeClass
    anomaly: str = ""


def preset(question: Question, *, otherwise: str, by: By) -> Settled | None:
    """Return the choice that needs nobody's answer, or None when somebody must be asked."""
    available = ids(question.available)
    if not available:
        return Settled("otherwise", otherwise, "ok")
    if len(available) == 1:
        return Settled("only_option", available[0], "ok")
    return Settled("rule", available[0], "ok") if by == "rule" else None


def conclude(  # noqa: PLR0913 - each argument is one fact of the record
    question: Question,
    answer: Answer | None,
    where: Where,
    *,
    ts: datetime,
    duration_ms: float = 0.0,
    by: By,
    otherwise: str,
    min_confidence: float = 0.0,
    trigger: Trigger | None = None,
    given_fields: Sequence[str] = (),
    budget_left: Mapping[str, float] | None = None,
    actor: str | None = None,
    comment: str | None = None,
) -> Decision:
    """Return the decision; its choice is an available option or `otherwise`, whatever came back."""
    heard = answer or Answer(outcome_class="unavailable" if by == "model" else "timeout")
    settled = None if answer else preset(question, otherwise=otherwise, by=by)
    asked = settled is None
    final = settled or _settle(question, heard, by=by, otherwise=otherwise, min_confidence=min_confidence)
    told = heard if asked else Answer(outcome_class="ok")
    return Decision(
        **where._asdict(),
        kind=question.kind,
        point=question.point,
        ts=ts,
        duration_ms=duration_ms,
        question=question.question,
        trigger=trigger,
        options=question.options,
        option_order=ids(question.shown),
        decided_by=final.decided_by,
        choice=final.choice,
        proposed=told.choice if told.choice != final.choice else None,
        outcome_class=final.outcome_class,
        min_confidence=min_confidence,
        given=question.given,
        given_fields=tuple(given_fields),
        given_sha256=digest(question.given),
        **{name: getattr(told, name) for name in _AS_TOLD},
        anomalies=told.anomalies + ((final.anomaly,) if final.anomaly else ()),
        deadline_ms=int(question.deadline_seconds * 1000) if asked and by == "model" else None,
        budget_left=dict(budget_left or {}),
        actor=actor,
        comment=comment,
    )


def instead(
    old: Decision,
    choice: str,
    *,
    decision_id: str,
    ts: datetime,
    actor: str,
    comment: str,
    **changed: Any,
) -> Decision:
    """Return the decision by which a person puts another choice in the place of an old one's."""
    told: dict[str, Any] = {
        "decision_id": decision_id,
        "ts": ts,
        "duration_ms": 0.0,
        "decided_by": "person",
        "choice": choice,
        "proposed": None,
        "edge_taken": "",
        "outcome_class": "ok",
        "reason": comment,
        "confidence": None,
        "probabilities": {},
        "model": None,
        "attempts": (),
        "usage": Usage(),
        "anomalies": (),
        "raw_output": None,
        "deadline_ms": None,
        "actor": actor,
        "comment": comment or None,
        "masked": (),
        "erased": (),
    }
    return old.model_copy(update={**told, **changed})


def _settle(question: Question, answer: Answer, *, by: By, otherwise: str, min_confidence: float) -> Settled:
    outcome_class = answer.outcome_class
    if outcome_class != "ok":
        return Settled("otherwise", otherwise, outcome_class)
    if answer.choice is None or answer.choice not in ids(question.available):
        return Settled("otherwise", otherwise, "invalid")
    if by == "model" and min_confidence > 0:
        doubt = _doubt(answer, min_confidence)
        if doubt is not None:
            return Settled("otherwise", otherwise, "abstained", doubt)
    return Settled(by, answer.choice, "ok")


def _doubt(answer: Answer, min_confidence: float) -> str | None:
    """Return why the choice does not pass the threshold, as an anomaly or "", or None where it does."""
    sure = answer.confidence
    if sure is not None and not sure.gates:
        return "confidence_not_trusted"
    return None if sure is not None and sure.value >= min_confidence else ""
