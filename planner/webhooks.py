"""Webhooks: who is told when a run ends, waits or asks a person, signed as Standard Webhooks 1 says. Pure."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field
from standardwebhooks import Webhook as Signer

from planner import tenants
from planner.definition import WorkflowName
from planner.tenants import TenantName
from tools import addresses
from tools.records import Record

Kind = Literal[
    "run.succeeded",
    "run.failed",
    "run.undone",
    "run.cancelled",
    "run.waiting",
    "decision.asked",
    "webhook.ping",
]
"""What a receiver can be told: how a run ended, that it waits, that a person is asked, or nothing at all."""

DeliveryState = Literal["waiting", "delivered", "dead"]
"""`waiting`: is sent, or sent again. `dead`: was not taken as often as it was sent."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, as the specification has it
_SECRET_BYTES = 32
_RETRIES = tuple(
    timedelta(**{unit: amount})
    for unit, amount in (
        ("seconds", 5),
        ("minutes", 5),
        ("minutes", 30),
        ("hours", 2),
        ("hours", 5),
        ("hours", 10),
        ("hours", 14),
        ("hours", 20),
        ("hours", 24),
    )
)
"""Pauses between attempts, as the specification of Standard Webhooks proposes them."""
_SPREAD = 0.1
GONE = 410


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https address")
    if parts.username or parts.password:
        raise ValueError("an address must hold no credentials; the receiver verifies the signature")
    if parts.port == 0:
        raise ValueError("an address must hold a port between 1 and 65535, or none")
    return url


class WebhookSettings(Record):
    """How others are told of what happens."""

    private: bool = False
    """Whether webhooks may be sent to this machine and to private networks, and without TLS."""

    kept_days: int = Field(default=30, ge=1)
    """How long what was sent, or given up, is kept to be looked at."""


class NewWebhook(Record):
    """Who is to be told of what."""

    url: Annotated[str, Field(max_length=2000), AfterValidator(_address)]
    """Where it is sent, by POST."""
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    """Of what."""
    workflow: WorkflowName | None = None
    """Only of runs of this workflow."""
    tenant: TenantName | None = None
    """Of whose runs; the caller's own, or `default`, unless told."""


class Webhook(Record):
    """Who is told of what."""

    id: str
    """UUID of version 7."""
    tenant: TenantName = tenants.DEFAULT
    """Of whose runs."""
    url: str
    kinds: tuple[Kind, ...]
    workflow: WorkflowName | None = None
    created_at: AwareDatetime
    created_by: str
    disabled: str | None = None
    """Why nothing is sent any more; null while it is."""


class Delivery(Record):
    """One message to one receiver."""

    id: str
    """UUID of version 7; the receiver sees it as `webhook-id`, the same at every attempt."""
    webhook_id: str
    kind: Kind
    run_id: str | None = None
    decision_id: str | None = None
    at: AwareDatetime
    """When it happened."""
    state: DeliveryState = "waiting"
    attempts: int = 0
    next_at: AwareDatetime | None
    """When it is sent next; null when it is not."""
    last_at: AwareDatetime | None = None
    """When it was sent last."""
    last_answer: str | None = None
    """What came back, in words."""


class Answered(NamedTuple):
    """What a receiver answered."""

    status: int | None
    """None where it was not reached or did not answer."""
    said: str
    """In words."""
    retry_after: timedelta | None = None

    @property
    def is_good(self) -> bool:
        """Tell whether it took the message."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - successes of HTTP


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return a secret that nobody can guess."""
    return SECRET_PREFIX + base64.b64encode(random_bytes(_SECRET_BYTES)).decode()


def body(kind: Kind, at: datetime, data: Any, encode: Callable[[Any], str]) -> str:
    """Return the body of a message."""
    return encode({"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data})


def headers(delivery_id: str, secret: str, text: str, now: datetime) -> dict[str, str]:
    """Return the headers that let a receiver verify who sent a message, and when."""
    return {
        "content-type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(secret).sign(msg_id=delivery_id, timestamp=now, data=text),
    }


def after(delivery: Delivery, answered: Answered, now: datetime, spread: float) -> Delivery:
    """Return a delivery as it stands once an attempt was answered.

    Args:
        delivery: as it stood before.
        answered: what came back.
        now: when.
        spread: between 0 and 1; spreads receivers that failed at once.
    """
    tried = {"attempts": delivery.attempts + 1, "last_at": now, "last_answer": answered.said, "next_at": None}
    if answered.is_good:
        return delivery.model_copy(update={**tried, "state": "delivered"})
    if answered.status == GONE or delivery.attempts >= len(_RETRIES):
        return delivery.model_copy(update={**tried, "state": "dead"})
    pause = _RETRIES[delivery.attempts] * (1 + _SPREAD * spread)
    if answered.retry_after is not None:
        pause = max(pause, min(answered.retry_after, _RETRIES[-1]))
    return delivery.model_copy(update={**tried, "next_at": now + pause})


def is_private(host: str) -> bool:
    """Tell whether an address is one of this machine or of a private network, as far as it shows."""
    bare = host.strip("[]").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return not addresses.is_public(bare)
    except ValueError:
        return False
