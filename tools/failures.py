"""Failures: how a Python function tells what became of its work.

A function may raise one of these, or any exception whose `planner_outcome` is "rejected", "not_sent" or
"unknown". Every other exception counts as `unknown`, whatever the effect class: the work may have been done.

Failure
├── Rejected   a definitive no: nothing was done, and asking the same again gives the same answer
├── NotSent    the work was never begun: asking again can do no harm
└── InDoubt    the work may or may not have been done
"""

from typing import ClassVar, Literal

FailureClass = Literal["rejected", "not_sent", "unknown"]

CLASSES: frozenset[str] = frozenset({"rejected", "not_sent", "unknown"})


class Failure(Exception):
    """A function could not do what it was asked."""

    planner_outcome: ClassVar[FailureClass] = "unknown"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.code, self.status, self.retry_after = code, status, retry_after
        super().__init__(message)


class Rejected(Failure):
    """The answer is no, and nothing was done."""

    planner_outcome = "rejected"


class NotSent(Failure):
    """The work was never begun."""

    planner_outcome = "not_sent"


class InDoubt(Failure):
    """The work may or may not have been done."""

    planner_outcome = "unknown"
