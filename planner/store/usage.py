"""Usage: what tenants spent on models, summed up from the decisions that cost it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from planner.budgets import Spent, TenantBudget, Usage
from planner.store import rows, tables

_decisions = tables.decisions
_COSTS = ("model_calls", "tokens", "nano_usd")
_SUMS = tuple(func.coalesce(func.sum(_decisions.c[name]), 0) for name in _COSTS)
_NONE = TenantBudget()


def spent(tx: Connection, tenant: str, since: datetime) -> Spent:
    """Return what a tenant spent on decisions that were taken up at `since` or later."""
    query = select(*_SUMS).where(_decisions.c.tenant == tenant, _decisions.c.ts >= since)
    calls, tokens, nano = tx.execute(query).one()
    return Spent(int(calls), int(tokens), Decimal(int(nano)).scaleb(-rows.NANO))


def listed(
    tx: Connection, budgets: Mapping[str, TenantBudget], now: datetime, *, tenant: str | None = None
) -> list[Usage]:
    """Return what each tenant spent in its window of now: those that decided anything, or have a budget."""
    known = set(tx.execute(select(_decisions.c.tenant).distinct()).scalars()) | budgets.keys()
    wanted = sorted(known) if tenant is None else [tenant]
    return [_of(tx, each, budgets.get(each, _NONE), now) for each in wanted]


def _of(tx: Connection, tenant: str, budget: TenantBudget, now: datetime) -> Usage:
    since = budget.window(now)
    found = spent(tx, tenant, since)
    return Usage(tenant=tenant, since=since, until=since + budget.per, budget=budget, **found._asdict())
