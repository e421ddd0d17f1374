"""Overrides: what a person's word in the place of a choice adds to a run. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from graphs import choices
from planner import choosing, story
from planner.decisions import Decision
from planner.definition import AnyStep, Decide
from planner.errors import AnswerInvalid, DecisionClosed
from planner.journal import Entry, Numbered
from planner.runs import Run
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
