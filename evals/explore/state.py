"""States: all that a path has come to, so that it can be taken up again at any point. Immutable."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from evals.explore import happenings
from evals.explore.happenings import Coming
from evals.explore.points import Option
from evals.history import Sent, Spot
from graphs.runner import Ended
from planner.effects import Ledger
from planner.events import Event, KeptEvent
from planner.journal import Numbered
from planner.runs import PersonAnswer, PersonQuestion

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When every path begins."""


class Used(NamedTuple):
    """What a stretch of a path used."""

    calls: int = 0
    model_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def plus(self, other: "Used") -> "Used":
        """Return both together."""
        return Used(
            self.calls + other.calls,
            self.model_calls + other.model_calls,
            self.tokens + other.tokens,
            self.seconds + other.seconds,
        )


class Unit(NamedTuple):
    """What was written at once."""

    entry: Numbered
    decisions: tuple[dict[str, Any], ...] = ()
    questions: tuple[PersonQuestion, ...] = ()
    closed: tuple[str, ...] = ()


class State(NamedTuple):
    """The journal, the services' books and what persons said; a run goes on from it without asking again."""

    units: tuple[Unit, ...] = ()
    """What the run had written, in order."""
    durable: int = 0
    """How many of them are surely kept."""
    began: int = 0
    """How many there were when the current execution began."""
    is_first: bool = True
    calls: tuple[Sent, ...] = ()
    answers: Mapping[str, PersonAnswer] = {}
    """What persons answered, by decision."""
    by_hand: frozenset[Spot] = frozenset()
    """Effects that persons took back, or let be."""
    now: datetime = START
    parked_seconds: float = 0.0
    """Time that passed while the run waited."""
    ids: int = 0
    executions: int = 0
    lasting: frozenset[str] = frozenset()
    """Faults that go on."""
    questions: Mapping[str, PersonQuestion] = {}
    """Every question to a person as it stands, by decision."""
    events: tuple[KeptEvent, ...] = ()
    """What came from outside."""
    expected: Mapping[Spot, Event | None] = {}
    """What each step that waits would take; None where nothing could be made up."""
    turn: str = ""
    """Path of the call that is about to be made, where calls beside it wait for their turn."""
    cancelled: int | None = None
    """How many calls there were when a person cancelled the run; None where nobody did."""
    ledger: Ledger | None = None
    """What stands after the units; None where it is to be counted from them."""
    values: Mapping[str, Any] | None = None
    """Values of the steps when the run began to end; None before."""
    waiting: Ended | None = None
    """What the run waits for; None while it is moved."""

    @property
    def numbered(self) -> list[Numbered]:
        """The journal."""
        return [unit.entry for unit in self.units]

    @property
    def decisions(self) -> list[dict[str, Any]]:
        """The decision records."""
        return [told for unit in self.units for told in unit.decisions]

    @property
    def pending(self) -> int:
        """How many entries may be lost with the process, since nobody waited for them."""
        return len(self.units) - self.durable

    def wrote(self, unit: Unit) -> "State":
        """Return the state after one more unit was written."""
        units = (*self.units, unit)
        if unit.questions or unit.closed:
            return self._replace(units=units, questions=_told(self.questions, unit), ledger=None)
        return self._replace(units=units, ledger=None)

    def answered(self, decision_id: str, answer: PersonAnswer) -> "State":
        """Return the state after a person answered a question."""
        answers = {**self.answers, decision_id: answer}
        return self._replace(answers=answers, questions=_answered(self.questions, {decision_id: answer}))

    def crashed(self, kept: int) -> "State":
        """Return the state after the process ended with so many units kept."""
        questions: Mapping[str, PersonQuestion] = {}
        for unit in self.units[:kept]:
            questions = _told(questions, unit)
        return self._replace(
            units=self.units[:kept],
            questions=_answered(questions, self.answers),
            ledger=None,
            turn="",
            durable=kept,
            began=kept,
            is_first=False,
            executions=self.executions + 1,
        )

    def moved(self, now: datetime) -> "State":
        """Return the state at a later time, when outages are over."""
        passed = max(now - self.now, timedelta())
        return self._replace(
            now=self.now + passed,
            parked_seconds=self.parked_seconds + passed.total_seconds(),
            lasting=frozenset(),
        )

    def cancel(self) -> "State":
        """Return the state after a person cancelled the run."""
        return self._replace(cancelled=len(self.calls))

    def again(self) -> "State":
        """Return the state in which the run is taken up."""
        return self._replace(
            waiting=None, began=len(self.units), is_first=False, executions=self.executions + 1
        )

    def told_of(self, coming: Coming) -> "State":
        """Return the state once an event has come, as often as it does."""
        event = self.expected.get(coming.spot)
        if event is None:
            return self
        number = len(self.events)
        came = (happenings.kept(event, number + place, coming.at) for place in range(coming.times))
        return self._replace(events=(*self.events, *came))

    def lasts(self, kind: str, label: str, option: Option) -> "State":
        """Return the state after a fault that may go on, or is over since another call was answered."""
        others = frozenset(each for each in self.lasting if not each.startswith(f"{kind}|"))
        return self._replace(lasting=others | {f"{kind}|{label}|{option.name}"} if option.lasts else others)


def _told(questions: Mapping[str, PersonQuestion], unit: Unit) -> dict[str, PersonQuestion]:
    """Return the questions as they stand after a unit; whoever answered one in time, answered it."""
    found = {**questions, **{opened.decision_id: opened for opened in unit.questions}}
    for decision_id in unit.closed:
        if decision_id in found and found[decision_id].answer is None:
            found[decision_id] = found[decision_id].model_copy(update={"status": "expired"})
    return found


def _answered(
    questions: Mapping[str, PersonQuestion], answers: Mapping[str, PersonAnswer]
) -> dict[str, PersonQuestion]:
    given = {
        decision_id: questions[decision_id].model_copy(update={"status": "answered", "answer": answer})
        for decision_id, answer in answers.items()
    }
    return {**questions, **given}
