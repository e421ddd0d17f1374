"""Inventory: what lies on the shelves, and what is held back for whom."""

from typing import Annotated, Literal

from pydantic import Field

from examples.shop.services.documents import Document, conflict, not_found
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import Key, LedgerHere, Service, routes

router = routes()


class Stock(Document):
    sku: str
    available: int
    reserved: int = 0


class NewReservation(Document):
    order_id: str
    sku: str
    quantity: Annotated[int, Field(ge=1, le=100)]


class Reservation(Document):
    id: str
    order_id: str
    sku: str
    quantity: int
    status: Literal["held", "released"] = "held"


@router.get("/stock/{sku}", operation_id="getStock", summary="Look up how much there is of an article")
async def get_stock(sku: str, ledger: LedgerHere) -> Stock:
    return _stock(ledger, sku)


@router.post("/reservations", operation_id="reserve", status_code=201, summary="Hold goods back for an order")
async def reserve(body: NewReservation, ledger: LedgerHere, key: Key = None) -> Reservation:
    def hold() -> Reservation:
        stock = _stock(ledger, body.sku)
        if stock.available < body.quantity:
            raise conflict(f"of {body.sku} there are {stock.available}, not {body.quantity}")
        _move(ledger, stock, body.quantity)
        reservation = Reservation(id=ledger.number("r"), **body.model_dump())
        ledger.put(reservation.id, reservation)
        return reservation

    return ledger.apply(Reservation, "reserve", body.model_dump(), act=hold, key=key)


@router.post(
    "/reservations/{reservation_id}/release",
    operation_id="release",
    summary="Put held goods back on the shelf",
)
async def release(reservation_id: str, ledger: LedgerHere) -> Reservation:
    reservation = ledger.get(Reservation, reservation_id)
    if reservation is None:
        raise not_found("reservation", reservation_id)
    if reservation.status == "released":
        return reservation
    released = reservation.model_copy(update={"status": "released"})

    def put_back() -> Reservation:
        _move(ledger, _stock(ledger, released.sku), -released.quantity)
        ledger.put(released.id, released)
        return released

    return ledger.apply(Reservation, "release", {"reservation_id": reservation_id}, act=put_back)


def _stock(ledger: Ledger, sku: str) -> Stock:
    stock = ledger.get(Stock, sku)
    if stock is None:
        raise not_found("article", sku)
    return stock


def _move(ledger: Ledger, stock: Stock, quantity: int) -> None:
    moved = Stock(sku=stock.sku, available=stock.available - quantity, reserved=stock.reserved + quantity)
    ledger.put(stock.sku, moved)


SEED = {
    stock.sku: stock
    for stock in (
        Stock(sku="kettle", available=3),
        Stock(sku="espresso-machine", available=0),
        Stock(sku="mug", available=40),
        Stock(sku="grinder", available=5),
        Stock(sku="beans", available=200),
    )
}

SERVICE = Service("inventory", "What lies on the shelves, and what is held back for whom.", router, SEED)
