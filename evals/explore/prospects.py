"""Prospects: what could happen next to a run that waits: a person answers, or time passes. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from evals.explore import alphabet, happenings
from evals.explore.desk import Desk
from evals.explore.points import Option
from evals.explore.state import State
from evals.history import Sent
from planner.runs import PersonAnswer, PersonQuestion


class Given(NamedTuple):
    """A person's answer."""

    question: PersonQuestion
    choice: str
    at: datetime


CANCEL = Option("a person cancels the run", 1, "cancel")
"""What a person may do about any run that waits, where that is explored."""


def prospects(state: State, wake_at: datetime | None) -> list[Option]:
    """Return what could happen next; nothing where the run waits for ever. What comes first costs no fault.

    Args:
        state: the run as it waits.
        wake_at: when it wants to be looked at again.
    """
    found = _prospects(state, wake_at)
    return [option._replace(faults=0) for option in found[:1]] + found[1:]


def _prospects(state: State, wake_at: datetime | None) -> list[Option]:
    open_ = [each for each in state.questions.values() if each.status == "open"]
    found = [
        Option(alphabet.answered(question.path, choice), value=Given(question, choice, state.now))
        for question in open_
        for choice in alphabet.person(question, state.calls)
    ]
    coming = _coming(state, wake_at)
    found += coming
    if wake_at is None or any(option.value == wake_at for option in coming):
        return found
    due = next((question for question in open_ if question.deadline == wake_at), None)
    if due is None:
        return [*found, Option("time passes", value=wake_at)]
    late = [
        Option(f"{alphabet.answered(due.path, choice)} too late", 1, Given(due, choice, wake_at))
        for choice in alphabet.person(due, state.calls)[:1]
    ]
    return [*found, Option(alphabet.unanswered(due.path), 1, wake_at), *late]


def _coming(state: State, wake_at: datetime | None) -> list[Option]:
    """Return how events may come that are waited for; of what could not be made up, only that it does not."""
    entries = [unit.entry.entry for unit in state.units]
    open_ = [each for each in happenings.awaited(entries) if each.spot in state.expected]
    unknown = {each.spot for each in open_ if state.expected[each.spot] is None}
    found = happenings.prospects(open_, wake_at, state.now)
    return [
        option
        for option in found
        if not isinstance(option.value, happenings.Coming) or option.value.spot not in unknown
    ]


def happen(state: State, option: Option, desk: Desk) -> State:
    """Return the state in which the run is taken up after one of its prospects came true."""
    if option == CANCEL:
        return state.cancel().again()
    if isinstance(option.value, datetime):
        return state.moved(option.value).again()
    if isinstance(option.value, happenings.Coming):
        return state.moved(option.value.at).told_of(option.value).again()
    given: Given = option.value
    state = state.moved(given.at)
    if desk.accepts(given.question, state.now):
        state = _answered(state, given)
    return state.again()


def _answered(state: State, given: Given) -> State:
    question, choice = given.question, given.choice
    value = _value(question, state.calls) if choice == "applied" else None
    answer = PersonAnswer(choice=choice, actor="u-1", value=value, at=given.at)
    state = state.answered(question.decision_id, answer)
    if question.kind == "undo" and choice in {"done", "leave"}:
        spot = (question.path.rpartition(":")[2], question.visit)
        state = state._replace(by_hand=state.by_hand | {spot})
    return state


def _value(question: PersonQuestion, calls: Sequence[Sent]) -> Any:
    """Return what a person who says that a call was applied has read in the service's books."""
    path = question.path.rpartition(":")[2]
    own = [call for call in calls if (call.path, call.visit) == (path, question.visit) and call.applied]
    return own[-1].output if own else None
