"""The shop's workflows on the real engine, over the real services, called in this process."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.shop.demo import PROJECT
from examples.shop.service import PORTS, SERVICES
from examples.shop.services.faults import Fault
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import Application, create
from graphs.runner import Ended
from graphs.testing import Bench, ScriptedDecider
from planner import documents
from planner.decisions import Answer, Confidence
from planner.definition import Workflow
from tools import catalog
from tools.services import Services

CATALOG = catalog.load(PROJECT / "catalog.yaml")
FILES = sorted((PROJECT / "workflows").glob("*.yaml"))


def workflows() -> dict[str, Workflow]:
    found = [documents.read(file.read_text(encoding="utf-8")).workflow for file in FILES]
    return {flow.workflow: flow for flow in found if flow is not None}


class InProcess(httpx.AsyncBaseTransport):
    """Reaches the services' applications by the ports that the catalogue names."""

    def __init__(self, apps: Mapping[str, Application]) -> None:
        self._by_port = {PORTS[name]: httpx.ASGITransport(app) for name, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._by_port[request.url.port or 0].handle_async_request(request)


class Shop:
    """The services without sockets, and runs over them."""

    def __init__(self) -> None:
        self.ledgers = {name: Ledger(seed=service.seed) for name, service in SERVICES.items()}
        self.apps = {name: create(SERVICES[name], ledger) for name, ledger in self.ledgers.items()}
        self.bench: Bench | None = None

    def fail(self, operation: str, kind: str, **more: Any) -> None:
        service, _, name = operation.partition(".")
        fault = Fault.model_validate({"operation": name, "kind": kind, **more})
        self.apps[service].state.faults.add(fault, [name])

    def effects(self) -> list[str]:
        """Every effect that the services applied, by service and in order."""
        return [
            f"{name}.{record.operation}"
            for name, ledger in self.ledgers.items()
            for record in ledger.records()
        ]

    def run(self, name: str, given: dict[str, Any], **answers: str) -> Ended:
        """Run until the end or until a person is asked; `answers` are the model's, by step."""
        points = {f"{name}/{step}": _sure(choice) for step, choice in answers.items()}
        flows = workflows()
        self.bench = Bench(
            workflow=flows[name],
            catalog=CATALOG,
            caller=None,  # type: ignore[arg-type] # given below, where it is open
            decider=ScriptedDecider(points),
            input=given,
            workflows=flows,
        )
        return self.go_on()

    def go_on(self) -> Ended:
        async def once() -> Ended:
            assert self.bench is not None
            services = Services(CATALOG, secret=lambda _name: None, transport=InProcess(self.apps))
            async with services:
                self.bench.caller = services  # type: ignore[assignment] # the real one in the double's place
                return await self.bench.once()

        return asyncio.run(once())

    def decided(self) -> list[tuple[str, str, str]]:
        assert self.bench is not None
        return [(each["path"], each["decided_by"], each["choice"]) for each in self.bench.decisions]


def _sure(choice: str) -> Answer:
    return Answer(
        outcome_class="ok", choice=choice, reason="scripted", confidence=Confidence(value=0.9, gates=True)
    )


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    for ledger in shop.ledgers.values():
        ledger.close()


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file).stem)
def test_every_workflow_is_without_a_problem(file):
    checked = documents.check(
        file.read_text(encoding="utf-8"), file=file.name, catalog=CATALOG, workflows=workflows()
    )
    assert [str(problem) for problem in checked.problems] == []


def test_every_effect_class_was_declared_by_a_person():
    assert CATALOG.guessed() == ()
    assert {name.partition(".")[0] for name in CATALOG.operations} == {*SERVICES, "triage"}


def test_an_unanswered_refund_is_looked_up_and_paid_once(shop):
    shop.fail("payments.refund", "timeout_after")
    ended = shop.run("late-order", {"order_id": "o-1001"}, resolve="refund", refund="reconcile")
    assert (ended.status, ended.output["resolution"]) == ("succeeded", "refund")
    assert ended.output["refund_id"] == "f-9001"
    assert shop.effects() == ["payments.refund", "notifications.send"]
    assert shop.decided() == [("resolve", "model", "refund"), ("refund", "model", "reconcile")]


def test_a_refund_that_never_arrived_is_sent_again_after_the_look_up(shop):
    shop.fail("payments.refund", "timeout_before")
    ended = shop.run("late-order", {"order_id": "o-1001"}, resolve="refund", refund="reconcile")
    assert ended.status == "succeeded"
    assert shop.effects() == ["payments.refund", "notifications.send"]


def test_retrying_an_unanswered_refund_is_never_offered(shop):
    shop.fail("payments.refund", "timeout_after")
    ended = shop.run("late-order", {"order_id": "o-1001"}, resolve="refund", refund="retry")
    assert ended.status == "waiting"
    recovery = shop.bench.decisions[-1]
    excluded = {each["id"]: each["excluded_by"] for each in recovery["options"] if not each["available"]}
    assert "could take effect twice" in excluded["retry"]
    assert shop.effects() == ["payments.refund"]


def test_a_wrong_answer_of_the_refund_is_noticed(shop):
    shop.fail("payments.refund", "wrong")
    ended = shop.run("late-order", {"order_id": "o-1001"}, resolve="refund", refund="fail")
    assert ended.status == "failed"
    assert shop.decided()[-1] == ("refund", "model", "fail")


def test_an_order_that_fits_no_option_goes_to_a_person_without_asking_the_model(shop):
    assert shop.run("late-order", {"order_id": "o-1002"}).status == "waiting"
    assert shop.decided() == [("resolve", "only_option", "person")]
    asked = shop.bench.answer("refund")
    assert [each.id for each in asked.options if each.available] == ["refund", "wait"]
    ended = shop.go_on()
    assert (ended.status, ended.output["resolution"]) == ("succeeded", "refund")
    assert shop.effects() == ["payments.refund", "notifications.send"]


