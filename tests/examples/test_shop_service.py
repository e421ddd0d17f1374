import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from examples.shop.service import SERVICES
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import create


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    service = SERVICES[request.param]
    with TestClient(create(service, Ledger(seed=service.seed)), raise_server_exceptions=False) as client:
        yield client


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [name], indirect=True)


def records(client: TestClient) -> list[dict[str, object]]:
    found = client.get("/admin/records").json()
    return [{name: each[name] for name in ("operation", "arguments", "idempotency_key")} for each in found]


RESERVATION = {"order_id": "o-1", "sku": "kettle", "quantity": 2}


@of("inventory")
def test_the_same_key_with_the_same_body_answers_again_without_a_second_effect(client):
    first = client.post("/reservations", json=RESERVATION, headers={"Idempotency-Key": "k1"})
    again = client.post("/reservations", json=RESERVATION, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.json()) == (201, first.json())
    assert records(client) == [{"operation": "reserve", "arguments": RESERVATION, "idempotency_key": "k1"}]
    assert client.get("/stock/kettle").json() == {"sku": "kettle", "available": 1, "reserved": 2}


@of("inventory")
def test_the_same_key_with_another_body_is_a_conflict(client):
    client.post("/reservations", json=RESERVATION, headers={"Idempotency-Key": "k1"})
    other = client.post(
        "/reservations", json={**RESERVATION, "quantity": 1}, headers={"Idempotency-Key": "k1"}
    )
    assert (other.status_code, other.headers["content-type"]) == (409, "application/problem+json")
    assert "'k1' came before with other arguments" in other.json()["detail"]
    assert len(records(client)) == 1


@of("inventory")
def test_without_a_key_every_call_acts(client):
    found = [client.post("/reservations", json={**RESERVATION, "quantity": 1}).json()["id"] for _ in "ab"]
    assert found == ["r-9001", "r-9002"]


@of("inventory")
def test_what_is_refused_leaves_no_trace(client):
    refused = client.post("/reservations", json={**RESERVATION, "quantity": 4})
    assert (refused.status_code, refused.json()["detail"]) == (409, "of kettle there are 3, not 4")
    assert records(client) == []
    assert client.get("/stock/kettle").json()["available"] == 3


@of("inventory")
def test_releasing_twice_puts_the_goods_back_once(client):
    held = client.post("/reservations", json=RESERVATION).json()["id"]
    answers = [client.post(f"/reservations/{held}/release").json()["status"] for _ in "ab"]
    assert answers == ["released", "released"]
    assert [each["operation"] for each in records(client)] == ["reserve", "release"]
    assert client.get("/stock/kettle").json() == {"sku": "kettle", "available": 3, "reserved": 0}


@of("orders")
def test_an_order_is_priced_confirmed_and_cancelled(client):
    lines = [{"sku": "mug", "quantity": 3}, {"sku": "beans", "quantity": 1}]
    placed = client.post("/orders", json={"customer": "barbara@example.com", "lines": lines}).json()
    assert (placed["total"], placed["status"]) == (50.2, "placed")
    confirmation = {"payment_id": "p-1", "shipment_id": "s-1"}
    for _ in range(2):
        confirmed = client.post(f"/orders/{placed['id']}/confirm", json=confirmation).json()
        assert confirmed == {**placed, **confirmation, "status": "confirmed"}
    cancelled = [client.post(f"/orders/{placed['id']}/cancel").json()["status"] for _ in range(2)]
    assert cancelled == ["cancelled", "cancelled"]
    assert client.post(f"/orders/{placed['id']}/confirm", json=confirmation).status_code == 409
    assert [each["operation"] for each in records(client)] == ["createOrder", "confirmOrder", "cancelOrder"]


@of("orders")
def test_an_article_that_is_not_sold_is_refused(client):
    answer = client.post(
        "/orders", json={"customer": "x@example.com", "lines": [{"sku": "yak", "quantity": 1}]}
    )
    assert (answer.status_code, answer.json()["detail"]) == (422, "there is no article 'yak'")


@of("payments")
def test_each_refund_moves_money_again_and_can_be_found(client):
    body = {"payment_id": "p-1001", "amount": 49.90, "reason": "late", "reference": "run-1"}
    done = [client.post("/refunds", json=body, headers={"Idempotency-Key": "k"}).json() for _ in range(2)]
    found = client.get("/refunds", params={"payment_id": "p-1001"}).json()
    assert found == {"items": done}
    assert client.get("/payments/p-1001").json()["refunded"] == 99.8


@of("payments")
def test_a_charge_is_found_by_its_order_and_a_large_one_is_declined(client):
    body = {"order_id": "o-7", "customer": "x@example.com", "amount": 10.0}
    charged = client.post("/payments", json=body).json()
    assert client.get("/payments", params={"order_id": "o-7"}).json() == {"items": [charged]}
    declined = client.post("/payments", json={**body, "amount": 1000.01})
    assert (declined.status_code, "declined" in declined.json()["detail"]) == (422, True)


@of("shipping")
def test_a_parcel_that_has_left_cannot_be_cancelled(client):
    assert client.post("/shipments/s-1001/cancel").status_code == 409
    sent = client.post("/express", json={"order_id": "o-1001", "reference": "run-1"}).json()
    assert (sent["speed"], sent["eta_days"]) == ("express", 1)
    found = client.get("/shipments", params={"order_id": "o-1001", "reference": "run-1"}).json()
    assert found == {"items": [sent]}
    assert client.post(f"/shipments/{sent['id']}/cancel").json()["status"] == "cancelled"


@of("notifications")
def test_a_message_is_written_from_its_template(client):
    body = {"to": "ada@example.com", "template": "refund", "subject": "order o-1001"}
    sent = client.post("/messages", json=body).json()
    assert sent["text"] == "We have paid back what you paid for order o-1001."
    assert client.post("/messages", json={**body, "template": "spam"}).status_code == 422


