"""Webhooks: receivers, and the outbox of what they are to be told; written where what it tells of is."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, delete, or_, select, update

from planner import bodies, clock
from planner.errors import DeliveryUnknown, WebhookUnknown
from planner.store import cursors, sealing, tables
from planner.store.cursors import Page
from planner.store.statements import ByKeys, Insert
from planner.webhooks import Delivery, DeliveryState, Kind, Webhook

_webhooks, _deliveries = tables.webhooks, tables.deliveries
_TO_DELIVERIES = Insert(_deliveries)
_OF_TENANTS = ByKeys(
    select(_webhooks.c.id, _webhooks.c.tenant, _webhooks.c.kinds, _webhooks.c.workflow).where(
        _webhooks.c.disabled.is_(None)
    ),
    _webhooks.c.tenant,
)
_ORDER = cursors.Order("webhooks", _webhooks.c.created_at, _webhooks.c.id)
_OF_DELIVERIES = cursors.Order("deliveries", _deliveries.c.at, _deliveries.c.id)
_SECRET = "secret"  # noqa: S105 - the name of a place


class Happened(NamedTuple):
    """Something that receivers may be told of."""

    kind: Kind
    tenant: str
    workflow: str
    run_id: str
    at: datetime
    decision_id: str | None = None


class Due(NamedTuple):
    """A message that is to be sent, and to whom."""

    delivery: Delivery
    webhook: Webhook


def add(tx: Connection, webhook: Webhook, secret: str) -> Webhook:
    """Keep a new receiver; its secret is sealed where there is a key."""
    seals = sealing.keeping_of(tx).seals
    kept = secret.encode() if seals is None else seals.seal(secret, webhook.id, _SECRET)
    row = webhook.model_dump() | {"kinds": bodies.encode(list(webhook.kinds))}
    tx.execute(_webhooks.insert().values(row | {"secret": kept, "is_sealed": seals is not None}))
    return webhook


def get(tx: Connection, webhook_id: str) -> Webhook:
    """Return a receiver.

    Raises:
        WebhookUnknown: none has this id.
    """
    return _webhook(_found(tx, webhook_id))


def page(
    tx: Connection, *, tenant: str | None = None, cursor: str | None = None, limit: int = cursors.LIMIT
) -> Page[Webhook]:
    """Return receivers, newest first.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    query = select(_webhooks)
    if tenant is not None:
        query = query.where(_webhooks.c.tenant == tenant)
    return cursors.newest_first(tx, query, _ORDER, make=_webhook, cursor=cursor, limit=limit)


def remove(tx: Connection, webhook_id: str) -> None:
    """Forget a receiver, and all that it was to be told.

    Raises:
        WebhookUnknown: none has this id.
    """
    _found(tx, webhook_id)
    tx.execute(delete(_deliveries).where(_deliveries.c.webhook_id == webhook_id))
    tx.execute(delete(_webhooks).where(_webhooks.c.id == webhook_id))


def disable(tx: Connection, webhook_id: str, why: str | None) -> Webhook:
    """Send a receiver nothing any more, and say why; without a reason, send to it again.

    Raises:
        WebhookUnknown: none has this id.
    """
    tx.execute(update(_webhooks).where(_webhooks.c.id == webhook_id).values(disabled=why))
    return get(tx, webhook_id)


def tell(tx: Connection, happened: Sequence[Happened]) -> None:
    """Put what happened into the outbox, for every receiver that wants to be told of it."""
    if not happened:
        return
    wanted = _OF_TENANTS(tx, {each.tenant for each in happened})
    if wanted:
        _TO_DELIVERIES(tx, list(_rows(wanted, happened)))


def ping(tx: Connection, webhook_id: str, now: datetime) -> Delivery:
    """Send a receiver a message that tells of nothing.

    Raises:
        WebhookUnknown: none has this id.
    """
    _found(tx, webhook_id)
    row = _row(webhook_id, "webhook.ping", now)
    _TO_DELIVERIES(tx, [row])
    return delivery(tx, webhook_id, row["id"])


def delivery(tx: Connection, webhook_id: str, delivery_id: str) -> Delivery:
    """Return a message to a receiver.

    Raises:
        WebhookUnknown: no receiver has this id.
        DeliveryUnknown: it was sent no such message.
    """
    _found(tx, webhook_id)
    same = (_deliveries.c.id == delivery_id, _deliveries.c.webhook_id == webhook_id)
    row = tx.execute(select(_deliveries).where(*same)).one_or_none()
    if row is None:
        raise DeliveryUnknown(delivery_id)
    return _delivery(row)


