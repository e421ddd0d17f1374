"""Overriding: a person puts another option in the place of a choice that was not acted on yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from graphs import choices, loading, pinning
from graphs.dispatch import Dispatcher
from graphs.parts import Parts
from planner import choosing, story
from planner.decisions import Decision
from planner.definition import AnyStep, Decide
from planner.errors import AnswerInvalid, DecisionClosed
from planner.journal import Append, Entry, Numbered
from planner.log.outcomes import Override
from planner.runs import Run
from planner.store import decisions, journal, log, runs, snapshots, streams
from tools.records import Record

LONGEST_COMMENT = 4000
_WAITING = frozenset({"timer", "asked", "awaited"})
"""Kinds of journal entries after which nothing has been acted on."""


class OverrideRequest(Record):
    """Which option is to be taken instead."""

    to: str = Field(min_length=1, max_length=200)
    """One of the options that were available."""
    comment: str = Field(default="", max_length=LONGEST_COMMENT)
    """Why, in words."""
    actor: str | None = Field(default=None, min_length=1, max_length=200)
    """Id of the person; the caller's own unless told."""


async def override(
    decision_id: str, wanted: OverrideRequest, parts: Parts, dispatcher: Dispatcher | None, *, actor: str
) -> Decision:
    """Put another option in the place of a choice, let the run go on with it, and return it as it is kept.

    Raises:
        DecisionUnknown: no decision has this id.
        DecisionClosed: the choice cannot be replaced, or something was done since.
        AnswerInvalid: the option was not available, or is the one that was chosen.
    """
    made = await parts.database.write(
        write, decision_id, wanted, new_id=parts.new_id(), actor=actor, now=parts.clock.now()
    )
    if dispatcher is not None:
        await dispatcher.take(made.run_id)
    return await parts.database.read(decisions.get, made.decision_id)


def write(
    tx: Any, decision_id: str, wanted: OverrideRequest, *, new_id: str, actor: str, now: datetime
) -> Decision:
    """Append the override to journal and log in one transaction, and wake the run.

    Raises:
        DecisionUnknown: no decision has this id.
        DecisionClosed: the choice cannot be replaced, or something was done since.
        AnswerInvalid: the option was not available, or is the one that was chosen.
    """
    old = decisions.get(tx, decision_id)
    check(old, wanted.to)
    run = runs.hold_still(tx, old.run_id)
    entries = journal.entries(tx, run.id)
    definitions = loading.definitions(tx, run, entries)
    step = pinning.step_at(definitions.workflow, definitions.pinned, old.path)
    made = instead(old, wanted, run, entries, step=step, new_id=new_id, actor=actor, now=now)
    _append(tx, run, made)
    new = made.decision
    told = Override.model_validate({"from": old.choice, "to": new.choice, "actor": actor, "at": now})
    log.override(tx, old.decision_id, told, comment=wanted.comment)
    return new


class Overridden(NamedTuple):
    """What an override adds to a run."""

    decision: Decision
    entry: Numbered
    closed: tuple[str, ...]
    """Questions that were asked on the way which is left now."""


def check(old: Decision, to: str) -> None:
    """Return where a choice is one that can be replaced, by this option.

    Raises:
        DecisionClosed: it is no choice of a `decide` step.
        AnswerInvalid: the option was not available, or is the one that was chosen.
    """
    if old.kind != "choose" or not old.run_id:
        raise DecisionClosed(old.decision_id, "only the choice of a `decide` step can be overridden")
    _check_option(old, to)


def instead(
    old: Decision,
    wanted: OverrideRequest,
    run: Run,
    entries: Sequence[Numbered],
    *,
    step: AnyStep | None,
    new_id: str,
    actor: str,
    now: datetime,
) -> Overridden:
    """Return what an override of a checked choice adds to the journal of its run, which waits. Pure.

    Raises:
        DecisionClosed: something was done since.
    """
    seq = _check_untouched(old, run, entries)
    then = step.options[wanted.to].then if isinstance(step, Decide) else None
    made = choosing.instead(
        old,
        wanted.to,
        decision_id=new_id,
        ts=now,
        actor=actor,
        comment=wanted.comment,
        overrides=old.decision_id,
        attempt=old.attempt + 1,
        run_seq=entries[-1].seq + 1,
        edge_taken=then or wanted.to,
    )
    body = choices.facts(made)
    entry = Entry("decision", now, body, path=made.path, visit=made.visit, attempt=made.attempt)
    asked = (each for each in entries if each.seq > seq and each.entry.kind == "asked")
    closed = tuple(each.entry.body["decision_id"] for each in asked)
    return Overridden(made, Numbered(made.run_seq, entry), closed)


def _check_option(old: Decision, to: str) -> None:
    available = [option.id for option in old.options if option.available and option.id != old.choice]
    if to in available:
        return
    excluded = next((option.excluded_by for option in old.options if option.id == to), None)
    why = (
        "was chosen already"
        if to == old.choice
        else f"was excluded: {excluded}"
        if excluded
        else "is no option"
    )
    left = f"it can be {' or '.join(available)}" if available else "there is no other that was available"
    raise AnswerInvalid(old.decision_id, f"{to!r} {why}; {left}")


def _check_untouched(old: Decision, run: Run, entries: Sequence[Numbered]) -> int:
    """Return the place of a choice in the journal, where nothing but waiting has followed it."""
    seq = _seq(old, entries)
    followed = next((each for each in entries if each.seq > seq and each.entry.kind not in _WAITING), None)
    if followed is not None:
        (chapter,) = story.tell(run, [followed], [])
        at = followed.entry.at.isoformat(timespec="seconds")
        raise DecisionClosed(old.decision_id, f"its run went on at {at}: {chapter.text}")
    return seq


def _seq(old: Decision, entries: Sequence[Numbered]) -> int:
    for seq, entry in entries:
        if entry.kind == "decision" and entry.body["decision_id"] == old.decision_id:
            return seq
    raise DecisionClosed(old.decision_id, f"the journal of run {old.run_id} does not hold it")


def _append(tx: Any, run: Run, made: Overridden) -> None:
    at = made.decision.ts
    unit = Append(
        run.id,
        run.epoch,
        (made.entry,),
        decisions=(made.decision.model_dump(mode="json"),),
        closed=made.closed,
        change={"status": "waiting", "wake_at": at},
    )
    (refused,) = journal.append(tx, [journal.prepare(unit, at, streams.of(tx).keeping)])
    if refused is not None:
        raise refused
    snapshots.forget(tx, run.id)
