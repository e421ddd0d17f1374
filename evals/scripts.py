"""Scripts: which answer of a case comes next, and what to say when none does."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from evals import match
from evals.answers import FOREVER, Times
from evals.errors import ScriptUnmatched
from tools.wording import hint, show

_RUNTIME = re.compile(r"\[\d+\]|~\d+")


class Scripted(Protocol):
    """An answer as a case writes it."""

    @property
    def when(self) -> Any:
        """What it answers."""
        ...

    @property
    def times(self) -> Times:
        """How often it may be given."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """Which fields are told."""
        ...


A = TypeVar("A", bound=Scripted)


def declared(path: str) -> str:
    """Return the path of a step as the definition has it: without the items and rounds of a run."""
    return _RUNTIME.sub("", path)


@dataclass
class _Slot(Generic[A]):
    answer: A
    taken: int = 0

    @property
    def left(self) -> bool:
        return self.answer.times == FOREVER or self.taken < int(self.answer.times)

    def difference(self, shown: Any) -> match.Difference | None:
        if "when" not in self.answer.model_fields_set:
            return None
        return match.difference(self.answer.when, shown)


class Script(Generic[A]):
    """The answers of one kind, by decision point or operation; each is given as often as it says."""

    def __init__(self, answers: Mapping[str, Sequence[A]], *, own: Iterable[str], what: str) -> None:
        """Take in the answers.

        Args:
            answers: in order, by decision point or operation.
            own: the names that the case itself has answers for, and must use.
            what: what the names are, for messages, such as `operation`.
        """
        self._slots = {name: [_Slot(answer) for answer in given] for name, given in answers.items()}
        self._own, self._what = tuple(own), what

    @property
    def names(self) -> list[str]:
        """What there are answers for."""
        return sorted(self._slots)

    def take(self, name: str, shown: Any) -> A:
        """Return the next answer that fits what is shown.

        Raises:
            ScriptUnmatched: there is none; tells what was asked and what comes nearest.
        """
        found = self.find(name, shown)
        if found is None:
            raise ScriptUnmatched(
                f"{self._what} {name!r} was asked with {show(shown)}, and {self._why(name, shown)}"
            )
        return found

    def find(self, name: str, shown: Any) -> A | None:
        """Return the next answer that fits what is shown; None where there is none."""
        for slot in self._found(name):
            if slot.left and slot.difference(shown) is None:
                slot.taken += 1
                return slot.answer
        return None

    def unused(self) -> list[str]:
        """Return a sentence for every answer of the case's own that was never asked for."""
        return [
            f"{self._what} {name!r}: answer {place} of {len(self._slots[name])} {_missed(slot)}"
            for name in self._own
            for place, slot in enumerate(self._slots[name], start=1)
            if slot.taken == 0 or (slot.left and slot.answer.times != FOREVER)
        ]

    def _found(self, name: str) -> list[_Slot[A]]:
        exact = self._slots.get(name)
        return exact if exact is not None else self._slots.get(declared(name), [])

    def _why(self, name: str, shown: Any) -> str:
        slots = self._found(name)
        if not slots:
            near = f" {hint(name, self._slots)}" if self._slots else ""
            return f"the case has no answer for it; write one under {name!r}.{near}"
        left = [slot for slot in slots if slot.left]
        if not left:
            count = "its only answer is" if len(slots) == 1 else f"its {len(slots)} answers are"
            return f"{count} used up; write another, or give one `times`"
        nearest = max(
            (told for slot in left if (told := slot.difference(shown))), key=lambda told: len(told.pointer)
        )
        return f"none of the answers that are left fits: the nearest differs at {nearest}"


def _missed(slot: _Slot[Any]) -> str:
    if slot.taken == 0:
        return "was never asked for"
    return f"was asked for {slot.taken} of {slot.answer.times} times"
