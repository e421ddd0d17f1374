import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from examples.shop.contracts import FOLDER
from examples.shop.processes import Process, ProcessFailed, shop
from examples.shop.service import SERVICES

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    with shop() as found:
        yield found


def test_every_service_runs_as_its_own_process(addresses):
    assert list(addresses) == list(SERVICES)
    for name, address in addresses.items():
        assert httpx.get(f"{address}/healthz").json() == {"service": name, "status": "ok"}


def test_a_caller_that_gives_up_finds_the_effect_applied_once(addresses):
    url = addresses["payments"]
    httpx.post(f"{url}/admin/faults", json={"operation": "refund", "kind": "timeout_after", "seconds": 1})
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{url}/refunds",
            json={"payment_id": "p-1001", "amount": 49.9, "reason": "late", "reference": "run-1"},
            timeout=0.2,
        )
    found = httpx.get(f"{url}/refunds", params={"payment_id": "p-1001"}).json()["items"]
    assert [each["amount"] for each in found] == [49.9]


def test_a_reset_applies_and_closes_the_connection_without_an_answer(addresses):
    url = addresses["shipping"]
    httpx.post(f"{url}/admin/faults", json={"operation": "express", "kind": "reset"})
    with pytest.raises(httpx.TransportError):
        httpx.post(f"{url}/express", json={"order_id": "o-1002", "reference": "run-1"})
    found = httpx.get(f"{url}/shipments", params={"order_id": "o-1002", "reference": "run-1"}).json()["items"]
    assert len(found) == 1


def test_every_running_service_publishes_its_saved_contract(addresses):
    for name, address in addresses.items():
        saved = orjson.loads((FOLDER / f"{name}.json").read_bytes())
        assert httpx.get(f"{address}/openapi.json").json() == saved


def test_a_service_that_cannot_start_says_why(tmp_path):
    command = ["examples.shop.service", "nobody"]
    with (
        Process("odd", command, log=tmp_path / "log") as process,
        pytest.raises(ProcessFailed, match="invalid choice: 'nobody'"),
    ):
        process.address()


def test_a_killed_service_is_gone_and_keeps_its_state(tmp_path: Path):
    state = tmp_path / "notifications.db"
    message = {"to": "ada@example.com", "template": "wait", "subject": "order o-1"}
    command = ["examples.shop.service", "notifications", "--port", "0", "--state", str(state)]
    with Process("notifications", command, log=tmp_path / "log") as process:
        httpx.post(f"{process.address()}/messages", json=message).raise_for_status()
        process.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    with Process("notifications", command, log=tmp_path / "log") as again:
        assert len(httpx.get(f"{again.address()}/admin/records").json()) == 1


def test_a_service_stops_when_its_parent_is_gone(tmp_path):
    command = ["examples.shop.service", "orders", "--port", "0", "--with-parent"]
    with Process("orders", command, log=tmp_path / "log") as process:
        process.address()
        assert process.let_go() == 0
