"""The journal: what happened in a run, entry by entry, and how replay finds it again. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from planner.log.echoes import Echoes
from planner.snapshots import Snapshot

EntryKind = Literal[
    "started",
    "intention",
    "outcome",
    "settled",
    "asked",
    "decision",
    "timer",
    "awaited",
    "event",
    "repinned",
    "ending",
    "finished",
]


class Key(NamedTuple):
    """What an entry is found by; never the order of calls."""

    kind: EntryKind
    path: str
    visit: int
    attempt: int


class Entry(NamedTuple):
    """One thing that happened, appended once and never changed; a tuple, since every step makes one."""

    kind: EntryKind
    """`intention`: about to be sent. `outcome`: what came back. `settled`: an outcome
    in doubt was found out. `asked`: a person was asked. `timer`: a due
    time was set. `awaited`: an event was waited for from here on. `event`: it came, or did not come in
    time. `repinned`: the run goes on with another version of its workflow.
    `ending`: no step forward happens after it, only taking back."""

    at: datetime
    """When, in UTC."""

    body: dict[str, Any]
    """The facts; their shape depends on the kind."""

    path: str = ""
    """Step path, such as `facts.stock.level` or `lines[3].reserve`; `undo:` before it when taking back."""

    visit: int = 1
    """Which visit of the step in its sequence, counted from 1."""

    attempt: int = 1
    """Which attempt within the visit, counted from 1."""

    @property
    def key(self) -> Key:
        """What the entry is found by."""
        return Key(self.kind, self.path, self.visit, self.attempt)


class Numbered(NamedTuple):
    """An entry with its place in the run."""

    seq: int
    entry: Entry


class Recorded:
    """The entries of one run, looked up by key; grows as the run goes on."""

    def __init__(self, entries: Iterable[Numbered] = ()) -> None:
        self._numbered = list(entries)
        self._by_key: dict[tuple[EntryKind, str, int, int], Entry] = {
            (entry.kind, entry.path, entry.visit, entry.attempt): entry for _, entry in self._numbered
        }
        self._last = max((seq for seq, _ in self._numbered), default=0)

    def add(self, numbered: Numbered) -> None:
        """Take in the next entry."""
        self._numbered.append(numbered)
        seq, entry = numbered
        self._by_key[entry.kind, entry.path, entry.visit, entry.attempt] = entry
        self._last = max(self._last, seq)

    def precede(self, entries: Sequence[Numbered]) -> None:
        """Take in entries that come before all that it holds; those that it holds already stay."""
        known = {numbered.seq for numbered in self._numbered}
        missing = [numbered for numbered in entries if numbered.seq not in known]
        self._numbered = sorted([*missing, *self._numbered], key=lambda each: each.seq)
        for numbered in missing:
            self._by_key[numbered.entry.key] = numbered.entry

    def find(self, kind: EntryKind, path: str = "", visit: int = 1, attempt: int = 1) -> Entry | None:
        """Return the entry with this key, or None when the run has not come so far."""
        return self._by_key.get((kind, path, visit, attempt))  # a plain tuple is found as its Key

    @property
    def numbered(self) -> Sequence[Numbered]:
        """All entries in order."""
        return self._numbered

    @property
    def next_seq(self) -> int:
        """The number that the next entry gets, counted from 1."""
        return self._last + 1

    def reserve(self) -> int:
        """Return the number of the next entry and give it to nobody else; one that is not used stays free."""
        self._last += 1
        return self._last


class Append(NamedTuple):
    """What one run wants written in one transaction, under its lease."""

    run_id: str
    epoch: int
    """Epoch of the lease; a stale one writes nothing and raises LeaseLost."""
    entries: tuple[Numbered, ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    """Decision records as JSON, for the decision log."""
    questions: tuple[dict[str, Any], ...] = ()
    """Questions to persons that are opened."""
    closed: tuple[str, ...] = ()
    """Ids of questions that nobody can answer any more: they timed out, or the run is ending."""
    change: dict[str, Any] | None = None
    """Columns of the run that change: status, output, error, wake_at, steps_done."""
    snapshot: Snapshot | None = None
    """Where the run stands that parks."""
    echoes: Echoes | None = None
    """What the run holds under telling names; it learns of what the entries bring."""
