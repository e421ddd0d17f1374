"""Shipping: parcels on their way."""

from typing import Literal

from examples.shop.services.documents import Document, conflict, not_found
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import Key, LedgerHere, Service, routes

router = routes()

Speed = Literal["standard", "express"]

DAYS: dict[Speed, int] = {"standard": 4, "express": 1}
"""How long a new parcel takes."""


class NewShipment(Document):
    order_id: str
    to: str


class Express(Document):
    order_id: str
    reference: str
    """The caller's own mark, by which the parcel can be found again."""


class Shipment(Document):
    id: str
    order_id: str
    speed: Speed
    status: Literal["created", "in_transit", "delivered", "cancelled"] = "created"
    eta_days: int
    reference: str = ""


class Shipments(Document):
    items: list[Shipment]


@router.get(
    "/shipments/{shipment_id}", operation_id="track", summary="Say where a parcel is and when it arrives"
)
async def track(shipment_id: str, ledger: LedgerHere) -> Shipment:
    return _shipment(ledger, shipment_id)


@router.post(
    "/shipments", operation_id="createShipment", status_code=201, summary="Send an order by standard"
)
async def create_shipment(body: NewShipment, ledger: LedgerHere, key: Key = None) -> Shipment:
    return ledger.apply(
        Shipment,
        "createShipment",
        body.model_dump(),
        act=lambda: _send(ledger, body.order_id, "standard"),
        key=key,
    )


@router.post("/express", operation_id="express", status_code=201, summary="Send an order again, by express")
async def express(body: Express, ledger: LedgerHere) -> Shipment:
    return ledger.apply(
        Shipment,
        "express",
        body.model_dump(),
        act=lambda: _send(ledger, body.order_id, "express", body.reference),
    )


@router.post(
    "/shipments/{shipment_id}/cancel",
    operation_id="cancelShipment",
    summary="Stop a parcel that has not left",
)
async def cancel_shipment(shipment_id: str, ledger: LedgerHere) -> Shipment:
    shipment = _shipment(ledger, shipment_id)
    if shipment.status == "cancelled":
        return shipment
    if shipment.status != "created":
        raise conflict(f"shipment {shipment_id} is {shipment.status}, so it cannot be cancelled")
    cancelled = shipment.model_copy(update={"status": "cancelled"})

    def stop() -> Shipment:
        ledger.put(cancelled.id, cancelled)
        return cancelled

    return ledger.apply(Shipment, "cancelShipment", {"shipment_id": shipment_id}, act=stop)


@router.get("/shipments", operation_id="findShipments", summary="Find the parcels of an order")
async def find_shipments(order_id: str, ledger: LedgerHere, reference: str = "") -> Shipments:
    found = [each for each in ledger.all(Shipment) if each.order_id == order_id]
    return Shipments(items=[each for each in found if reference in {"", each.reference}])


def _shipment(ledger: Ledger, shipment_id: str) -> Shipment:
    shipment = ledger.get(Shipment, shipment_id)
    if shipment is None:
        raise not_found("shipment", shipment_id)
    return shipment


def _send(ledger: Ledger, order_id: str, speed: Speed, reference: str = "") -> Shipment:
    shipment = Shipment(
        id=ledger.number("s"), order_id=order_id, speed=speed, eta_days=DAYS[speed], reference=reference
    )
    ledger.put(shipment.id, shipment)
    return shipment


def _seeded(number: int, days: int) -> Shipment:
    return Shipment(
        id=f"s-{number}", order_id=f"o-{number}", speed="standard", status="in_transit", eta_days=days
    )


SEED = {
    "s-1001": _seeded(1001, 6),
    "s-1002": _seeded(1002, 9),
    "s-1003": _seeded(1003, 1),
    "s-1004": _seeded(1004, 5),
}

SERVICE = Service("shipping", "Parcels on their way.", router, SEED)