def deliveries(
    tx: Connection,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[Delivery]:
    """Return messages to a receiver, newest first.

    Raises:
        WebhookUnknown: none has this id.
        CursorInvalid: the cursor is not one of this list.
    """
    _found(tx, webhook_id)
    query = select(_deliveries).where(_deliveries.c.webhook_id == webhook_id)
    if state is not None:
        query = query.where(_deliveries.c.state == state)
    return cursors.newest_first(tx, query, _OF_DELIVERIES, make=_delivery, cursor=cursor, limit=limit)


def redeliver(tx: Connection, webhook_id: str, delivery_id: str, now: datetime) -> Delivery:
    """Send a message once more from the beginning, whatever came of it before.

    Raises:
        WebhookUnknown: no receiver has this id.
        DeliveryUnknown: it was sent no such message.
    """
    held = delivery(tx, webhook_id, delivery_id)
    again = held.model_copy(update={"state": "waiting", "attempts": 0, "next_at": now})
    record(tx, again)
    return again


def take(
    tx: Connection, now: datetime, *, lease: timedelta, limit: int, except_webhooks: Collection[str] = ()
) -> list[Due]:
    """Return messages that are to be sent now, the oldest first; nobody else gets them while the lease holds.

    Args:
        tx: the transaction.
        now: the time.
        lease: how long they belong to the caller.
        limit: how many at most.
        except_webhooks: receivers whose messages are left.
    """
    query = _due(now).where(_webhooks.c.id.not_in(list(except_webhooks)))
    query = query.order_by(_deliveries.c.next_at, _deliveries.c.id).limit(limit)
    ids = list(tx.execute(query.with_for_update(of=_deliveries, skip_locked=True)).scalars())
    if not ids:
        return []
    mine = _deliveries.c.id.in_(ids)
    tx.execute(update(_deliveries).where(mine).values(leased_until=now + lease))
    rows = tx.execute(select(_deliveries).where(mine).order_by(_deliveries.c.next_at, _deliveries.c.id)).all()
    found = {webhook_id: get(tx, webhook_id) for webhook_id in {row.webhook_id for row in rows}}
    return [Due(_delivery(row), found[row.webhook_id]) for row in rows]


def is_due(tx: Connection, now: datetime) -> bool:
    """Tell whether a message is to be sent now."""
    return tx.execute(_due(now).limit(1)).first() is not None


def secret(tx: Connection, webhook_id: str) -> str:
    """Return the secret with which messages to a receiver are signed.

    Raises:
        WebhookUnknown: none has this id.
        SealBroken: it is sealed, and cannot be opened here.
    """
    row = _found(tx, webhook_id)
    if not row.is_sealed:
        return bytes(row.secret).decode()
    return sealing.opened(row.secret, sealing.keeping_of(tx), sealing.Spot(row.id, _SECRET))


def record(tx: Connection, held: Delivery) -> None:
    """Note what came of an attempt, and let go of the message."""
    names = ("state", "attempts", "next_at", "last_at", "last_answer")
    changed = {name: getattr(held, name) for name in names} | {"leased_until": None}
    tx.execute(update(_deliveries).where(_deliveries.c.id == held.id).values(changed))


def purge(tx: Connection, before: datetime) -> int:
    """Delete messages of what happened before that nobody sends any more; return how many."""
    disabled = _deliveries.c.webhook_id.in_(select(_webhooks.c.id).where(_webhooks.c.disabled.is_not(None)))
    done = or_(_deliveries.c.next_at.is_(None), disabled)
    return tx.execute(delete(_deliveries).where(_deliveries.c.at < before, done)).rowcount


def _due(now: datetime) -> Select[Any]:
    query = select(_deliveries.c.id).join(_webhooks, _webhooks.c.id == _deliveries.c.webhook_id)
    free = or_(_deliveries.c.leased_until.is_(None), _deliveries.c.leased_until <= now)
    return query.where(_deliveries.c.next_at <= now, _webhooks.c.disabled.is_(None), free)


def _rows(wanted: Iterable[tuple[Any, ...]], happened: Sequence[Happened]) -> Iterable[dict[str, Any]]:
    receivers = [(name, tenant, bodies.decode(kinds), workflow) for name, tenant, kinds, workflow in wanted]
    for each in happened:
        for webhook_id, tenant, kinds, workflow in receivers:
            if tenant == each.tenant and each.kind in kinds and workflow in {None, each.workflow}:
                told = {"run_id": each.run_id, "decision_id": each.decision_id}
                yield _row(webhook_id, each.kind, each.at) | told


def _row(webhook_id: str, kind: Kind, at: datetime) -> dict[str, Any]:
    return {
        "id": clock.new_id(),
        "webhook_id": webhook_id,
        "kind": kind,
        "at": at,
        "state": "waiting",
        "attempts": 0,
        "next_at": at,
    }


def _found(tx: Connection, webhook_id: str) -> Row[Any]:
    row = tx.execute(select(_webhooks).where(_webhooks.c.id == webhook_id)).one_or_none()
    if row is None:
        raise WebhookUnknown(webhook_id)
    return row


def _webhook(row: Row[Any]) -> Webhook:
    fields = {name: getattr(row, name) for name in Webhook.model_fields if name != "kinds"}
    return Webhook(**fields, kinds=tuple(bodies.decode(row.kinds)))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.model_fields})
