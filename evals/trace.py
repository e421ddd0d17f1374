"""Traces: what happened in the run of a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from evals.invariants import Violation
from evals.services import Call
from planner.effects import Effect, effects
from planner.journal import Numbered
from planner.runs import RunStatus
from tools.records import Record

_REAL_TIME = frozenset({"ms"})
"""What differs from one execution to the next, since it is measured on the real clock."""


class Entry(Record):
    """A journal entry, without what is measured on the real clock."""

    kind: str
    path: str
    visit: int
    attempt: int
    at: datetime
    body: dict[str, Any]


class Trace(Record):
    """What happened in the run of a case."""

    run_id: str
    status: RunStatus
    """`waiting` where only a person could move it."""
    output: Any = None
    error: str | None = None
    path: tuple[str, ...]
    """Paths of the steps, in the order in which they were entered."""
    ways: tuple[tuple[str, str], ...] = ()
    """Paths of steps that are over, or were passed over, each with the name of what followed."""
    decisions: tuple[dict[str, Any], ...]
    """Decision records, in the order in which they were written."""
    calls: tuple[Call, ...]
    """Calls that the run made, those that never left included."""
    entries: tuple[Entry, ...]
    """The journal."""
    effects: tuple[Effect, ...]
    """Effects as the journal tells of them."""
    virtual_s: float
    """Virtual seconds from beginning to end."""
    executions: int
    """How often the run was taken up from its journal."""
    is_witnessed: bool = False
    """Whether the invariants were looked at at every moment."""
    violations: tuple[Violation, ...] = ()
    """What the run did against the invariants, where the case asks for them."""
    model_calls: int = 0
    """Requests that the model's endpoint saw."""

    @property
    def tokens(self) -> int:
        """Tokens in and out, as the endpoint counted them."""
        return sum(
            usage["input"] + usage["output"] for each in self.decisions if (usage := each.get("usage"))
        )

    @property
    def sent(self) -> list[Call]:
        """The calls that left."""
        return [call for call in self.calls if call.sent]

    @property
    def undone(self) -> list[str]:
        """Operations whose effects were taken back, in the order in which that was done."""
        return undone(self.effects)


def undone(found: Sequence[Effect]) -> list[str]:
    """Return the operations whose effects were taken back, in the order in which that was done."""
    names = {(effect.path, effect.visit): effect.operation for effect in found}
    return [
        names[effect.undoes, effect.visit]
        for effect in found
        if effect.undoes is not None and effect.state == "applied"
    ]


def entries(numbered: Sequence[Numbered]) -> tuple[Entry, ...]:
    """Return the journal as traces keep it."""
    return tuple(
        Entry(
            kind=entry.kind,
            path=entry.path,
            visit=entry.visit,
            attempt=entry.attempt,
            at=entry.at,
            body={name: value for name, value in entry.body.items() if name not in _REAL_TIME},
        )
        for _, entry in numbered
    )


def applied(numbered: Sequence[Numbered]) -> tuple[Effect, ...]:
    """Return the effects that the journal tells of."""
    return tuple(effects(numbered))
