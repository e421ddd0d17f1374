"""The context of a run: what every step function is handed, and nothing global."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from graphs import blocks
from graphs.blocks import Node, Program
from graphs.scribe import Scribe, Sink
from planner.budgets import Bound, Spent
from planner.choosing import Where
from planner.clock import Clock
from planner.decisions import Decider
from planner.definition import Budget
from planner.effects import Ledger
from planner.errors import LeaseLost
from planner.events import KeptEvent, Wanted
from planner.journal import Entry, EntryKind, Numbered, Recorded
from planner.planning.replanning import Replanner
from planner.runs import PersonQuestion, Run
from planner.snapshots import Snapshot
from tools.catalog import Catalog
from tools.services import Caller

_KEYS = uuid.UUID("6b0f7c1e-3f0c-5c57-9a6e-2f3f1f9f8a51")

SHORT_WAIT_SECONDS = 5.0
"""Longest wait that keeps its task; a longer one parks the run."""

FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""The latest moment that anything waits for."""

Arrived = Callable[[Wanted], AsyncIterator[KeptEvent]]
"""Finds the events that a step may take, in the order in which they arrived."""

Turn = Callable[[str, str], Awaitable[None]]
"""Returns when the call at a path, of an operation, may be begun; branches side by side are ordered by it."""


async def _never() -> bool:
    return False


async def _nothing(_wanted: Wanted) -> AsyncIterator[KeptEvent]:
    nothing: Sequence[KeptEvent] = ()
    for kept in nothing:
        yield kept


async def _no_more() -> Sequence[Numbered]:
    return ()


class Parked(Exception):  # a signal of flow, not an error
    """The step waits for a person or a time; the run gives up its task."""

    def __init__(self, wake_at: datetime | None) -> None:
        self.wake_at = wake_at
        super().__init__(f"parked until {wake_at or 'a person answers'}")


class StepFailed(Exception):
    """The step failed for good, and with it the run."""

    def __init__(self, path: str, message: str, *, undo: bool | None = None) -> None:
        self.path, self.message, self.undo = path, message, undo
        super().__init__(f"{path}: {message}")


class Stopped(Exception):
    """The run is ending, so nothing new may begin."""


