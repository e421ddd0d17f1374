"""Catalogue over HTTP: operations, and how their services are."""

from typing import get_args

from api.schemas import OperationView
from tools.operations import Binding


def test_operations_are_listed_with_their_contracts(client):
    found = client.get("/v1/catalog").json()

    by_name = {each["name"]: each for each in found["items"]}
    assert list(by_name) == sorted(by_name)
    assert by_name["floor.pay"]["effect"] == "write"
    assert by_name["floor.pay"]["undo"]["call"] == "floor.refund"
    assert by_name["floor.pay"]["input"]["required"] == ["amount"]
    assert by_name["floor.pay"]["kind"] == "function"
    assert (by_name["desk.getNote"]["method"], by_name["desk.getNote"]["path"]) == ("GET", "/notes/{id}")
    assert found["revision"]


def test_operations_are_found_by_service_effect_and_whether_anybody_declared_it(client):
    def names(**query):
        return [each["name"] for each in client.get("/v1/catalog", params=query).json()["items"]]

    assert names(service="desk") == ["desk.getNote"]
    assert names(effect="idempotent") == ["floor.refund"]
    assert names(guessed=True) == ["desk.getNote", "floor.odd"]
    assert "floor.pay" in names(guessed=False)
    assert "desk.getNote" not in names(guessed=False)


def test_one_operation_is_read(client):
    assert client.get("/v1/catalog/operations/floor.price").json()["summary"] == "Tell a price."


def test_an_operation_that_is_not_there_brings_the_nearest(client):
    answer = client.get("/v1/catalog/operations/floor.prize")

    assert answer.status_code == 404
    assert answer.json()["candidates"][0] == "floor.price"


def test_services_tell_how_they_have_been(client):
    client.run("quote", {"sku": "a"})
    client.run("doubt")

    found = {each["name"]: each for each in client.get("/v1/catalog/services").json()["items"]}

    assert list(found) == ["desk", "floor"]
    assert found["floor"]["calls"] == 2
    assert found["floor"]["failures"] == 1
    assert found["floor"]["state"] == "closed"
    assert "the line went dead" in found["floor"]["last_error"]


def test_every_kind_of_binding_can_be_told():
    union, _ = get_args(Binding)
    kinds = {binding.model_fields["kind"].default for binding in get_args(union)}

    assert set(get_args(OperationView.model_fields["kind"].annotation)) == kinds
