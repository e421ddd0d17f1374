"""Usage: what tenants spent on models in the window of their budget that goes on."""

from fastapi import APIRouter

from api.dependencies import Parts, TenantFilter
from api.schemas import Listed
from planner.budgets import Usage
from planner.store import usage

router = APIRouter(tags=["decisions"])


@router.get("/usage")
async def list_usage(parts: Parts, tenant: TenantFilter = None) -> Listed[Usage]:
    """List what each tenant spent on models since its window began, beside its budget."""
    now = parts.parts.clock.now()
    found = await parts.parts.database.read(usage.listed, parts.parts.tenants, now, tenant=tenant)
    return Listed(items=tuple(found))
