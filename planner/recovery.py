"""Recovery: which actions are safe after a call that did not go through. Pure.

The menu follows from outcome class x effect class; a definition may narrow it, nothing may widen it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, get_args

from planner.decisions import Offered
from planner.definition import RecoveryAction
from tools.operations import EffectClass, Operation
from tools.outcomes import Outcome

ACTIONS: tuple[RecoveryAction, ...] = get_args(RecoveryAction)

LEADING_ON = frozenset({"retry", "reconcile", "substitute"})
"""Actions after which the same step may fail again, and need another choice."""

MEANS: dict[str, str] = {
    "retry": "Send the same call again.",
    "reconcile": "Ask the service whether the call took effect, and go on from what it says.",
    "substitute": "Call another operation that gives the same kind of result.",
    "skip": "Go on without this step.",
    "replan": "Find another way to what the plan wants, within what was approved.",
    "undo": "Take back what this run did, newest first, and end it.",
    "person": "Ask a person what to do.",
    "fail": "End the run as failed.",
    "applied": "It did take effect; go on as if it had answered.",
    "not_applied": "It did not take effect; treat it as never sent.",
    "adopt": "Take the answer as it is and go on.",
}


class Failure(NamedTuple):
    """A call that did not go through, and what stands around it."""

    operation: Operation
    outcome: Outcome
    optional: bool = False
    """Whether the definition lets the step be skipped."""
    substitutes_left: int = 0
    to_undo: int = 0
    """How many effects of the run stand and can be taken back."""
    irreversible: str | None = None
    """An applied effect of the run that cannot be taken back."""
    choices_left: int = 1
    """How many more recovery choices this step may have; at zero only what ends it is left."""
    closed: str | None = None
    """Why a call to its service would not be sent now, such as an open breaker."""
    replans_left: int | None = None
    """How often the run may still be replanned; None where it is no run of a plan."""
    unplannable: str | None = None
    """Why the rest of the plan cannot be composed anew."""


def repeatable(operation: Operation, outcome: Outcome) -> bool:
    """Tell whether the same call may be sent again without anybody choosing so."""
    if outcome.kind == "not_sent":
        return outcome.code not in {"arguments", "secret_missing", "service_unknown"}
    if outcome.kind == "unknown":
        return operation.repeatable
    return False


def menu(failure: Failure, *, allow: Sequence[str] | None = None) -> tuple[Offered, ...]:
    """Return every recovery action, each available or with the reason why it is not; one always is.

    Replanning is there for runs of plans alone.
    """
    offered = []
    for action in ACTIONS:
        if action == "replan" and failure.replans_left is None:
            continue
        why = _excluded(action, failure)
        if why is None and allow is not None and action not in allow:
            why = "the definition does not allow it here"
        offered.append(_option(action, why))
    return _with_an_end(offered)


@lru_cache(maxsize=512)
def _option(action: str, why: str | None) -> Offered:
    """Return an action as it is offered, or why it is not; equal ones are one."""
    return Offered(id=action, means=MEANS[action], available=why is None, excluded_by=why)


def person_menu(failure: Failure, *, allow: Sequence[str] | None = None) -> tuple[Offered, ...]:
    """Return what a person may choose: the menu without `person`, and what only a person can tell.

    A person may always end the run, whatever `allow` says: it is what a passed deadline does, too.
    """
    # A breaker may have closed by the time a person answers.
    whenever = failure._replace(closed=None)
    allowed = None if allow is None else (*allow, "fail")
    offered = [option for option in menu(whenever, allow=allowed) if option.id != "person"]
    if failure.outcome.kind == "unknown":
        spent = None if failure.choices_left > 0 else "the recovery choices of this step are spent"
        offered += [_option("applied", None), _option("not_applied", spent)]
    if failure.outcome.kind == "applied_bad":
        offered.append(_option("adopt", None))
    return tuple(offered)


def _with_an_end(offered: Sequence[Offered]) -> tuple[Offered, ...]:
    """Return the options; where none is available, the run may be ended after all."""
    if any(option.available for option in offered):
        return tuple(offered)
    end = _option("fail", None)
    return tuple(end if option.id == "fail" else option for option in offered)


def safest(options: Sequence[Offered], failure: Failure) -> str:
    """Return the action that is taken when nobody chooses: find out, go around, ask, or end."""
    available = {option.id for option in options if option.available}
    order = ["reconcile", "substitute", "skip"]
    if in_doubt(failure.operation.effect, failure.outcome):
        order.append("person")
    order += ["replan", "fail", "undo", "person", "retry"]
    return next((action for action in order if action in available), "fail")


def in_doubt(effect: EffectClass, outcome: Outcome) -> bool:
    """Tell whether an effect may stand that nobody knows of, or stands wrongly."""
    return effect != "read" and outcome.kind in {"unknown", "applied_bad"}


def _excluded(action: RecoveryAction, failure: Failure) -> str | None:
    if action in {"person", "fail"}:
        return None
    if failure.choices_left <= 0 and action in LEADING_ON:
        return "the recovery choices of this step are spent"
    return _RULES[action](failure)


def _no_retry(failure: Failure) -> str | None:
    kind, effect = failure.outcome.kind, failure.operation.effect
    if kind == "not_sent" and failure.outcome.code == "arguments":
        return "the arguments do not fit the operation, and would not fit the next time"
    if kind == "rejected":
        return "the service said no, and would say no to the same call again"
    if kind == "unknown" and not failure.operation.repeatable:
        return f"the call may have taken effect, and a repeated {effect!r} call could take effect twice"
    if kind == "applied_bad" and effect not in {"read", "idempotent"}:
        return "the call took effect, and a repeated call could take effect twice"
    return failure.closed


def _no_reconcile(failure: Failure) -> str | None:
    kind = failure.outcome.kind
    doubtful = kind == "unknown" or (kind == "applied_bad" and failure.operation.effect == "keyed")
    if not doubtful:
        return "nothing is in doubt: the outcome is known"
    if failure.operation.reconcile is None:
        return "the catalogue names no way to find out"
    return None


def _no_way_around(failure: Failure) -> str | None:
    kind, effect = failure.outcome.kind, failure.operation.effect
    if effect != "read" and kind == "unknown":
        return "the call may have taken effect, and nothing may go past it before that is known"
    if effect not in {"read", "idempotent"} and kind == "applied_bad":
        return "the call took effect, and nothing may go past it before it is settled"
    return None


def _no_substitute(failure: Failure) -> str | None:
    if failure.substitutes_left == 0:
        return "the step names no substitute that is left"
    return _no_way_around(failure)


def _no_skip(failure: Failure) -> str | None:
    if not failure.optional:
        return "the step is not optional"
    return _no_way_around(failure)


def _no_replan(failure: Failure) -> str | None:
    if not failure.replans_left:
        return "the run was replanned as often as it may be"
    return _no_way_around(failure) or failure.unplannable


def _no_undo(failure: Failure) -> str | None:
    kind, operation = failure.outcome.kind, failure.operation
    if failure.irreversible is not None:
        return f"{failure.irreversible} was applied and cannot be taken back; from there it only goes forward"
    if kind == "unknown" and operation.effect != "read" and operation.reconcile is None:
        return "the call may have taken effect, and there is no way to find out what to take back"
    if kind == "applied_bad" and operation.effect != "read" and operation.undo is None:
        return "the call took effect, and the catalogue names no way to take it back"
    in_question = kind in {"unknown", "applied_bad"} and operation.effect != "read"
    if failure.to_undo == 0 and not in_question:
        return "the run has applied nothing that could be taken back"
    return None


_RULES = {
    "retry": _no_retry,
    "reconcile": _no_reconcile,
    "substitute": _no_substitute,
    "skip": _no_skip,
    "replan": _no_replan,
    "undo": _no_undo,
}
