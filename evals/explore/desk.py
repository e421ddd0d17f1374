"""The desk: where persons' answers are taken in, or refused."""

from datetime import datetime

from planner.runs import PersonQuestion


class Desk:
    """Takes an answer before the deadline of its question, as cases do."""

    def accepts(self, question: PersonQuestion, at: datetime) -> bool:
        """Tell whether an answer given at a time still counts; at the very deadline it no longer does."""
        return question.deadline is None or at < question.deadline
