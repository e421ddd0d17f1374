"""Effects: what a run did to the outside world, read from its journal. Pure."""

import copy
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from planner.journal import Entry, Numbered
from tools.operations import EffectClass, Operation
from tools.records import Record

UNDO, RECONCILE = "undo:", "reconcile:"
"""What stands before the path of a call that takes back, or looks up, the effect at that path.

`reconcile:undo:pay` looks up whether `undo:pay` took effect; `undo:reconcile:pay` looks up, while the run is
taken back, whether `pay` did.
"""

Finder = Callable[[str], Operation]
"""Finds an operation by its name."""
Spot = tuple[str, int]
"""Path and visit of a step."""

_Slot = dict[str, Any]
_TELLING = frozenset({"intention", "outcome", "settled"})
_FIELDS = (
    "operation",
    "effect",
    "key",
    "arguments",
    "output",
    "error",
    "code",
    "status",
    "ms",
    "undoes",
    "keep",
)


class Effect(Record):
    """One call to a service as the outside world saw it."""

    seq: int
    """Number of its latest journal entry."""
    path: str
    visit: int
    attempt: int
    operation: str
    effect: EffectClass
    """Effect class of the operation."""
    state: Literal["intended", "applied", "applied_bad", "rejected", "not_sent", "unknown"]
    """`intended`: sent or about to be, and no outcome is recorded."""
    key: str | None = None
    """Idempotency key, where one was sent."""
    arguments: Any = None
    output: Any = None
    error: str | None = None
    code: str | None = None
    status: int | None = None
    ms: float | None = None
    at: datetime
    """When it was begun."""
    undoes: str | None = None
    """Path of the effect that this one takes back."""
    keep: bool = False
    """Whether the definition leaves it in place when the run is undone."""
    settled_by: Literal["reconcile", "person"] | None = None
    """How an outcome in doubt was found out."""
    nth: int = 1
    """Which of the effects that its visit applied, counted from 1; a second one is a substitute's."""

    @property
    def undo_path(self) -> str:
        """Path of the call that takes it back."""
        return f"{UNDO}{self.path}" if self.nth == 1 else f"{UNDO}{self.path}~{self.nth}"


class Standing(NamedTuple):
    """What stands of a run's effects."""

    undoable: tuple[Effect, ...] = ()
    """Applied and to be taken back, newest first."""
    in_doubt: tuple[Effect, ...] = ()
    """Nobody knows yet whether they were applied."""
    left: tuple[Effect, ...] = ()
    """Applied, and there is no way to take them back."""


def effects(entries: Iterable[Numbered]) -> list[Effect]:
    """Return the effects that the entries tell of, in the order in which they were begun."""
    slots: dict[tuple[str, int, int], _Slot] = {}
    for seq, entry in entries:
        if entry.kind in _TELLING:
            spot = (entry.path, entry.visit, entry.attempt)
            slots[spot] = _noted(slots.get(spot, {}), seq, entry)
    return [Effect.model_validate(slot) for slot in slots.values()]


def standing(found: Iterable[Effect], operation: Finder) -> Standing:
    """Return what stands, so that it can be taken back.

    Attempts with one idempotency key count as one effect: applied when any of them was, in doubt when any
    was left without an answer and none was applied.
    """
    by_spot: dict[Spot, list[Effect]] = {}
    undone: dict[Spot, set[str]] = {}
    for effect in found:
        if effect.undoes is None:
            by_spot.setdefault((effect.path, effect.visit), []).append(effect)
        elif effect.state == "applied":
            undone.setdefault((effect.undoes, effect.visit), set()).add(effect.path)
    return _sum(_of_visit(own, undone.get(spot, set()), operation) for spot, own in by_spot.items())


