"""The catalogue."""

import json

import pytest

from tools import catalog
from tools.access import Service
from tools.catalog import Catalog
from tools.errors import CatalogInvalid, OperationUnknown
from tools.operations import FunctionBinding, Operation

TEXT = """\
services:
  orders:
    openapi: orders.json
    base_url: http://127.0.0.1:8101
    auth: {bearer: {secret: ORDERS_TOKEN}}
    max_concurrency: 5
    breaker: {failures: 3, open_for: PT10S}
    operations:
      charge:
        effect: keyed
        key_header: Idempotency-Key
        timeout: PT2S
        retry: {attempts: 4, initial: PT0.2S, max: PT5S}
        undo: {call: refund, with: {payment_id: "${output.id}", amount: "${output.amount}"}}
        reconcile:
          call: findCharge
          with: {order_id: "${input.order_id}"}
          applied_when: "${size(found.items) > 0}"
          output: "${found.items[0]}"
        check: "${output.amount == input.amount}"
        confirm: person
        summary: Take the money.
  mailer:
    python: {send: "json:dumps"}
    operations: {send: {effect: irreversible}}
"""


def call(name, *fields, answer=()):
    schema = {"type": "object", "properties": {field: {} for field in fields}, "required": list(fields)}
    found = {"type": "object", "properties": {field: {} for field in answer}}
    return {
        "operationId": name,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"content": {"application/json": {"schema": found}}}},
    }


@pytest.fixture
def path(tmp_path):
    paths = {
        "/charge": {"post": call("charge", "order_id", "amount", answer=["id", "amount"])},
        "/refund": {"post": call("refund", "payment_id", "amount")},
        "/find": {
            "get": {
                "operationId": "findCharge",
                "parameters": [{"name": "order_id", "in": "query"}],
                "responses": {"200": {}},
            }
        },
    }
    (tmp_path / "orders.json").write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    (tmp_path / "catalog.yaml").write_text(TEXT)
    return tmp_path / "catalog.yaml"


def a_catalog(**changes):
    binding = FunctionBinding(target="m:f")
    operations = {
        name: Operation(name=name, service="desk", binding=binding, effect="read", effect_source=source)
        for name, source in (("desk.read", "guessed"), ("desk.count", "default"), ("desk.write", "declared"))
    }
    return Catalog(operations, {"desk": Service(name="desk", **changes)})


def test_a_whole_catalogue_is_loaded(path):
    loaded = catalog.load(path)
    charge = loaded.operation("orders.charge")
    assert (charge.effect, charge.confirm, charge.summary) == ("keyed", "person", "Take the money.")
    assert (charge.timeout.total_seconds(), charge.retry.attempts) == (2, 4)
    assert (charge.undo.call, charge.reconcile.call) == ("orders.refund", "orders.findCharge")
    assert loaded.service(charge).max_concurrency == 5
    assert loaded.service(charge).breaker.open_for.total_seconds() == 10
    assert loaded.operation("mailer.send").effect == "irreversible"


def test_effects_that_no_person_declared_are_listed(path):
    assert [found.name for found in catalog.load(path).guessed()] == ["orders.findCharge", "orders.refund"]
    assert [found.name for found in a_catalog().guessed()] == ["desk.count", "desk.read"]


def test_an_unknown_name_comes_with_the_nearest_ones():
    with pytest.raises(OperationUnknown) as caught:
        a_catalog().operation("desk.raed")
    assert caught.value.candidates[0] == "desk.read"


def test_the_revision_tells_contents_and_not_where_they_run(path):
    first = catalog.load(path)
    assert first.revision == catalog.load(path, base_urls={"orders": "https://orders.example"}).revision
    path.write_text(TEXT.replace("ORDERS_TOKEN", "OTHER_TOKEN"))
    assert catalog.load(path).revision == first.revision
    path.write_text(TEXT.replace("PT2S", "PT3S"))
    assert catalog.load(path).revision != first.revision
    assert len(first.revision) == 64


def test_the_revision_is_that_of_the_content_in_any_order():
    other = a_catalog()
    turned = Catalog(dict(reversed(list(other.operations.items()))), other.services)
    assert turned.revision == other.revision
    assert a_catalog(not_processed=(429,)).revision != other.revision


def test_secrets_are_names_and_their_values_appear_nowhere(path):
    service = catalog.load(path).services["orders"]
    assert service.auth.secret == "ORDERS_TOKEN"


def test_a_broken_catalogue_tells_all_problems(path):
    path.write_text(
        TEXT.replace("call: refund", "call: refnd").replace("size(found.items)", "size(fnd.items)")
    )
    with pytest.raises(CatalogInvalid) as caught:
        catalog.load(path)
    assert [(found.code, found.line) for found in caught.value.problems] == [
        ("unknown-operation", 14),
        ("unknown-name", 18),
    ]
    assert "orders.refund" in str(caught.value)
