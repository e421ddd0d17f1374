"""People: pretended persons who answer questions of a run after some time, or never."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from evals import answers
from evals.errors import AnswerImpossible
from evals.scripts import Script
from planner.decisions import ids
from planner.runs import PersonAnswer, PersonQuestion
from tools import schemas


class Planned(NamedTuple):
    """An answer that will be given."""

    decision_id: str
    at: datetime
    answer: answers.PersonAnswer


class ScriptedPeople:
    """Knows what will be answered to each question, and when."""

    def __init__(self, script: Script[answers.PersonAnswer]) -> None:
        self._script = script
        self._planned: dict[str, Planned | None] = {}

    def hear(self, questions: Mapping[str, PersonQuestion]) -> None:
        """Take in the questions that are new.

        Raises:
            ScriptUnmatched: the case has no answer to one of them.
        """
        for decision_id, question in questions.items():
            if decision_id not in self._planned:
                told = self._script.take(question.path, question.given)
                at = question.asked_at + told.after
                is_never = told.choose is None
                self._planned[decision_id] = None if is_never else Planned(decision_id, at, told)

    def next(self, questions: Mapping[str, PersonQuestion]) -> Planned | None:
        """Return the earliest answer that is still to be given in time."""
        waiting = [
            planned
            for planned in self._planned.values()
            if planned is not None and _in_time(planned, questions[planned.decision_id])
        ]
        return min(waiting, key=lambda planned: planned.at, default=None)


def answered(question: PersonQuestion, planned: Planned) -> PersonQuestion:
    """Return the question with its answer.

    Raises:
        AnswerImpossible: no person could give this answer.
    """
    told = planned.answer
    offered = [option.id for option in question.options if option.available]
    if told.choose not in offered:
        found = "not offered" if told.choose in ids(question.options) else "not among the options"
        raise AnswerImpossible(
            f"a person cannot answer {told.choose!r} at {question.path!r}: it is {found}; "
            f"offered are {', '.join(offered)}"
        )
    if told.value is not None and question.value_schema is not None:
        for problem in schemas.problems(question.value_schema, told.value):
            raise AnswerImpossible(f"the value of the answer at {question.path!r} is not right: {problem}")
    given = PersonAnswer(
        choice=told.choose, actor=told.actor, comment=told.comment, value=told.value, at=planned.at
    )
    return question.model_copy(update={"status": "answered", "answer": given})


def _in_time(planned: Planned, question: PersonQuestion) -> bool:
    """Tell whether the question will still be open; at the very deadline it no longer is."""
    return question.status == "open" and (question.deadline is None or planned.at < question.deadline)
