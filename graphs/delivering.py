"""Delivering: sends what stands in the outbox of webhooks, again and later where it is not taken."""

import asyncio
import logging
import random
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx

from graphs.parts import Parts
from graphs.rounds import Rounds
from planner import bodies
from planner import webhooks as rules
from planner.errors import DecisionUnknown, PlannerError, RunUnknown, WebhookRefused
from planner.store import questions, runs, webhooks
from planner.store.webhooks import Due
from planner.webhooks import Answered, NewWebhook, Webhook
from tools import posting
from tools.posting import Posted

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Longest time after which what is to be sent is noticed."""
AT_ONCE = 50
"""Messages that one process sends side by side."""
AT_A_RECEIVER = 5
"""Messages under way to a receiver from which on it is left alone, so that a slow one holds up no other."""
LEASE = timedelta(seconds=60)
"""How long a message belongs to the process that took it; longer than sending may take."""
PURGE_SECONDS = 3600.0
_LONG = 1e7


class Deliverer:
    """Sends webhooks while a process serves; any number of processes may do so side by side."""

    def __init__(self, parts: Parts, *, private: bool, kept_days: int) -> None:
        self._parts, self._private, self._kept_days = parts, private, kept_days
        self._stack = AsyncExitStack()
        self._rounds = Rounds("webhooks")

    async def start(self) -> None:
        """Begin to send."""
        client = await self._stack.enter_async_context(posting.opened())
        self._rounds.every(LOOK_SECONDS, lambda: self.send_due(client))
        self._rounds.every(PURGE_SECONDS, self._purge)

    async def stop(self) -> None:
        """End; what is under way is sent again by another process, under the same id."""
        await self._rounds.stop()
        await self._stack.aclose()

    async def send_due(self, client: httpx.AsyncClient) -> None:
        """Send the messages whose time has come; returns once none is left.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        going: dict[asyncio.Task[None], str] = {}
        try:
            while True:
                found = await self._taken(Counter(going.values()))
                going |= {asyncio.create_task(self._send(due, client)): due.webhook.id for due in found}
                if not going:
                    return
                if not found:
                    waited = asyncio.wait(going, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    for each in (await waited)[0]:
                        _look_at(each, going.pop(each))
        finally:
            for each in going:
                each.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    async def _taken(self, going: Counter[str]) -> list[Due]:
        """Take some messages, of receivers that do not have as many under way already."""
        database, now = self._parts.database, self._parts.clock.now()
        limit = min(AT_A_RECEIVER, AT_ONCE - going.total())
        if limit <= 0 or not await database.read(webhooks.is_due, now):
            return []
        busy = [webhook_id for webhook_id, count in going.items() if count >= AT_A_RECEIVER]
        return await database.write(webhooks.take, now, lease=LEASE, limit=limit, except_webhooks=busy)

    async def _send(self, due: Due, client: httpx.AsyncClient) -> None:
        try:
            answered = await self._attempt(due, client)
        except PlannerError as exc:
            # Its lease is left to end, so that a process comes to it that can open its secret.
            told = {"webhook_id": due.webhook.id, "delivery_id": due.delivery.id, "error": str(exc)}
            log.warning("a webhook could not be sent", extra=told)
            return
        if not answered.is_good:
            told = {"webhook_id": due.webhook.id, "delivery_id": due.delivery.id, "answer": answered.said}
            log.warning("a webhook was not taken", extra=told)

    async def _attempt(self, due: Due, client: httpx.AsyncClient) -> Answered:
        delivery, clock = due.delivery, self._parts.clock
        secret, data = await self._parts.database.read(_told, due)
        text = rules.body(delivery.kind, delivery.at, data, bodies.encode)
        headers = rules.headers(delivery.id, secret, text, clock.now())
        posted = await posting.post(client, due.webhook.url, text, headers, private=self._private)
        answered = _answered(posted)
        after = rules.after(delivery, answered, clock.now(), random.random())  # noqa: S311 - only spreads
        await self._parts.database.write(_note, due, after, answered)
        return answered

    async def _purge(self) -> None:
        before = self._parts.clock.now() - timedelta(days=self._kept_days)
        await self._parts.database.write(webhooks.purge, before)


def drafted(wanted: NewWebhook, *, tenant: str, webhook_id: str, by: str, now: datetime) -> Webhook:
    """Return a new receiver, not yet kept."""
    return Webhook(
        id=webhook_id,
        tenant=tenant,
        url=wanted.url,
        kinds=wanted.kinds,
        workflow=wanted.workflow,
        created_at=now,
        created_by=by,
    )


def add(tx: Any, webhook: Webhook, secret: str, *, private: bool) -> Webhook:
    """Keep a new receiver, once it may be sent to.

    Raises:
        WebhookRefused: it is no address that anything is sent to.
    """
    try:
        url = httpx.URL(webhook.url)
    except httpx.InvalidURL as exc:
        raise WebhookRefused(webhook.url, str(exc)) from exc
    if not private and rules.is_private(url.host):
        how = "set PLANNER_WEBHOOKS__PRIVATE=true where that is meant"
        raise WebhookRefused(webhook.url, f"it is an address of this machine or of a private network; {how}")
    if not private and url.scheme != "https":
        raise WebhookRefused(webhook.url, "outside private networks it must begin with https")
    return webhooks.add(tx, webhook, secret)


class _Told(NamedTuple):
    secret: str
    data: Any


def _told(tx: Any, due: Due) -> _Told:
    return _Told(webhooks.secret(tx, due.webhook.id), _data(tx, due))


def _data(tx: Any, due: Due) -> Any:
    """Return what a message tells, masked as the API shows it; nothing of what is no longer there."""
    delivery = due.delivery
    try:
        if delivery.decision_id is not None:
            question = questions.get(tx, delivery.decision_id)
            return question.model_dump(mode="json", exclude={"answer"})
        if delivery.run_id is not None:
            return runs.get(tx, delivery.run_id).model_dump(mode="json", exclude=_INSIDE)
    except (RunUnknown, DecisionUnknown):
        return {"run_id": delivery.run_id, "decision_id": delivery.decision_id}
    return {"webhook_id": due.webhook.id}


_INSIDE = {"epoch", "worker", "lease_until", "steps_done"}
"""Fields of a run that are nobody's business outside."""


def _look_at(done: asyncio.Task[None], webhook_id: str) -> None:
    """Tell what nobody thought of; the message is sent again once its lease has ended, and others go on."""
    if (error := done.exception()) is not None:
        log.error("sending a webhook failed", extra={"webhook_id": webhook_id}, exc_info=error)


def _note(tx: Any, due: Due, after: Any, answered: Answered) -> None:
    webhooks.record(tx, after)
    if answered.status == rules.GONE:
        webhooks.disable(tx, due.webhook.id, "the receiver answered 410: it is gone")


def _answered(posted: Posted) -> Answered:
    pause = posted.retry_after
    return Answered(
        posted.status, posted.said, None if pause is None else timedelta(seconds=min(pause, _LONG))
    )
