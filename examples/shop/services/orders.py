"""Orders: who bought what, for how much."""

from typing import Annotated, Literal

from pydantic import Field

from examples.shop.services.documents import Document, conflict, not_found, unacceptable
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import Key, LedgerHere, Service, routes

router = routes()

PRICES = {"kettle": 49.90, "espresso-machine": 480.00, "mug": 12.00, "grinder": 89.50, "beans": 14.20}


class Wanted(Document):
    """One line of a basket."""

    sku: str
    quantity: Annotated[int, Field(ge=1, le=100)]


class NewOrder(Document):
    customer: str
    lines: Annotated[list[Wanted], Field(min_length=1, max_length=20)]


class Line(Document):
    sku: str
    quantity: int
    unit_price: float


class Order(Document):
    id: str
    customer: str
    lines: list[Line]
    total: float
    status: Literal["placed", "confirmed", "cancelled"] = "placed"
    payment_id: str = ""
    """Empty until the order is confirmed."""
    shipment_id: str = ""
    """Empty until the order is confirmed."""


class Confirmation(Document):
    payment_id: str
    shipment_id: str


@router.get("/orders/{order_id}", operation_id="getOrder", summary="Look an order up")
async def get_order(order_id: str, ledger: LedgerHere) -> Order:
    return _order(ledger, order_id)


@router.post("/orders", operation_id="createOrder", status_code=201, summary="Place an order")
async def create_order(body: NewOrder, ledger: LedgerHere, key: Key = None) -> Order:
    def place() -> Order:
        lines = [_priced(wanted) for wanted in body.lines]
        total = round(sum(line.quantity * line.unit_price for line in lines), 2)
        order = Order(id=ledger.number("o"), customer=body.customer, lines=lines, total=total)
        ledger.put(order.id, order)
        return order

    return ledger.apply(Order, "createOrder", body.model_dump(), act=place, key=key)


@router.post("/orders/{order_id}/confirm", operation_id="confirmOrder", summary="Confirm a paid order")
async def confirm_order(order_id: str, body: Confirmation, ledger: LedgerHere) -> Order:
    order = _order(ledger, order_id)
    confirmed = order.model_copy(update={"status": "confirmed", **body.model_dump()})
    if order == confirmed:
        return order
    if order.status != "placed":
        raise conflict(f"order {order_id} is {order.status}, so it cannot be confirmed")
    return _change(ledger, "confirmOrder", confirmed)


@router.post("/orders/{order_id}/cancel", operation_id="cancelOrder", summary="Cancel an order")
async def cancel_order(order_id: str, ledger: LedgerHere) -> Order:
    order = _order(ledger, order_id)
    if order.status == "cancelled":
        return order
    return _change(ledger, "cancelOrder", order.model_copy(update={"status": "cancelled"}))


def _order(ledger: Ledger, order_id: str) -> Order:
    order = ledger.get(Order, order_id)
    if order is None:
        raise not_found("order", order_id)
    return order


def _priced(wanted: Wanted) -> Line:
    if wanted.sku not in PRICES:
        raise unacceptable(f"there is no article {wanted.sku!r}")
    return Line(sku=wanted.sku, quantity=wanted.quantity, unit_price=PRICES[wanted.sku])


def _change(ledger: Ledger, operation: str, order: Order) -> Order:
    def change() -> Order:
        ledger.put(order.id, order)
        return order

    return ledger.apply(Order, operation, {"order_id": order.id}, act=change)


def _seeded(number: int, customer: str, sku: str, quantity: int = 1) -> Order:
    line = _priced(Wanted(sku=sku, quantity=quantity))
    return Order(
        id=f"o-{number}",
        customer=f"{customer}@example.com",
        lines=[line],
        total=round(quantity * line.unit_price, 2),
        status="confirmed",
        payment_id=f"p-{number}",
        shipment_id=f"s-{number}",
    )


SEED = {
    order.id: order
    for order in (
        _seeded(1001, "ada", "kettle"),
        _seeded(1002, "grace", "espresso-machine"),
        _seeded(1003, "alan", "mug", 2),
        _seeded(1004, "edsger", "grinder"),
    )
}

SERVICE = Service("orders", "Who bought what, for how much.", router, SEED)
