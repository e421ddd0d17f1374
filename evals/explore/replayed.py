"""Replayed: what a run that is taken up again reads of steps on their way, and would go on from differently.

A run goes through its journal in the same way each time, so that of what is over only the end counts: of
attempts the last outcome and whether a doubt is left, of choices which they were.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from evals.history import Spot
from graphs.attempts import NOT_APPLIED
from planner.effects import RECONCILE, UNDO
from planner.journal import Entry

_TOLD = ("outcome", "output", "by")
_CHOSEN = ("choice", "value", "confirm", "overrides", "decided_by")
_CODES = frozenset({"arguments", "secret_missing", "service_unknown", NOT_APPLIED})
"""What the engine tells outcomes of one class apart by."""
_ATTEMPTS = frozenset({"intention", "outcome", "timer"})
_GO_ON = "person"
"""The choice that leaves a choice to a person, about the failure that it was made about."""


def told(entries: Sequence[Entry]) -> Any:
    """Return what tells the journals of steps on their way apart; steps do not read each other's."""
    by_step: dict[Spot, list[Entry]] = {}
    for each in entries:
        by_step.setdefault((base(each.path), each.visit), []).append(each)
    return sorted(([*spot, *_step(own)] for spot, own in by_step.items()), key=lambda each: each[:2])


def _step(entries: Sequence[Entry]) -> Iterator[Any]:
    """Yield the choices that were acted on, the doubts that were left by then, and what came after the last.

    How often a person had something tried to be taken back is not counted by the engine.
    """
    acted = [place for place, each in enumerate(entries) if _is_acted_on(each)]
    after = acted[-1] if acted else 0
    before = [entries[place] for place in acted[:-1] if not entries[place].path.startswith(UNDO)]
    yield [[each.path, each.body["choice"]] for each in before]
    yield sorted(_doubts(entries[:after]))
    yield list(_latest(entries[after:]))


def _is_acted_on(entry: Entry) -> bool:
    return entry.kind == "decision" and entry.body["choice"] != _GO_ON


def _doubts(entries: Sequence[Entry]) -> set[str]:
    """Return the paths of calls of which nobody knew whether they took effect."""
    found: set[str] = set()
    for each in entries:
        outcome = each.body.get("outcome")
        if each.kind == "settled" or outcome in {"applied", "applied_bad"}:
            found.discard(each.path)
        elif outcome == "unknown" and each.body["effect"] != "read":
            found.add(each.path)
    return found


def _latest(entries: Sequence[Entry]) -> Iterator[Any]:
    """Yield entries; of attempts the last, the doubt that is left and, if they may go on, their number."""
    runs = [list(own) for _, own in groupby(entries, key=_run)]
    for place, own in enumerate(runs):
        made = [each for each in own if each.kind != "timer"]
        if not made or own[0].kind not in _ATTEMPTS:
            yield from map(entry, own)
            continue
        is_over = place + 1 < len(runs)
        count = None if is_over else [len({each.attempt for each in made}), own[-1].kind]
        yield [sorted(_doubts(made)), entry(made[-1]), count]


def _run(each: Entry) -> tuple[str, str]:
    return each.path, "attempt" if each.kind in _ATTEMPTS else each.kind


def entry(each: Entry) -> Any:
    """Return what the engine reads of an entry."""
    names = _CHOSEN if each.kind == "decision" else _TOLD
    if RECONCILE in each.path:
        names = (*names, "status")
    body = {name: each.body[name] for name in names if name in each.body}
    code = each.body.get("code")
    return [each.kind, each.path, body, code if code in _CODES else None]


def base(path: str) -> str:
    """Return the step of a call that looks up or takes back."""
    return path.rpartition(":")[2]
