"""Operations of the tests' project, as plain functions."""

import asyncio
from typing import Any

from typing_extensions import TypedDict


class Price(TypedDict):
    amount: int


class Payment(TypedDict):
    id: str


def price(sku: str) -> Price:
    """Tell a price."""
    return {"amount": len(sku) * 10}


def pay(amount: int) -> Payment:
    """Pay; 13 is unlucky and nobody knows what became of it."""
    if amount == 13:
        raise ConnectionError("the line went dead")
    return {"id": f"p-{amount}"}


def refund(id: str) -> Payment:  # noqa: A002 - the argument's name
    """Pay back."""
    return {"id": id}


async def slow(seconds: float) -> dict[str, float]:
    """Take a while."""
    await asyncio.sleep(seconds)
    return {"slept": seconds}


def odd(what: str) -> dict[str, Any]:
    """Answer what JSON can hold and UTF-8 cannot."""
    return {"what": what, "big": 2**80, "half": "\ud800"}
