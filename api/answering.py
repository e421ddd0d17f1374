"""Answering: a person's answer to a decision, checked before it is kept; the same for every entrance."""

from typing import Any

from planner import story
from planner.errors import AnswerInvalid, DecisionClosed, DecisionUnknown
from planner.runs import PersonAnswer, PersonQuestion
from planner.store import decisions, questions
from tools import schemas

APPLIED = "applied"
"""The option by which a person says that a call in doubt took effect."""


def answer(tx: Any, decision_id: str, given: PersonAnswer) -> PersonQuestion:
    """Answer the question and wake its run; of two answers exactly one wins.

    Raises:
        DecisionUnknown: no decision has this id.
        DecisionClosed: it was answered, expired, or never put to a person.
        AnswerInvalid: the choice was not offered, or brings a value that does not fit.
    """
    question = _question(tx, decision_id)
    if question.status == "open" and given.value is not None:
        _check_value(question, given)
    return questions.answer(tx, decision_id, given)


def _question(tx: Any, decision_id: str) -> PersonQuestion:
    """Return the question with this id; a decision that nobody was asked for is closed from the start."""
    try:
        return questions.get(tx, decision_id)
    except DecisionUnknown:
        decided = decisions.get(tx, decision_id)
        raise DecisionClosed(decision_id, story.decided(decided)) from None


def _check_value(question: PersonQuestion, given: PersonAnswer) -> None:
    if given.choice != APPLIED or question.kind != "recover":
        raise AnswerInvalid(question.decision_id, f"only the option {APPLIED!r} of a recovery brings a value")
    found = schemas.problems(question.value_schema or {}, given.value, path="/value")
    if found:
        raise AnswerInvalid(question.decision_id, "; ".join(map(str, found)), found)