@of("ops")
def test_the_right_lever_makes_a_service_well_and_the_wrong_one_does_not(client):
    def rate(service):
        return client.get(f"/systems/{service}/metrics").json()["error_rate"]

    client.post("/systems/checkout-web/restart", json={"incident_id": "i-301"})
    assert rate("checkout-web") == 0.31
    client.post("/systems/checkout-web/rollback", json={"to_version": "2.7.3"})
    assert rate("checkout-web") == 0.001
    newest = client.get("/systems/checkout-web/deploys").json()["items"][0]
    assert (newest["version"], newest["rollback"]) == ("2.7.3", True)
    for _ in range(2):
        client.post("/systems/search/restart", json={"incident_id": "i-302"})
    assert rate("search") == 0.001
    assert [each["operation"] for each in records(client)] == ["restart", "rollback", "restart"]


@of("ops")
def test_a_version_that_never_ran_cannot_be_rolled_back_to(client):
    answer = client.post("/systems/search/rollback", json={"to_version": "9.9.9"})
    assert (answer.status_code, records(client)) == (422, [])


@pytest.mark.parametrize("client", list(SERVICES), indirect=True)
def test_what_does_not_exist_is_a_problem(client):
    answer = client.get("/nothing/here")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["status"] == 404


@of("orders")
def test_an_unknown_field_is_refused_by_name(client):
    answer = client.post(
        "/orders", json={"customer": "x", "lines": [{"sku": "mug", "quantity": 1, "gift": 1}]}
    )
    assert answer.status_code == 422
    assert "body.lines.0.gift" in answer.json()["detail"]


def test_state_survives_the_process(tmp_path):
    service = SERVICES["payments"]
    for expected in ("f-9001", "f-9002"):
        with TestClient(create(service, Ledger(tmp_path / "p.db", seed=service.seed))) as client:
            body = {"payment_id": "p-1003", "amount": 1.0, "reason": "test", "reference": "r"}
            assert client.post("/refunds", json=body).json()["id"] == expected
            seen = client.get("/admin/records").json()
    assert [each["seq"] for each in seen] == [1, 2]
    assert all(each["at"].endswith("Z") for each in seen)


FAULT = {"operation": "refund", "times": 1}
REFUND = {"payment_id": "p-1001", "amount": 49.9, "reason": "late", "reference": "run-1"}


@of("payments")
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "refuse"}, 422),
        ({"kind": "refuse", "status": 409}, 409),
        ({"kind": "status"}, 503),
        ({"kind": "status", "status": 429}, 429),
        ({"kind": "timeout_before", "seconds": 0.01}, 504),
    ],
)
def test_a_fault_before_leaves_the_service_as_it_was(client, fault, status):
    client.post("/admin/faults", json={**FAULT, **fault})
    failed = client.post("/refunds", json=REFUND)
    assert (failed.status_code, failed.headers["content-type"]) == (status, "application/problem+json")
    assert records(client) == []
    assert client.post("/refunds", json=REFUND).status_code == 201


@of("payments")
def test_a_timeout_after_applies_once_and_hangs(client):
    client.post("/admin/faults", json={**FAULT, "kind": "timeout_after", "seconds": 0.2})
    began = time.monotonic()
    client.post("/refunds", json=REFUND)
    assert time.monotonic() - began >= 0.2
    assert len(records(client)) == 1


@of("payments")
def test_slow_answers_late_and_right(client):
    client.post("/admin/faults", json={**FAULT, "kind": "slow", "seconds": 0.1})
    began = time.monotonic()
    assert client.post("/refunds", json=REFUND).json()["amount"] == 49.9
    assert time.monotonic() - began >= 0.1


@of("payments")
def test_wrong_answers_200_with_a_body_that_fits_the_schema_and_not_the_request(client):
    client.post("/admin/faults", json={**FAULT, "kind": "wrong"})
    answer = client.post("/refunds", json=REFUND)
    assert (answer.status_code, answer.json()["amount"]) == (201, 50.9)
    client.post("/admin/faults", json={**FAULT, "kind": "wrong", "body": {"amount": "much"}})
    assert client.post("/refunds", json=REFUND).json()["amount"] == "much"
    assert len(records(client)) == 2


@of("payments")
def test_a_fault_comes_as_often_as_it_was_asked_for_and_can_be_cleared(client):
    client.post("/admin/faults", json={**FAULT, "kind": "status", "times": 2})
    assert [client.post("/refunds", json=REFUND).status_code for _ in "abc"] == [503, 503, 201]
    client.post("/admin/faults", json={**FAULT, "kind": "status", "times": 9})
    assert len(client.get("/admin/faults").json()) == 1
    client.delete("/admin/faults")
    assert client.post("/refunds", json=REFUND).status_code == 201


@of("payments")
def test_a_fault_of_one_operation_leaves_the_others_alone(client):
    client.post("/admin/faults", json={**FAULT, "kind": "status"})
    assert client.get("/payments/p-1001").status_code == 200


@of("payments")
def test_a_fault_of_an_unknown_operation_is_refused_with_the_known_ones(client):
    answer = client.post("/admin/faults", json={"operation": "refnd", "kind": "status"})
    assert answer.status_code == 422
    assert "charge, findCharges, findRefunds, getPayment, refund" in answer.json()["detail"]


@pytest.mark.parametrize("client", list(SERVICES), indirect=True)
def test_the_admin_side_is_not_part_of_the_contract(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert not [path for path in document["paths"] if path.startswith("/admin") or path == "/healthz"]
    assert httpx.codes(client.get("/healthz").status_code) is httpx.codes.OK
