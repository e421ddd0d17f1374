"""Origins: the decision that a fork begins at, what was recorded before it, and whether it may be forked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from graphs import retracing
from graphs.retracing import Recording
from planner import effects
from planner.decisions import Decision
from planner.effects import Effect
from planner.errors import AnswerInvalid, ForkRefused
from planner.journal import Key, Numbered
from planner.store import decisions
from tools.catalog import Catalog
from tools.records import Record

LONGEST_COMMENT = 3000
_BY_PERSON = {"unknown": {"applied", "not_applied"}, "applied_bad": {"adopt"}}
"""Choices of a recovery that only a person can make, by the outcome of the call."""


class ForkRequest(Record):
    """Which other way is wanted."""

    choose: str = Field(min_length=1, max_length=200)
    """An option that was offered, or one that a person could have chosen there."""
    live: bool = False
    """Whether services are really called from there on."""
    accept_effects: bool = False
    """For a live fork: begin it although effects of the old run stand which it may do again."""
    value: Any = None
    """For the choice `applied`: what the call would have answered."""
    comment: str = Field(default="", max_length=LONGEST_COMMENT)
    """Why."""


class Origin(NamedTuple):
    """Where a fork begins."""

    decision: Decision
    recording: Recording
    entry: Numbered
    """The decision in the journal of its run."""


def load(tx: Any, decision_id: str, catalog: Catalog) -> Origin:
    """Return where a fork of the decision begins.

    Raises:
        DecisionUnknown: no decision has this id.
        ForkRefused: it has no place in a journal.
    """
    decision = decisions.get(tx, decision_id)
    if decision.kind == "route":
        raise ForkRefused(decision_id, "it chose the workflow; begin a run of the other workflow instead")
    recording = retracing.load(tx, decision.run_id, catalog)
    for numbered in recording.loaded.entries:
        entry = numbered.entry
        if entry.kind == "decision" and entry.body["decision_id"] == decision_id:
            return Origin(decision, recording, numbered)
    raise ForkRefused(decision_id, f"the journal of run {decision.run_id} does not hold it")


def check_choice(origin: Origin, wanted: ForkRequest) -> None:
    """Return when the choice was offered, or a person could have made it there.

    Raises:
        AnswerInvalid: neither.
    """
    decision = origin.decision
    options = {option.id: option for option in decision.options}
    personal: set[str] = set()
    if decision.kind == "recover" and decision.trigger is not None:
        personal = _BY_PERSON.get(decision.trigger.outcome, set())
    option = options.get(wanted.choose)
    allowed = [each.id for each in decision.options if each.available] + sorted(personal - options.keys())
    if wanted.choose not in allowed:
        why = "was never an option" if option is None else f"was excluded: {option.excluded_by}"
        raise AnswerInvalid(
            decision.decision_id, f"{wanted.choose!r} {why}; it can be one of {', '.join(allowed)}"
        )
    if wanted.value is not None and wanted.choose != "applied":
        raise AnswerInvalid(decision.decision_id, "only the choice 'applied' brings a value")


def check_safe(origin: Origin, *, accept_effects: bool) -> None:
    """Return when a live fork begins from a state that is still true, and does nothing again unasked.

    Raises:
        ForkRefused: it would not be safe.
    """
    decision, run = origin.decision, origin.recording.run
    if not run.ended:
        raise ForkRefused(decision.decision_id, f"run {run.id} is {run.status}; it must have ended first")
    made, undone = _effects(origin.recording.loaded.entries), _undone(origin.recording.loaded.entries)
    doubtful = [each for each in made if each.state in {"unknown", "intended"}]
    if doubtful:
        raise ForkRefused(decision.decision_id, f"nobody knows whether {_names(doubtful)} took effect")
    shared = {numbered.entry.key for numbered in before(origin)}
    applied = [each for each in made if each.state in {"applied", "applied_bad"}]
    inherited = [each for each in applied if is_in(shared, each)]
    lost = [each for each in inherited if (each.path, each.visit) in undone]
    if lost:
        raise ForkRefused(decision.decision_id, f"{_names(lost)}, which it stands on, was taken back since")
    here = (decision.path, decision.visit)
    again = [
        each
        for each in applied
        if (each.path, each.visit) not in undone
        and (each not in inherited or (each.path, each.visit) == here)
    ]
    if again and not accept_effects:
        why = f"{_names(again)} of run {run.id} stands, and a live fork may do it again"
        raise ForkRefused(decision.decision_id, f"{why}; take it back, or accept the effects")


def before(origin: Origin) -> list[Numbered]:
    """Return what was recorded before the decision, and what came of calls that were under way at it.

    A question that was still open is left out: the fork asks it anew.
    """
    entries, seq = origin.recording.loaded.entries, origin.entry.seq
    before = {each.entry.key for each in entries if each.seq < seq}

    def belongs(numbered: Numbered) -> bool:
        key = numbered.entry.key
        if numbered.seq >= seq:
            return key.kind == "outcome" and key._replace(kind="intention") in before
        return key.kind != "asked" or key._replace(kind="decision") in before

    return [each for each in entries if belongs(each)]


def prefix(origin: Origin, wanted: ForkRequest, began: datetime) -> list[Numbered]:
    """Return the journal that a fork begins with; its first entry tells what it was forked from."""
    kept = before(origin)
    told = {
        "run_id": origin.recording.run.id,
        "decision_id": origin.decision.decision_id,
        "choice": wanted.choose,
        "live": wanted.live,
        "inherited": max(numbered.seq for numbered in kept),
    }
    forked = []
    for seq, entry in kept:
        if entry.kind != "started":
            forked.append(Numbered(seq, entry))
            continue
        at = began if wanted.live else entry.at
        changed = entry._replace(at=at, body={**entry.body, "fork": told})
        forked.append(Numbered(seq, changed))
    return forked


def _effects(entries: Sequence[Numbered]) -> list[Effect]:
    """Return what steps did to the world; a colon stands only in the paths of look-ups and undoing."""
    found = effects.effects(entries)
    return [each for each in found if each.effect != "read" and ":" not in each.path]


def _undone(entries: Sequence[Numbered]) -> set[effects.Spot]:
    return {
        (each.undoes, each.visit)
        for each in effects.effects(entries)
        if each.undoes is not None and each.state == "applied"
    }


def is_in(keys: set[Key], effect: Effect) -> bool:
    """Tell whether an effect was begun, or answered, among the entries with these keys."""
    return any(
        Key(kind, effect.path, effect.visit, effect.attempt) in keys for kind in ("intention", "outcome")
    )


def _names(found: Sequence[Effect]) -> str:
    return ", ".join(f"{each.path} ({each.operation})" for each in found)