class Ledger:
    """What stands of a run's effects, kept up to date entry by entry, so that asking costs little."""

    def __init__(self, operation: Finder, entries: Iterable[Numbered] = ()) -> None:
        self._operation = operation
        self._slots: dict[Spot, dict[int, _Slot]] = {}
        self._undos: dict[Spot, frozenset[str]] = {}
        """Paths of the calls that took back, or tried to, what a visit applied."""
        self._known: dict[Spot, Standing] = {}
        self._stale: set[Spot] = set()
        self._unread: list[Numbered] = list(entries)

    def copy(self) -> "Ledger":
        """Return a ledger of the same entries that goes on by itself; slots are never changed in place."""
        twin = copy.copy(self)
        twin.__dict__ |= {name: part.copy() for name, part in vars(self).items() if name != "_operation"}
        return twin

    def take(self, numbered: Numbered) -> None:
        """Take in the next entry; it is read once somebody asks, which few runs ever do."""
        self._unread.append(numbered)

    def _read(self, numbered: Numbered) -> None:
        seq, entry = numbered
        if entry.kind not in _TELLING:
            return
        spot = (entry.path, entry.visit)
        slots = self._slots.get(spot, {})
        slot = _noted(slots.get(entry.attempt, {}), seq, entry)
        self._slots[spot] = {**slots, entry.attempt: slot}
        if slot.get("undoes") is not None:
            spot = (slot["undoes"], entry.visit)
            self._undos[spot] = self._undos.get(spot, frozenset()) | {entry.path}
        self._stale.add(spot)

    def _catch_up(self) -> None:
        unread, self._unread = self._unread, []
        for numbered in unread:
            self._read(numbered)

    def inherit(self, until: int) -> None:
        """Leave in place what was recorded up to that entry, since another run answers for it."""
        self._catch_up()
        for spot, slots in self._slots.items():
            kept = {n: {**slot, "keep": True} for n, slot in slots.items() if slot["seq"] <= until}
            if kept:
                self._slots[spot] = slots | kept
                self._stale.add(spot)

    def at(self, path: str, visit: int) -> Standing:
        """Return what stands of one visit of a step."""
        self._refresh()
        return self._known.get((path, visit), Standing())

    @property
    def undoable(self) -> int:
        """How many effects stand and can be taken back."""
        self._refresh()
        return sum(len(each.undoable) for each in self._known.values())

    @property
    def irreversible(self) -> str | None:
        """The newest applied effect that is irreversible and stands, by its operation; None without one."""
        self._refresh()
        left = (effect for each in self._known.values() for effect in each.left)
        final = (effect for effect in left if effect.effect == "irreversible")
        newest = max(final, key=lambda effect: effect.seq, default=None)
        return None if newest is None else newest.operation

    def standing(self) -> Standing:
        """Return all that stands."""
        self._refresh()
        return _sum(self._known.values())

    def _refresh(self) -> None:
        """Look again at the visits of which something new was told; keep those of which something stands."""
        self._catch_up()
        for spot in self._stale:
            slots = self._slots.get(spot, {}).values()
            own = [Effect.model_validate(slot) for slot in slots if _counts(slot["path"], slot["effect"])]
            found = _of_visit(own, self._undone(spot), self._operation)
            if any(found):
                self._known[spot] = found
            else:
                self._known.pop(spot, None)
        self._stale.clear()

    def _undone(self, spot: Spot) -> set[str]:
        paths = self._undos.get(spot, frozenset())
        return {
            path
            for path in paths
            if any(slot["state"] == "applied" for slot in self._slots[path, spot[1]].values())
        }


def _noted(before: _Slot, seq: int, entry: Entry) -> _Slot:
    """Return an attempt's slot with what an entry tells of it."""
    first = {"path": entry.path, "visit": entry.visit, "attempt": entry.attempt, "at": entry.at}
    slot = (before or {**first, "state": "intended"}) | {"seq": seq}
    slot |= {name: entry.body[name] for name in _FIELDS if name in entry.body}
    if entry.kind != "intention":
        slot["state"] = entry.body["outcome"]
    if entry.kind == "settled":
        slot["settled_by"] = entry.body["by"]
    return slot


def _of_visit(attempts: Iterable[Effect], undone: Collection[str], operation: Finder) -> Standing:
    """Return what stands of the attempts of one visit; `undone` are the paths of calls that took back."""
    groups: dict[tuple[object, ...], list[Effect]] = {}
    for effect in attempts:
        if _counts(effect.path, effect.effect):
            groups.setdefault((effect.operation, *_identity(effect)), []).append(effect)
    applied = [found for found in map(_applied, groups.values()) if found is not None]
    counted = [
        found if nth == 1 else found.model_copy(update={"nth": nth})
        for nth, found in enumerate(applied, start=1)
    ]
    doubtful = (found for found in map(_doubtful, groups.values()) if found is not None)
    open_ = [effect for effect in counted if not effect.keep and effect.undo_path not in undone]
    return Standing(
        undoable=_newest(effect for effect in open_ if operation(effect.operation).undo is not None),
        in_doubt=_newest(doubtful),
        left=_newest(effect for effect in open_ if operation(effect.operation).undo is None),
    )


def _counts(path: str, effect: EffectClass) -> bool:
    """Tell whether a call is a step's own and may change something; a colon is in the paths of others."""
    return effect != "read" and ":" not in path


def _identity(effect: Effect) -> tuple[object, ...]:
    """Return what two attempts at one operation share when the second cannot add a second effect."""
    if effect.effect == "keyed":
        return ("key", effect.key)
    if effect.effect == "idempotent":
        return ("arguments", repr(effect.arguments))
    return ("attempt", effect.attempt)


def _applied(group: Sequence[Effect]) -> Effect | None:
    return next((effect for effect in reversed(group) if effect.state in {"applied", "applied_bad"}), None)


def _doubtful(group: Sequence[Effect]) -> Effect | None:
    """Return the attempt in doubt; what was found out of one attempt holds for those before it."""
    if _applied(group) is not None:
        return None
    for effect in reversed(group):
        if effect.settled_by is not None:
            return None
        if effect.state in {"unknown", "intended"}:
            return effect
    return None


def _sum(parts: Iterable[Standing]) -> Standing:
    listed = list(parts)
    return Standing(
        undoable=_newest(effect for part in listed for effect in part.undoable),
        in_doubt=_newest(effect for part in listed for effect in part.in_doubt),
        left=_newest(effect for part in listed for effect in part.left),
    )


def _newest(found: Iterable[Effect]) -> tuple[Effect, ...]:
    listed = list(found)
    if len(listed) > 1:
        listed.sort(key=lambda effect: effect.seq, reverse=True)
    return tuple(listed)
