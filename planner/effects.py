"""Effects: what a run did to the outside world, read from its journal. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from planner.journal import Numbered
from tools.operations import EffectClass, Operation
from tools.records import Record

UNDO, RECONCILE = "undo:", "reconcile:"
"""What stands before the path of a call that takes back, or looks up, the effect at that path."""

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


class Standing(NamedTuple):
    """What stands of a run's effects."""

    undoable: tuple[Effect, ...]
    """Applied and to be taken back, newest first."""
    in_doubt: tuple[Effect, ...]
    """Nobody knows yet whether they were applied."""
    left: tuple[Effect, ...]
    """Applied, and there is no way to take them back."""


def effects(entries: Iterable[Numbered]) -> list[Effect]:
    """Return the effects that the entries tell of, in the order in which they were begun."""
    found: dict[tuple[str, int, int], dict[str, Any]] = {}
    for seq, entry in entries:
        if entry.kind not in {"intention", "outcome", "settled"}:
            continue
        place = (entry.path, entry.visit, entry.attempt)
        slot = found.setdefault(
            place,
            {
                "path": entry.path,
                "visit": entry.visit,
                "attempt": entry.attempt,
                "at": entry.at,
                "state": "intended",
            },
        )
        slot |= {name: entry.body[name] for name in _FIELDS if name in entry.body}
        slot["seq"] = seq
        if entry.kind != "intention":
            slot["state"] = entry.body["outcome"]
        if entry.kind == "settled":
            slot["settled_by"] = entry.body["by"]
    return [Effect.model_validate(slot) for slot in found.values()]


def standing(found: Iterable[Effect], operation: Callable[[str], Operation]) -> Standing:
    """Return what stands, so that it can be taken back.

    Attempts with one idempotency key count as one effect: applied when any of them was, in doubt when any
    was left without an answer and none was applied.
    """
    groups: dict[tuple[object, ...], list[Effect]] = {}
    undone: set[tuple[str, int]] = set()
    for effect in found:
        if effect.undoes is not None:
            if effect.state == "applied":
                undone.add((effect.undoes, effect.visit))
        elif effect.effect != "read" and not effect.path.startswith(RECONCILE):
            repeatable = effect.effect in {"idempotent", "keyed"}
            which = effect.key if repeatable else effect.attempt
            groups.setdefault((effect.path, effect.visit, effect.operation, which), []).append(effect)
    applied = [state for state in map(_applied, groups.values()) if state is not None]
    doubtful = [state for state in map(_doubtful, groups.values()) if state is not None]
    open_ = [e for e in applied if not e.keep and (e.path, e.visit) not in undone]
    newest_first = sorted(open_, key=lambda effect: effect.seq, reverse=True)
    return Standing(
        undoable=tuple(e for e in newest_first if operation(e.operation).undo is not None),
        in_doubt=tuple(sorted(doubtful, key=lambda effect: effect.seq, reverse=True)),
        left=tuple(e for e in newest_first if operation(e.operation).undo is None),
    )


def _applied(group: list[Effect]) -> Effect | None:
    return next((effect for effect in reversed(group) if effect.state in {"applied", "applied_bad"}), None)


def _doubtful(group: list[Effect]) -> Effect | None:
    if _applied(group) is not None:
        return None
    return next((effect for effect in reversed(group) if effect.state in {"unknown", "intended"}), None)