@pytest.mark.parametrize(
    ("order", "choice", "effects"),
    [
        ("o-1003", "wait", ["notifications.send"]),
        ("o-1004", "reship", ["shipping.express", "notifications.send"]),
    ],
)
def test_the_other_remedies_can_be_reached(shop, order, choice, effects):
    ended = shop.run("late-order", {"order_id": order}, resolve=choice)
    assert (ended.status, ended.output["resolution"]) == ("succeeded", choice)
    assert shop.effects() == effects


def test_an_order_that_was_paid_back_before_is_not_paid_back_again(shop):
    shop.run("late-order", {"order_id": "o-1004"}, resolve="refund")
    assert shop.bench.decisions[0]["decided_by"] == "otherwise"
    assert "payments.refund" not in shop.effects()


def test_an_express_parcel_in_doubt_is_looked_up(shop):
    shop.fail("shipping.express", "timeout_after")
    ended = shop.run("late-order", {"order_id": "o-1001"}, resolve="reship", reship="reconcile")
    assert ended.status == "succeeded"
    assert shop.effects() == ["shipping.express", "notifications.send"]


BASKET = {
    "customer": "barbara@example.com",
    "lines": [{"sku": "mug", "quantity": 2}, {"sku": "beans", "quantity": 1}],
}
PLACED = ["orders.createOrder", "orders.confirmOrder", "inventory.reserve", "inventory.reserve"]


def test_a_checkout_does_each_thing_once(shop):
    ended = shop.run("checkout", BASKET)
    assert (ended.status, ended.output["total"]) == ("succeeded", 38.2)
    assert shop.effects() == [*PLACED, "payments.charge", "shipping.createShipment", "notifications.send"]


def test_a_checkout_that_cannot_be_sent_leaves_nothing_behind(shop):
    shop.fail("shipping.createShipment", "refuse")
    ended = shop.run("checkout", BASKET)
    assert ended.status == "undone"
    assert shop.effects() == [
        "orders.createOrder",
        "orders.cancelOrder",
        "inventory.reserve",
        "inventory.reserve",
        "inventory.release",
        "inventory.release",
        "payments.charge",
        "payments.refund",
    ]


def test_a_line_that_is_out_of_stock_undoes_the_checkout(shop):
    lines = [{"sku": "mug", "quantity": 1}, {"sku": "kettle", "quantity": 9}]
    ended = shop.run("checkout", {**BASKET, "lines": lines})
    assert ended.status == "undone"
    assert "orders.cancelOrder" in shop.effects()
    assert "payments.charge" not in shop.effects()


def test_a_charge_in_doubt_is_looked_up_without_a_model(shop):
    shop.fail("payments.charge", "timeout_after")
    assert shop.run("checkout", BASKET).status == "succeeded"
    assert ("charge", "otherwise", "reconcile") in shop.decided()
    assert shop.effects().count("payments.charge") == 1


@pytest.mark.parametrize(("choice", "status"), [("accept", "succeeded"), ("decline", "undone")])
def test_a_large_order_is_looked_at_by_a_person(shop, choice, status):
    large = {**BASKET, "lines": [{"sku": "grinder", "quantity": 1}, {"sku": "mug", "quantity": 36}]}
    assert shop.run("checkout", large).status == "waiting"
    shop.bench.answer(choice)
    assert shop.go_on().status == status


def test_a_card_over_its_limit_undoes_the_order(shop):
    large = {**BASKET, "lines": [{"sku": "beans", "quantity": 100}]}
    shop.run("checkout", large)
    shop.bench.answer("accept")
    assert shop.go_on().status == "undone"
    taken_back = ["orders.createOrder", "orders.cancelOrder", "inventory.reserve", "inventory.release"]
    assert shop.effects() == taken_back


@pytest.mark.parametrize(
    ("incident", "choice", "output", "effects"),
    [
        ("i-301", "rollback", ("rollback", False), ["ops.rollback", "ops.annotate"]),
        ("i-302", "restart", ("restart", False), ["ops.restart", "ops.annotate"]),
        ("i-303", "page", ("ignore", False), ["ops.annotate"]),
        ("i-304", "page", ("page", True), ["ops.page", "ops.annotate"]),
    ],
)
def test_each_incident_ends_with_a_note(shop, incident, choice, output, effects):
    ended = shop.run("incident-triage", {"incident_id": incident}, act=choice)
    assert ended.status == "succeeded"
    assert (ended.output["action"], ended.output["paged"]) == output
    assert shop.effects() == effects


def test_a_lever_that_does_not_help_wakes_the_team(shop):
    shop.fail("ops.getMetrics", "wrong", body={"error_rate": 0.3, "memory_percent": 99.0}, times=4)
    ended = shop.run("incident-triage", {"incident_id": "i-302"}, act="restart")
    assert (ended.output["action"], ended.output["paged"]) == ("restart", True)
    assert shop.effects() == ["ops.restart", "ops.page", "ops.annotate"]


def test_an_unanswered_rollback_is_looked_up(shop):
    shop.fail("ops.rollback", "timeout_after")
    ended = shop.run("incident-triage", {"incident_id": "i-301"}, act="rollback", rollback="reconcile")
    assert ended.output["action"] == "rollback"
    assert shop.effects() == ["ops.rollback", "ops.annotate"]


def test_without_a_model_the_team_is_woken(shop):
    ended = shop.run("incident-triage", {"incident_id": "i-301"})
    assert (ended.output["action"], ended.output["paged"]) == ("page", True)
