"""A real moto_server, called by boto3 through a Python function, with a front that loses answers."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from examples.aws import orders_table, serve
from examples.front import Front
from tools import catalog as catalogs
from tools.expressions import Template, condition
from tools.services import Services

pytestmark = [pytest.mark.real, pytest.mark.acceptance]

CATALOG = Path(__file__).resolve().parents[2] / "examples" / "aws" / "catalog.yaml"
ORDER = {"order_id": "o-1", "customer": "ann", "total": 12.5}


@pytest.fixture(scope="module")
def moto():
    with serve.moto() as address:
        serve.create_table(address)
        yield address


@pytest.fixture
def front(moto, monkeypatch):
    with Front(moto) as front:
        for name, value in serve.environment(front.url).items():
            monkeypatch.setenv(name, value)
        orders_table.client.cache_clear()
        yield front
        orders_table.client().close()
        orders_table.client.cache_clear()


def call(*calls):
    async def main():
        catalog = catalogs.load(CATALOG)
        async with Services(catalog, secret=lambda _: None) as services:
            return [
                await services.call(catalog.operation(f"orders_table.{name}"), arguments, timeout=timeout)
                for name, arguments, timeout in calls
            ]

    return asyncio.run(main())


def test_an_order_is_written_found_and_taken_out(front):
    key = {"order_id": "o-0"}
    put, found, again, gone, absent = call(
        ("put", {**ORDER, **key}, None),
        ("find", key, None),
        ("put", {**ORDER, **key}, None),
        ("delete", key, None),
        ("find", key, None),
    )
    assert (put.kind, put.output) == ("applied", {**ORDER, **key}), put.error
    assert found.output == {"found": True, "order": {**ORDER, **key}}
    assert (again.kind, again.code, again.status) == ("rejected", "ConditionalCheckFailedException", 400)
    assert gone.kind == "applied"
    assert absent.output == {"found": False, "order": None}


@pytest.mark.parametrize("patience", [timedelta(seconds=1), None], ids=["planner", "botocore"])
def test_a_write_whose_answer_is_lost_is_unknown_and_the_look_up_finds_it(front, patience):
    order = {**ORDER, "order_id": f"o-{patience}"}
    front.plan(serve.is_put, ["lost_answer"])
    [lost] = call(("put", order, patience))
    assert (lost.kind, lost.code) == ("unknown", "timeout"), lost.error
    assert [kind for request, kind in front.requests if serve.is_put(request)] == ["lost_answer"]

    reconcile = catalogs.load(CATALOG).operation("orders_table.put").reconcile
    arguments = Template(reconcile.with_).render({"input": order})
    [looked] = call(("find", arguments, None))
    seen = {"found": looked.output, "input": order}
    assert condition(reconcile.applied_when).evaluate(seen) is True
    assert Template(reconcile.output).render(seen) == order


def test_a_look_up_says_when_nothing_was_applied(front):
    arguments = {**ORDER, "order_id": "never"}
    [looked] = call(("find", {"order_id": "never"}, None))
    reconcile = catalogs.load(CATALOG).operation("orders_table.put").reconcile
    seen = {"found": looked.output, "input": arguments}
    assert condition(reconcile.applied_when).evaluate(seen) is False


def test_a_table_out_of_reach_is_not_sent(moto, monkeypatch, front):
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    orders_table.client.cache_clear()
    [outcome] = call(("put", ORDER, None))
    assert (outcome.kind, outcome.code) == ("not_sent", "connect"), outcome.error
