"""Histories: what happened on one path so far, as services, journal and log have it. Immutable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from planner.definition import AnyStep, Workflow, canonical
from planner.journal import Entry
from planner.runs import PersonQuestion
from tools.catalog import Catalog
from tools.operations import EffectClass
from tools.outcomes import OutcomeClass

Spot = tuple[str, int]
"""Path and visit of a step."""


NEVER_SENT = "never sent"
"""What is told of a call that an ended process was about to make."""


class Sent(NamedTuple):
    """One call, as the service's own books have it and as the run heard of it."""

    operation: str
    effect: EffectClass
    """What the service really does; the run's catalogue may be wrong about it."""
    arguments: Mapping[str, Any]
    key: str | None
    outcome: OutcomeClass
    """What the run heard."""
    applied: bool
    """Whether the service did the work."""
    output: Any = None
    """What the service answered, or would have."""
    path: str = ""
    visit: int = 1
    attempt: int = 1
    undoes: str | None = None
    """Path of the effect that it takes back."""
    told: str = ""
    """What became of it, in words."""

    @property
    def spot(self) -> Spot:
        """Where in the run it was made."""
        return self.path, self.visit

    @property
    def is_forward(self) -> bool:
        """Whether it is a step's own call, and neither looks up nor takes back."""
        return ":" not in self.path


def unsent(entry: Entry, catalog: Catalog) -> Sent:
    """Return the call that a process was about to make when it ended, from the entry that tells of it."""
    name, arguments = entry.body["operation"], entry.body["arguments"]
    effect, key = catalog.operation(name).effect, entry.body.get("key")
    return Sent(name, effect, arguments, key, "unknown", applied=False, told=NEVER_SENT)


class Effect(NamedTuple):
    """What a service's books show of one or more calls that count as one."""

    operation: str
    arguments: Mapping[str, Any]
    output: Any
    key: str | None
    path: str
    visit: int
    undone: bool = False


@dataclass(frozen=True)
class History:
    """What happened on one path so far."""

    workflow: Workflow
    catalog: Catalog
    """What the services really do."""
    calls: Sequence[Sent] = ()
    entries: Sequence[Entry] = ()
    """The journal."""
    decisions: Sequence[Mapping[str, Any]] = ()
    """Decision records."""
    questions: Mapping[str, PersonQuestion] = field(default_factory=dict)
    by_hand: frozenset[Spot] = frozenset()
    """Effects that a person took back, or let be."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values of the steps by name, as far as they have run."""
    input: Any = None
    status: str | None = None
    """How the run ended; None while it goes on."""
    error: str | None = None
    cancelled: int | None = None
    """How many calls there were when a person cancelled the run; None where nobody is known to have."""
    step: Callable[[str], AnyStep | None] = lambda _path: None
    """Finds a step by its path in the run."""
    broken: str | None = None
    """An expression that could not be evaluated, in words."""

    @cached_property
    def effects(self) -> Sequence[Effect]:
        """What the services' books show."""
        return books(self.calls, self.by_hand)


def books(calls: Sequence[Sent], by_hand: frozenset[Spot] = frozenset()) -> list[Effect]:
    """Return the effects that the services' books show, in the order in which they were applied."""
    found: dict[tuple[object, ...], Effect] = {}
    for place, call in enumerate(calls):
        if not call.applied or call.effect == "read":
            continue
        if call.undoes is not None:
            _take_back(found, (call.undoes, call.visit))
        elif call.is_forward:
            spot = (call.operation, *call.spot, _identity(call, place))
            effect = Effect(call.operation, call.arguments, call.output, call.key, call.path, call.visit)
            found.setdefault(spot, effect)
    return [
        effect._replace(undone=True) if (effect.path, effect.visit) in by_hand else effect
        for effect in found.values()
    ]


def _identity(call: Sent, place: int) -> object:
    """Return what two calls share of which the second adds no effect."""
    if call.effect == "keyed" and call.key is not None:
        return call.key
    return canonical(call.arguments) if call.effect == "idempotent" else place


def _take_back(found: dict[tuple[object, ...], Effect], spot: Spot) -> None:
    """Mark the newest effect of a visit that stands as taken back."""
    standing = [mark for mark, each in found.items() if (each.path, each.visit) == spot and not each.undone]
    if standing:
        found[standing[-1]] = found[standing[-1]]._replace(undone=True)
