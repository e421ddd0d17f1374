"""Usage: what tenants spent on models in the window of their budget that goes on."""

from typing import Annotated

import typer

from api.commands import reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.budgets import Usage
from planner.clock import SystemClock
from planner.store import usage as stored


def usage(
    *,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant")] = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what tenants spent on models since their window began, beside their budgets."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        found = store.read_sync(stored.listed, config.tenants, SystemClock().now(), tenant=tenant)
    output.document({"items": [each.model_dump(mode="json") for each in found]})
    if not found:
        output.line("Nothing was decided yet.")
        return
    head = ("tenant", "model calls", "tokens", "US dollars", "until")
    output.table(head, [_row(each) for each in found])


def _row(found: Usage) -> tuple[str, ...]:
    budget, dollars = found.budget, f"{found.cost_usd.normalize():f}"
    cells = (
        _cell(str(found.model_calls), budget.model_calls),
        _cell(str(found.tokens), budget.tokens),
        _cell(dollars, budget.cost_usd),
    )
    return found.tenant, *cells, f"{found.until:%Y-%m-%d %H:%M:%S}"


def _cell(spent: str, limit: float | None) -> str:
    return spent if limit is None else f"{spent} of {limit}"
