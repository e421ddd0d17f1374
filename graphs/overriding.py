"""Overriding: a person puts another option in the place of a choice that was not acted on yet."""

from datetime import datetime
from typing import Any

from graphs import loading, overrides, pinning
from graphs.dispatch import Dispatcher
from graphs.overrides import Overridden, OverrideRequest
from graphs.parts import Parts
from planner.decisions import Decision
from planner.journal import Append
from planner.log.outcomes import Override
from planner.runs import Run
from planner.store import decisions, journal, log, runs, snapshots, streams


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
    overrides.check(old, wanted.to)
    run = runs.hold_still(tx, old.run_id)
    entries = journal.entries(tx, run.id)
    definitions = loading.definitions(tx, run, entries)
    step = pinning.step_at(definitions.workflow, definitions.pinned, old.path)
    made = overrides.instead(old, wanted, run, entries, step=step, new_id=new_id, actor=actor, now=now)
    _append(tx, run, made)
    new = made.decision
    told = Override.model_validate({"from": old.choice, "to": new.choice, "actor": actor, "at": now})
    log.override(tx, old.decision_id, told, comment=wanted.comment)
    return new


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
