"""Overriding: a person puts another option in the place of a choice that was not acted on yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from graphs import choices, loading, pinning
from graphs.dispatch import Dispatcher
from graphs.parts import Parts
from planner import choosing, story
from planner.decisions import Decision
from planner.definition import Decide
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
    if old.kind != "choose" or not old.run_id:
        raise DecisionClosed(decision_id, "only the choice of a `decide` step can be overridden")
    _check_option(old, wanted.to)
    run = runs.hold_still(tx, old.run_id)
    entries = journal.entries(tx, run.id)
    _check_untouched(old, run, entries)
    made = _instead(tx, old, wanted, run, entries, new_id=new_id, actor=actor, now=now)
    entry = Entry(
        kind="decision",
        path=made.path,
        visit=made.visit,
        attempt=made.attempt,
        at=now,
        body=choices.facts(made),
    )
    _append(tx, run, Numbered(made.run_seq, entry), made, closed=_questions(old, entries))
    told = Override.model_validate({"from": old.choice, "to": made.choice, "actor": actor, "at": now})
    log.override(tx, old.decision_id, told, comment=wanted.comment)
    return made


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


def _check_untouched(old: Decision, run: Run, entries: Sequence[Numbered]) -> None:
    """Return when nothing but waiting has followed the choice."""
    seq = _seq(old, entries)
    followed = next((each for each in entries if each.seq > seq and each.entry.kind not in _WAITING), None)
    if followed is not None:
        (chapter,) = story.tell(run, [followed], [])
        at = followed.entry.at.isoformat(timespec="seconds")
        raise DecisionClosed(old.decision_id, f"its run went on at {at}: {chapter.text}")


def _seq(old: Decision, entries: Sequence[Numbered]) -> int:
    for seq, entry in entries:
        if entry.kind == "decision" and entry.body["decision_id"] == old.decision_id:
            return seq
    raise DecisionClosed(old.decision_id, f"the journal of run {old.run_id} does not hold it")


def _questions(old: Decision, entries: Sequence[Numbered]) -> tuple[str, ...]:
    """Return the questions that were asked on the way which is left now."""
    seq = _seq(old, entries)
    return tuple(
        each.entry.body["decision_id"] for each in entries if each.seq > seq and each.entry.kind == "asked"
    )


def _instead(
    tx: Any,
    old: Decision,
    wanted: OverrideRequest,
    run: Run,
    entries: Sequence[Numbered],
    *,
    new_id: str,
    actor: str,
    now: datetime,
) -> Decision:
    return choosing.instead(
        old,
        wanted.to,
        decision_id=new_id,
        ts=now,
        actor=actor,
        comment=wanted.comment,
        overrides=old.decision_id,
        attempt=old.attempt + 1,
        run_seq=entries[-1].seq + 1,
        edge_taken=_edge(tx, old, run, entries, wanted.to),
    )


def _edge(tx: Any, old: Decision, run: Run, entries: Sequence[Numbered], to: str) -> str:
    definitions = loading.definitions(tx, run, entries)
    step = pinning.step_at(definitions.workflow, definitions.pinned, old.path)
    return (step.options[to].then if isinstance(step, Decide) else None) or to


def _append(tx: Any, run: Run, numbered: Numbered, made: Decision, *, closed: tuple[str, ...]) -> None:
    unit = Append(
        run.id,
        run.epoch,
        (numbered,),
        decisions=(made.model_dump(mode="json"),),
        closed=closed,
        change={"status": "waiting", "wake_at": made.ts},
    )
    (refused,) = journal.append(tx, [journal.prepare(unit, made.ts, streams.of(tx).keeping)])
    if refused is not None:
        raise refused
    snapshots.forget(tx, run.id)