class Frame(Mapping[str, Any]):
    """One pass of a sequence: its values by step name, on top of those around it."""

    __slots__ = ("arrivals", "at", "current", "depth", "own", "parent", "prefix", "sequence", "visits")

    def __init__(
        self, sequence: blocks.Sequence, prefix: str, own: dict[str, Any], parent: "Frame | None"
    ) -> None:
        self.sequence, self.prefix, self.own, self.parent = sequence, prefix, own, parent
        self.visits: dict[str, int] = {}
        self.arrivals: dict[str, int] = {}
        self.at: str | None = None
        """The step from which a restored pass goes on; None where it begins at its beginning."""
        self.current: str | None = None
        """The step that the pass came to last."""
        self.depth: int = 0 if parent is None else parent.depth
        """How many workflows run around this one."""

    def __getitem__(self, name: str) -> Any:
        """Return a value by name; a step that has not run is an empty mapping."""
        if name in self.own:
            return self.own[name]
        if name in self.sequence.nodes:
            return {}
        if self.parent is not None:
            return self.parent[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of this pass alone."""
        return iter(self.own)

    def __len__(self) -> int:
        """Count the names of this pass alone."""
        return len(self.own)

    def arrive(self, name: str) -> int:
        """Count that the flow came to a step, whether it runs or is skipped, and return how often it has."""
        self.current = name
        self.arrivals[name] = self.arrivals.get(name, 0) + 1
        return self.arrivals[name]

    def enter(self, name: str) -> int:
        """Count a visit of a step and return its number, from 1."""
        self.visits[name] = self.visits.get(name, 0) + 1
        return self.visits[name]

    def results(self) -> dict[str, Any]:
        """Return the values of the steps that have run in this pass."""
        return {name: self.own[name] for name in self.sequence.nodes if name in self.own}


class Site(NamedTuple):
    """One visit of one step."""

    node: Node
    frame: Frame
    path: str
    """Dotted path of the step in the run, such as `facts.stock.level` or `lines[3].reserve`."""
    visit: int
    """Counted from 1."""


@dataclass
class Context:
    """Everything that belongs to one execution of one run."""

    run: Run
    program: Program
    programs: Mapping[str, Program]
    """Sub-workflows by name, pinned when the run began."""
    catalog: Catalog
    caller: Caller
    decider: Decider
    clock: Clock
    sink: Sink
    new_id: Callable[[], str]
    execute: Callable[[Frame, "Context"], Awaitable[str]]
    """Runs a nested sequence: LangGraph or the plain driver."""
    recorded: Recorded = field(default_factory=Recorded)
    questions: dict[str, PersonQuestion] = field(default_factory=dict)
    """Questions to persons of this run, by decision id, as they stood when it was loaded."""
    arrived: Arrived = _nothing
    """Where events are looked for; nowhere unless told."""
    snapshot: Snapshot | None = None
    """Where the run stood at an earlier entry; what is recorded then begins behind it."""
    is_short: bool = field(default=False, init=False)
    """Whether `recorded` lacks what the snapshot spared."""
    older: Callable[[], Awaitable[Sequence[Numbered]]] = _no_more
    """Reads the whole journal, where a snapshot spared some of it."""
    turn: Turn | None = None
    """Orders the calls of branches; None where they come as they come."""
    recovery_choices: int = 5
    replanner: Replanner | None = None
    """Finds other ways for runs of plans; None where nothing new is planned."""
    spent: Spent = field(default_factory=Spent)
    started_at: datetime | None = None
    failure: StepFailed | None = None
    """The first failure; from then on nothing new begins."""
    wakes: list[datetime | None] = field(default_factory=list)
    """When parked steps want to be looked at again."""
    cancel_requested: bool = False
    is_first: bool = False
    """Whether no execution of the run came before this one."""
    renew: Callable[[], Awaitable[bool]] = _never
    """Prolongs a lease that has ended, unless another process has the run; tells whether it did."""
    lease_until: datetime | None = None
    """When the lease ends under which the run is moved; None where nobody else could take it."""
    draining: bool = False
    """Whether this process stops, so that the run has to go on elsewhere."""
    ending: bool = False
    """Whether the run is past its steps, and only takes back."""
    trail: list[str] = field(default_factory=list)
    """Paths of steps in the order in which they were entered."""
    ways: list[tuple[str, str]] = field(default_factory=list)
    """Paths of steps that are over, or were passed over, each with the name of what followed."""
    taken: set[str] = field(default_factory=set)
    """Ids of the events that the run has taken; each is taken once."""
    _looking_back: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    ledger: Ledger = field(init=False)
    """What stands of the run's effects."""
    scribe: Scribe = field(init=False)
    """Hands what is recorded to the sink."""
    fresh: set[str] = field(default_factory=set)
    """Prefixes of the sequences in which this execution wrote something."""

    def __post_init__(self) -> None:
        """Count what the journal tells of."""
        self.scribe = Scribe(self.run, self.sink)
        self.ledger = Ledger(self.catalog.operation, self.recorded.numbered)
        if self.snapshot is not None:
            self.is_short = True
            self.spent = self.spent.plus(self.snapshot.spent)
            self.taken |= set(self.snapshot.body["taken"])
        for _, entry in self.recorded.numbered:
            if entry.kind == "decision":
                self.spend(entry.body)
            elif entry.kind == "event":
                self.taken.add(entry.body["event_id"])

    async def look_back(self) -> None:
        """Read what a snapshot spared, since what was done has to be gone through."""
        async with self._looking_back:
            if self.is_short:
                self.recorded.precede(await self.older())
                self.ledger = Ledger(self.catalog.operation, self.recorded.numbered)
                self.is_short = False

    @property
    def budget(self) -> Budget:
        """The budget of the run's workflow."""
        return self.program.workflow.budget

    @property
    def bound(self) -> Bound:
        """What the run may spend on models, and has."""
        return Bound("the run's", self.budget, self.spent)

    def find(self, kind: EntryKind, path: str, visit: int, attempt: int = 1) -> dict[str, Any] | None:
        """Return the body of a recorded entry, or None when the run has not come so far."""
        entry = self.recorded.find(kind, path, visit, attempt)
        return None if entry is None else entry.body

    async def record(
        self,
        kind: EntryKind,
        path: str,
        visit: int,
        attempt: int,
        body: dict[str, Any],
        *,
        wait: bool = True,
        **more: Any,
    ) -> Entry:
        """Append an entry and return it once it is durable.

        Args:
            kind: what happened.
            path: where.
            visit: which visit of the step.
            attempt: which attempt within the visit.
            body: the facts.
            wait: whether it must be durable; otherwise it is soon, and `durable` tells when.
            more: further fields of the Append, such as `decisions` or `change`.
        """
        entry = Entry(kind=kind, path=path, visit=visit, attempt=attempt, at=self.clock.now(), body=body)
        numbered = Numbered(self.recorded.reserve(), entry)
        await (self.scribe.write(numbered, **more) if wait else self.scribe.note(numbered))
        self.recorded.add(numbered)
        self.ledger.take(numbered)
        self.fresh.add(around(path))
        return entry

    async def durable(self) -> None:
        """Return once all that was recorded is durable, so that what follows from it may leave."""
        await self.scribe.durable()

    async def park(self, wake_at: datetime | None, snapshot: Snapshot | None) -> None:
        """Let the run wait, and return once that is durable."""
        await self.scribe.park({"status": "waiting", "wake_at": wake_at}, snapshot)

    @property
    def is_stopping(self) -> bool:
        """Whether no step may begin anything new, since the run failed elsewhere or is to be cancelled."""
        return not self.ending and (self.failure is not None or self.cancel_requested)

    def is_frontier(self, path: str) -> bool:
        """Tell whether all that came before in a step's sequences was read from the journal.

        Then the step may have been begun before by an execution that died.
        """
        if self.is_first:
            return False
        parts = path.split(".")
        outer = (".".join(parts[:depth]) + "." for depth in range(1, len(parts)))
        return self.fresh.isdisjoint(("", *outer))

    def begin(self) -> None:
        """Refuse to begin anything new once the run is ending, or has to go on elsewhere.

        Raises:
            Stopped: the run failed elsewhere or is to be cancelled.
            Parked: this process stops.
        """
        if self.is_stopping:
            raise Stopped
        if self.draining:
            raise Parked(self.clock.now())

    async def keep_lease(self) -> None:
        """Return while the run is this process's own, so that it may send something.

        Raises:
            LeaseLost: the lease ended, such as while this process was paused, and another one has the run.
        """
        while self.lease_until is not None and self.clock.now() >= self.lease_until:
            if not await self.renew():
                raise LeaseLost(self.run.id, self.run.epoch)

    def fail(self, failed: StepFailed) -> None:
        """Note that a step failed: the first failure is the run's, and any of them may want an undo."""
        if self.failure is None:
            self.failure = failed
        elif failed.undo:
            self.failure.undo = True

    def after(self, seconds: float) -> datetime:
        """Return the moment that many seconds from now."""
        return later(self.clock.now(), seconds)

    async def wait_until(self, due: datetime) -> None:
        """Return at `due`: a short wait sleeps, a long one parks the run.

        Raises:
            Parked: the wait is long.
        """
        seconds = (due - self.clock.now()).total_seconds()
        if seconds > SHORT_WAIT_SECONDS:
            raise Parked(due)
        if seconds > 0:
            await self.clock.sleep(seconds)

    def where(self, path: str, visit: int, number: int, *, decision_id: str | None = None) -> Where:
        """Return which decision of this run the one at this place is; a new one unless its id is told."""
        run = self.run
        return Where(
            decision_id or self.new_id(), run.id, run.tenant, run.workflow, path, visit, number, run.mode
        )

    def key(self, path: str, visit: int, number: int = 0) -> str:
        """Return the idempotency key of a call: the same for the same place in the same run."""
        return _key(f"{self.run.id}|{path}|{visit}|{number}")

    def deadline(self) -> datetime | None:
        """Return when the run's time budget ends."""
        if self.budget.duration is None or self.started_at is None:
            return None
        return later(self.started_at, self.budget.duration.total_seconds())

    def spend(self, body: Mapping[str, Any]) -> None:
        """Count what a decision used, from the body of its entry."""
        self.spent = self.spent.plus(Spent.told(body))

    def over_budget(self) -> str | None:
        """Return what is used up, in one sentence, or None."""
        why = self.bound.used_up
        if why is not None:
            return why
        deadline = self.deadline()
        if deadline is not None and self.clock.now() >= deadline:
            return "the run's time is used up"
        return None


@lru_cache(maxsize=4096)
def _key(place: str) -> str:
    """Return the key of a place; a run that is taken up comes past the same places again."""
    return str(uuid.uuid5(_KEYS, place))


def around(path: str) -> str:
    """Return the prefix of the sequence of a step, or of the step that a call looks up or takes back."""
    return path[path.rfind(":") + 1 : path.rfind(".") + 1]


def later(moment: datetime, pause: float) -> datetime:
    """Return the moment so many seconds later, or FAR when that is further than a calendar goes."""
    room = (FAR - moment).total_seconds()
    return FAR if pause >= room else moment + timedelta(seconds=pause)


def seconds(value: timedelta | None, default: float) -> float:
    """Return a duration in seconds."""
    return default if value is None else value.total_seconds()
