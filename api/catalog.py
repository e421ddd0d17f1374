"""Catalogue: the operations that a workflow may call, and how their services are."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Parts
from api.schemas import CatalogView, Listed, OperationView
from tools.operations import EffectClass
from tools.services import ServiceHealth

router = APIRouter(prefix="/catalog", tags=["catalog"])


@router.get("")
async def list_operations(
    parts: Parts,
    service: str | None = None,
    effect: EffectClass | None = None,
    *,
    guessed: Annotated[
        bool | None,
        Query(description="Only those whose effect class nobody has declared, or only the others."),
    ] = None,
) -> CatalogView:
    """List the operations by name."""
    catalog = parts.parts.catalog
    found = [
        operation
        for _, operation in sorted(catalog.operations.items())
        if service in {None, operation.service}
        and effect in {None, operation.effect}
        and guessed in {None, operation.effect_source != "declared"}
    ]
    return CatalogView(revision=catalog.revision, items=tuple(map(OperationView.of, found)))


@router.get("/services")
async def list_services(parts: Parts) -> Listed[ServiceHealth]:
    """List the services by name, and how each has been since this process started."""
    return Listed(items=tuple(parts.services.health()))


@router.get("/operations/{name}")
async def get_operation(name: str, parts: Parts) -> OperationView:
    """Return one operation."""
    return OperationView.of(parts.parts.catalog.operation(name))
