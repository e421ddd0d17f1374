"""Webhooks: who is told when runs end, wait or ask persons, and what came of telling them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import bodies, ownership
from api.dependencies import Caller, Cursor, Limit, Parts, Store, TenantFilter
from api.schemas import Paged
from graphs import delivering
from planner import clock, tenants
from planner import webhooks as rules
from planner.store import cursors, webhooks
from planner.webhooks import Delivery, DeliveryState, NewWebhook, Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_EXAMPLES = {
    "runs that did not succeed": {
        "url": "https://example.com/planner",
        "kinds": ["run.failed", "run.undone"],
        "workflow": "late-order",
    }
}


class WebhookMade(Webhook):
    """A new webhook with its secret."""

    secret: str
    """With which the receiver verifies signatures; it is shown this once."""


@router.post("", status_code=201, openapi_extra=bodies.documented(NewWebhook, _EXAMPLES))
async def add_webhook(
    wanted: Annotated[NewWebhook, Depends(bodies.json_of(NewWebhook))],
    parts: Parts,
    caller: Caller,
    response: Response,
) -> WebhookMade:
    """Tell a receiver of what happens; the answer holds the secret, which is shown this once."""
    made = delivering.drafted(
        wanted,
        tenant=ownership.tenant(caller, wanted.tenant) or tenants.DEFAULT,
        webhook_id=parts.parts.new_id(),
        by=caller.name,
        now=parts.parts.clock.now(),
    )
    secret = rules.new_secret(clock.random_bytes)
    private = parts.settings.webhooks.private
    added = await parts.parts.database.write(delivering.add, made, secret, private=private)
    response.headers["Location"] = f"/v1/webhooks/{added.id}"
    return WebhookMade(**dict(added), secret=secret)


@router.get("")
async def list_webhooks(
    store: Store, tenant: TenantFilter, cursor: Cursor = None, limit: Limit = cursors.LIMIT
) -> Paged[Webhook]:
    """List receivers, newest first."""
    page = await store.read(webhooks.page, tenant=tenant, cursor=cursor, limit=limit)
    return Paged(items=page.items, next_cursor=page.next_cursor)


@router.get("/{webhook_id}")
async def get_webhook(webhook_id: str, store: Store) -> Webhook:
    """Return a receiver."""
    return await store.read(webhooks.get, webhook_id)


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(webhook_id: str, store: Store) -> Response:
    """Forget a receiver, and all that it was to be told."""
    await store.write(webhooks.remove, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/ping", status_code=202)
async def ping_webhook(webhook_id: str, parts: Parts) -> Delivery:
    """Send a receiver a message that tells of nothing."""
    return await parts.parts.database.write(webhooks.ping, webhook_id, parts.parts.clock.now())


@router.post("/{webhook_id}/enable")
async def enable_webhook(webhook_id: str, store: Store) -> Webhook:
    """Send to a receiver again that was disabled."""
    return await store.write(webhooks.disable, webhook_id, None)


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: str,
    store: Store,
    state: DeliveryState | None = None,
    cursor: Cursor = None,
    limit: Limit = cursors.LIMIT,
) -> Paged[Delivery]:
    """List what was sent to a receiver, or is to be, newest first; `dead` was given up."""
    page = await store.read(webhooks.deliveries, webhook_id, state=state, cursor=cursor, limit=limit)
    return Paged(items=page.items, next_cursor=page.next_cursor)


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver(webhook_id: str, delivery_id: str, parts: Parts) -> Delivery:
    """Send a message once more, whatever came of it before."""
    now = parts.parts.clock.now()
    return await parts.parts.database.write(webhooks.redeliver, webhook_id, delivery_id, now)
