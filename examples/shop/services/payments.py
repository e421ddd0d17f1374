"""Payments: money in and money out.

Charges and refunds know no idempotency key: each call moves money again, as in many an old payment system.
Whoever calls has to find out by `findCharges` and `findRefunds` what an unanswered call did.
"""

from typing import Annotated, Literal

from pydantic import Field

from examples.shop.services.documents import Document, not_found, unacceptable
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import LedgerHere, Service, routes

router = routes()

CARD_LIMIT = 1000.00

Amount = Annotated[float, Field(gt=0, le=100_000)]


class NewPayment(Document):
    order_id: str
    customer: str
    amount: Amount


class Payment(Document):
    id: str
    order_id: str
    customer: str
    amount: float
    refunded: float = 0.0
    status: Literal["captured", "refunded"] = "captured"


class Payments(Document):
    items: list[Payment]


class NewRefund(Document):
    payment_id: str
    amount: Amount
    reason: str
    reference: str
    """The caller's own mark, by which the refund can be found again."""


class Refund(Document):
    id: str
    payment_id: str
    amount: float
    reason: str
    reference: str


class Refunds(Document):
    items: list[Refund]


@router.post("/payments", operation_id="charge", status_code=201, summary="Charge the customer's card")
async def charge(body: NewPayment, ledger: LedgerHere) -> Payment:
    def capture() -> Payment:
        if body.amount > CARD_LIMIT:
            raise unacceptable(f"the card of {body.customer} was declined for {body.amount:.2f}")
        payment = Payment(id=ledger.number("p"), **body.model_dump())
        ledger.put(payment.id, payment)
        return payment

    return ledger.apply(Payment, "charge", body.model_dump(), act=capture)


@router.get("/payments", operation_id="findCharges", summary="Find the payments for an order")
async def find_charges(order_id: str, ledger: LedgerHere) -> Payments:
    return Payments(items=[each for each in ledger.all(Payment) if each.order_id == order_id])


@router.get("/payments/{payment_id}", operation_id="getPayment", summary="Look a payment up")
async def get_payment(payment_id: str, ledger: LedgerHere) -> Payment:
    return _payment(ledger, payment_id)


@router.post("/refunds", operation_id="refund", status_code=201, summary="Pay money back")
async def refund(body: NewRefund, ledger: LedgerHere) -> Refund:
    def pay_back() -> Refund:
        payment = _payment(ledger, body.payment_id)
        total = round(payment.refunded + body.amount, 2)
        status = "refunded" if total >= payment.amount else "captured"
        ledger.put(payment.id, payment.model_copy(update={"refunded": total, "status": status}))
        done = Refund(id=ledger.number("f"), **body.model_dump())
        ledger.put(done.id, done)
        return done

    return ledger.apply(Refund, "refund", body.model_dump(), act=pay_back)


@router.get("/refunds", operation_id="findRefunds", summary="Find the refunds of a payment")
async def find_refunds(payment_id: str, ledger: LedgerHere, reference: str = "") -> Refunds:
    found = [each for each in ledger.all(Refund) if each.payment_id == payment_id]
    return Refunds(items=[each for each in found if reference in {"", each.reference}])


def _payment(ledger: Ledger, payment_id: str) -> Payment:
    payment = ledger.get(Payment, payment_id)
    if payment is None:
        raise not_found("payment", payment_id)
    return payment


def _seeded(number: int, customer: str, amount: float, *, refunded: float = 0.0) -> Payment:
    return Payment(
        id=f"p-{number}",
        order_id=f"o-{number}",
        customer=f"{customer}@example.com",
        amount=amount,
        refunded=refunded,
        status="refunded" if refunded >= amount else "captured",
    )


SEED: dict[str, Document] = {
    "p-1001": _seeded(1001, "ada", 49.90),
    "p-1002": _seeded(1002, "grace", 480.00),
    "p-1003": _seeded(1003, "alan", 24.00),
    "p-1004": _seeded(1004, "edsger", 89.50, refunded=89.50),
    "f-1004": Refund(
        id="f-1004", payment_id="p-1004", amount=89.50, reason="late order o-1004", reference="by hand"
    ),
}

SERVICE = Service("payments", "Money in and money out.", router, SEED)
