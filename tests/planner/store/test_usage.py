from datetime import timedelta
from decimal import Decimal

from planner.budgets import Spent, TenantBudget
from planner.decisions import Attempt, Filled, Usage
from planner.store import decisions, usage


def keep(database, make, *, minutes=0, **fields):
    attempt = Attempt(n=1, started=make.at, ms=1.0, outcome_class="ok")
    told = {
        "attempts": (attempt, attempt),
        "usage": Usage(input=300, output=30, cost_usd=Decimal("0.000123456")),
    }
    decision = make.decision(ts=make.later(minutes=minutes), **told | fields)
    database.write_sync(decisions.insert, decision)


def test_what_decisions_cost_is_summed_up_by_tenant_and_time(database, make):
    keep(database, make, tenant="acme", minutes=-1)
    keep(database, make, tenant="acme")
    keep(database, make, tenant="acme", minutes=1)
    keep(database, make, tenant="other")

    assert database.read_sync(usage.spent, "acme", make.at) == Spent(4, 660, Decimal("0.000246912"))
    assert database.read_sync(usage.spent, "nobody", make.at) == Spent()


def test_reading_values_out_of_a_goal_counts_too(database, make):
    attempt = Attempt(n=1, started=make.at, ms=1.0, outcome_class="ok")
    filled = Filled(outcome_class="ok", attempts=(attempt,), usage=Usage(input=10, output=5))
    keep(database, make, filled=filled)

    assert database.read_sync(usage.spent, "default", make.at).model_calls == 3
    assert database.read_sync(usage.spent, "default", make.at).tokens == 345


def test_tenants_are_listed_with_their_windows_also_those_that_spent_nothing(database, make):
    keep(database, make, tenant="acme")
    budgets = {"idle": TenantBudget(tokens=5), "acme": TenantBudget(model_calls=9, per=timedelta(hours=1))}

    found = database.read_sync(usage.listed, budgets, make.later(minutes=5))
    alone = database.read_sync(usage.listed, budgets, make.later(hours=1), tenant="acme")

    assert [(each.tenant, each.model_calls) for each in found] == [("acme", 2), ("idle", 0)]
    assert (found[0].since, found[0].until) == (make.at, make.later(hours=1))
    assert [(each.tenant, each.model_calls) for each in alone] == [("acme", 0)]
