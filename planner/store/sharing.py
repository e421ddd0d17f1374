"""Sharing: how many new runs each tenant may have taken up, and how much room workflows have."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from planner.store import tables

_runs = tables.runs
_LOCK = 0x636C61696D
"""What processes that heed limits on one PostgreSQL database take turns on."""


class Share(NamedTuple):
    """How many new runs of a tenant may be taken up now."""

    tenant: str
    runs: int


def shares(tx: Connection, room: int) -> list[Share]:
    """Return how the room for new runs is shared out: whoever has the fewest runs moving comes first."""
    query = select(_runs.c.tenant, _runs.c.status, func.count()).where(
        _runs.c.status.in_(("queued", "running"))
    )
    moving: dict[str, int] = {}
    queued: dict[str, int] = {}
    for tenant, status, count in tx.execute(query.group_by(_runs.c.tenant, _runs.c.status)):
        (queued if status == "queued" else moving)[tenant] = count
    return share_out(room, queued, moving)


def share_out(room: int, queued: Mapping[str, int], moving: Mapping[str, int]) -> list[Share]:
    """Return how room is shared out between those who queue, so that each has as many moving as it can."""
    given = dict.fromkeys(sorted(queued), 0)
    for _ in range(min(room, sum(queued.values()))):
        hungry = (tenant for tenant in given if given[tenant] < queued[tenant])
        given[min(hungry, key=lambda tenant: moving.get(tenant, 0) + given[tenant])] += 1
    return [Share(tenant, count) for tenant, count in given.items() if count]


def overfull(tx: Connection, tenant: str, most: int | None, most_of_tenant: int | None) -> str | None:
    """Return why no more runs are taken in, in one sentence; None while they are."""
    queued = select(func.count()).where(_runs.c.status == "queued")
    if most is not None and tx.execute(queued).scalar_one() >= most:
        return f"{most} runs wait to be taken up already"
    own = queued.where(_runs.c.tenant == tenant)
    if most_of_tenant is not None and tx.execute(own).scalar_one() >= most_of_tenant:
        return f"{most_of_tenant} runs of the tenant {tenant} wait to be taken up already"
    return None


def room_of(tx: Connection, most_running: Mapping[str, int]) -> dict[str, int]:
    """Return how many more runs of each limited workflow may move; nobody else takes any meanwhile."""
    if not most_running:
        return {}
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    query = select(_runs.c.workflow, func.count()).where(_runs.c.status == "running")
    query = query.where(_runs.c.workflow.in_(sorted(most_running))).group_by(_runs.c.workflow)
    moving: dict[str, int] = {name: count for name, count in tx.execute(query)}  # noqa: C416 - rows are no pairs
    return {name: max(0, most - moving.get(name, 0)) for name, most in most_running.items()}
