"""The contracts that a run began with stay after the project's catalogue has moved on."""

from datetime import UTC, datetime

import pytest

from planner.errors import CatalogUnknown, ServicesMissing
from planner.store import catalogs
from planner.testing import temporary_database
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import FunctionBinding, Operation, Undo

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def catalog(effect, address):
    operation = Operation(
        name="shop.pay",
        service="shop",
        effect=effect,
        undo=Undo(call="shop.refund", with_={"id": "${output.id}"}),
        binding=FunctionBinding(target="a:b"),
    )
    return Catalog({"shop.pay": operation}, {"shop": Service(name="shop", base_url=address)})


def test_a_kept_revision_comes_back_with_its_contracts_and_todays_addresses():
    then, now = catalog("write", "http://127.0.0.1:1"), catalog("keyed", "http://127.0.0.1:2")
    with temporary_database() as database:
        kept = [database.write_sync(catalogs.keep, then, NOW) for _ in range(2)]
        found = database.read_sync(catalogs.get, then.revision, now_at=now)

    assert kept == [True, False]
    assert found.operations == then.operations
    assert found.services["shop"].base_url == "http://127.0.0.1:2"


def test_a_process_without_its_services_is_told():
    then = catalog("write", "http://127.0.0.1:1")
    with temporary_database() as database:
        database.write_sync(catalogs.keep, then, NOW)
        with pytest.raises(ServicesMissing, match="no service 'shop'"):
            database.read_sync(catalogs.get, then.revision, now_at=Catalog({}, {}))


def test_a_revision_that_was_never_kept_is_told():
    with temporary_database() as database, pytest.raises(CatalogUnknown, match="no catalogue revision 'r-1'"):
        database.read_sync(catalogs.get, "r-1", now_at=catalog("write", "http://127.0.0.1:1"))
