"""Ownership: what exists for a caller, and in whose name they act."""

from collections.abc import Mapping
from typing import Any

from api.errors import Forbidden
from api.security import ANYBODY, Caller
from planner.errors import DecisionUnknown, EventUnknown, RunUnknown, ScheduleUnknown, WebhookUnknown
from planner.store import decisions, events, questions, runs, schedules, webhooks

DRAWN = "run"
"""The one parameter of a query that names a run to be shown; lists leave out what is not the caller's."""
_RUN, _DECISION = ("run_id", DRAWN), "decision_id"
_EVENT, _SCHEDULE, _WEBHOOK = "event_id", "schedule_id", "webhook_id"
"""Names under which requests speak of these things."""
_PERSON = "person"


def check(tx: Any, caller: Caller, named: Mapping[str, str]) -> None:
    """Return when every run and decision that a request names exists for the caller.

    Raises:
        RunUnknown: a run is another tenant's, or nobody's.
        DecisionUnknown: a decision is.
        EventUnknown: an event is.
        ScheduleUnknown: a schedule is.
        WebhookUnknown: a webhook is.
    """
    for run_id in (named[name] for name in _RUN if name in named):
        if not caller.sees(runs.get(tx, run_id).tenant):
            raise RunUnknown(run_id)
    if _DECISION in named and not caller.sees(_whose(tx, named[_DECISION])):
        raise DecisionUnknown(named[_DECISION])
    if _EVENT in named and not caller.sees(events.get(tx, named[_EVENT]).event.tenant):
        raise EventUnknown(named[_EVENT])
    if _SCHEDULE in named and not caller.sees(schedules.get(tx, named[_SCHEDULE]).tenant):
        raise ScheduleUnknown(named[_SCHEDULE])
    if _WEBHOOK in named and not caller.sees(webhooks.get(tx, named[_WEBHOOK]).tenant):
        raise WebhookUnknown(named[_WEBHOOK])


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
