"""Ownership: what exists for a caller, and in whose name they act."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from api.errors import Forbidden
from api.security import ANYBODY, Caller
from planner.errors import (
    DecisionUnknown,
    EventUnknown,
    PlannerError,
    RunUnknown,
    ScheduleUnknown,
    WebhookUnknown,
    WorkflowUnknown,
)
from planner.planning.errors import PlanUnknown
from planner.store import decisions, events, plans, questions, runs, schedules, webhooks, workflows

DRAWN = "run"
"""The one parameter of a query that names a run to be shown; lists leave out what is not the caller's."""
_WORKFLOW = "name"
"""The parameter of a path that names a workflow."""
_PERSON = "person"


def check(tx: Any, caller: Caller, named: Mapping[str, str]) -> None:
    """Return when every run and decision that a request names exists for the caller.

    Raises:
        RunUnknown: a run is another tenant's, or nobody's.
        DecisionUnknown: a decision is.
        EventUnknown: an event is.
        PlanUnknown: a plan is.
        WorkflowUnknown: a workflow is that of another tenant's plan.
        ScheduleUnknown: a schedule is.
        WebhookUnknown: a webhook is.
    """
    for name, (whose, unknown) in _OWNED.items():
        if name in named and not caller.sees(whose(tx, named[name])):
            raise unknown(named[name])
    if _WORKFLOW in named:
        _check_workflow(tx, caller, named[_WORKFLOW])


def _check_workflow(tx: Any, caller: Caller, name: str) -> None:
    """Return when a workflow is everybody's, or that of a plan of the caller's tenant.

    Raises:
        WorkflowUnknown: it is that of another tenant's plan.
    """
    owner = plans.owner(tx, name)
    if owner is not None and not caller.sees(owner):
        raise WorkflowUnknown(name, known=workflows.names(tx))


def check_every(caller: Caller) -> None:
    """Return when the caller is not confined to one tenant.

    Raises:
        Forbidden: it is.
    """
    if caller.tenant is not None:
        raise Forbidden(
            f"this concerns every tenant, and {caller.name!r} calls for {caller.tenant!r} alone; "
            "it takes a key without a tenant"
        )


def tenant(caller: Caller, told: str | None) -> str | None:
    """Return the tenant that a caller speaks of: the one told, else their own; None for every one.

    Raises:
        Forbidden: it is not theirs.
    """
    if told is not None and not caller.sees(told):
        raise Forbidden(
            f"{caller.name!r} calls for the tenant {caller.tenant!r} alone, and not for {told!r}; "
            "leave `tenant` out"
        )
    return told or caller.tenant


def actor(caller: Caller, told: str | None) -> str:
    """Return who acts, by id: whoever a shared key, or nobody in particular, says, else the caller.

    Raises:
        Forbidden: a caller with a name of their own gives another.
    """
    if told is not None and told != caller.name and caller.is_named:
        raise Forbidden(
            f"{caller.name!r} acts under no other name, and {told!r} is another; leave `actor` out"
        )
    return told or (_PERSON if caller is ANYBODY else caller.name)


def _whose(tx: Any, decision_id: str) -> str:
    try:
        return decisions.get(tx, decision_id).tenant
    except DecisionUnknown:
        return questions.get(tx, decision_id).tenant


class _Owned(NamedTuple):
    whose: Callable[[Any, str], str]
    """Returns the tenant of the one with an id, or raises `unknown`."""
    unknown: Callable[[str], PlannerError]


_RUN = _Owned(lambda tx, run_id: runs.get(tx, run_id).tenant, RunUnknown)
_OWNED: Mapping[str, _Owned] = {
    "run_id": _RUN,
    DRAWN: _RUN,
    "decision_id": _Owned(_whose, DecisionUnknown),
    "event_id": _Owned(lambda tx, event_id: events.get(tx, event_id).event.tenant, EventUnknown),
    "schedule_id": _Owned(lambda tx, schedule_id: schedules.get(tx, schedule_id).tenant, ScheduleUnknown),
    "plan_id": _Owned(lambda tx, plan_id: plans.get(tx, plan_id).tenant, PlanUnknown),
    "webhook_id": _Owned(lambda tx, webhook_id: webhooks.get(tx, webhook_id).tenant, WebhookUnknown),
}
"""What belongs to a tenant, by the names under which requests speak of it."""
