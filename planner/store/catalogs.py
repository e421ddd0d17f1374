"""Catalogues: the contracts that runs began with, by revision."""

from datetime import datetime

from sqlalchemy import Connection, select

from planner import bodies
from planner.errors import CatalogUnknown, ServicesMissing
from planner.store import tables
from tools.catalog import Catalog
from tools.operations import Operation

_catalogs = tables.catalogs


def keep(tx: Connection, catalog: Catalog, now: datetime) -> bool:
    """Keep the contracts of this revision; return whether they are new."""
    operations = [operation.model_dump(mode="json") for operation in catalog.operations.values()]
    row = {"revision": catalog.revision, "body": bodies.encode(operations), "created_at": now}
    return tables.insert_or_skip(tx, _catalogs, row)


def get(tx: Connection, revision: str, *, now_at: Catalog) -> Catalog:
    """Return the contracts of a revision, with the addresses of the services as they are now.

    Raises:
        CatalogUnknown: the revision was never kept.
        ServicesMissing: this process knows not all of its services.
    """
    if revision in {"", now_at.revision}:
        return now_at
    row = tx.execute(select(_catalogs).where(_catalogs.c.revision == revision)).one_or_none()
    if row is None:
        raise CatalogUnknown(revision)
    operations = [Operation.model_validate(found) for found in bodies.decode(row.body)]
    missing = sorted({operation.service for operation in operations} - set(now_at.services))
    if missing:
        raise ServicesMissing(missing)
    return Catalog({operation.name: operation for operation in operations}, now_at.services)
