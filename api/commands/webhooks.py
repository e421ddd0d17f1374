"""Webhooks: list, add and remove who is told of what happens, and see what came of telling them."""

from typing import Annotated, get_args

import typer

from api.commands import reading
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    OwnerOption,
    ProjectOption,
    TenantOption,
    configured,
    validated,
)
from api.commands.output import Output
from graphs import delivering
from planner import clock, keeping, tenants
from planner import webhooks as rules
from planner.clock import SystemClock
from planner.store import opening
from planner.store import webhooks as stored
from planner.webhooks import Delivery, DeliveryState, Kind, NewWebhook, Webhook

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)
MADE_BY = "cli"

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Id of a webhook")]


def webhooks(
    *,
    tenant: TenantOption = None,
    limit: LimitOption = 50,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who is told when runs end, wait or ask persons, newest first."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        page = store.read_sync(stored.page, tenant=tenant, limit=limit)
    output.document({"items": [each.model_dump(mode="json") for each in page.items]})
    if not page.items:
        output.line("No webhooks.")
        return
    output.table(("webhook", "address", "kinds", "workflow", "state"), [_row(each) for each in page.items])


def add(
    url: Annotated[str, typer.Argument(help="Address that messages are posted to")],
    *,
    kind: Annotated[list[str], typer.Option("--kind", help=f"One of {', '.join(KINDS)}; may be repeated")],
    workflow: Annotated[str | None, typer.Option("--workflow", help="Only runs of this workflow")] = None,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a receiver of what happens, and print the secret with which it verifies signatures."""
    wanted = _wanted(url, kind, workflow, tenant)
    config, output = configured(project, database), Output(as_json=as_json)
    made = delivering.drafted(
        wanted, tenant=tenant, webhook_id=clock.new_id(), by=MADE_BY, now=SystemClock().now()
    )
    secret = rules.new_secret(clock.random_bytes)
    opening.require(config)
    with reading.opened(config, keeping.for_running(config)) as store:
        added = store.write_sync(delivering.add, made, secret, private=config.webhooks.private)
    output.document({**added.model_dump(mode="json"), "secret": secret})
    output.line(f"Webhook {added.id} posts to {added.url}.")
    output.line(f"Its secret, shown this once: {secret}")


def ping(
    webhook: WebhookArgument,
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a server send a message that tells of nothing."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        sent = store.write_sync(stored.ping, webhook, SystemClock().now())
    output.document(sent.model_dump(mode="json"))
    output.line(f"A server sends message {sent.id}; see: planner webhooks deliveries {webhook}")


def deliveries(
    webhook: WebhookArgument,
    *,
    state: Annotated[str | None, typer.Option("--state", help=f"One of {', '.join(STATES)}")] = None,
    limit: LimitOption = 20,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was sent to a receiver, or is to be, newest first; dead was given up."""
    wanted = next((each for each in STATES if each == state), None)
    if state is not None and wanted is None:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(STATES)}", param_hint="--state")
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        page = store.read_sync(stored.deliveries, webhook, state=wanted, limit=limit)
    output.document({"items": [each.model_dump(mode="json") for each in page.items]})
    if not page.items:
        output.line("No messages.")
        return
    output.table(("message", "kind", "run", "state", "attempts", "answer"), list(map(_sent, page.items)))


def redeliver(
    webhook: WebhookArgument,
    message: Annotated[str, typer.Argument(help="Id of a message")],
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a server send a message once more, whatever came of it before."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        again = store.write_sync(stored.redeliver, webhook, message, SystemClock().now())
    output.document(again.model_dump(mode="json"))
    output.line(f"A server sends message {again.id} again.")


def enable(
    webhook: WebhookArgument,
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send to a receiver again that was disabled."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        changed = store.write_sync(stored.disable, webhook, None)
    output.document(changed.model_dump(mode="json"))
    output.line(f"Webhook {changed.id} is sent to again.")


def remove(
    webhook: WebhookArgument,
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a receiver, and all that it was to be told."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        store.write_sync(stored.remove, webhook)
    output.document({"removed": webhook})
    output.line(f"Webhook {webhook} is forgotten.")


def _wanted(url: str, kinds: list[str], workflow: str | None, tenant: str) -> NewWebhook:
    told = {"url": url, "kinds": kinds, "workflow": workflow, "tenant": tenant}
    return validated(NewWebhook, told)


def _row(webhook: Webhook) -> tuple[str, ...]:
    state = webhook.disabled or "active"
    return webhook.id, webhook.url, ", ".join(webhook.kinds), webhook.workflow or "", state


def _sent(delivery: Delivery) -> tuple[str, ...]:
    following = f", next {delivery.next_at:%H:%M:%S}" if delivery.next_at else ""
    answer = f"{delivery.last_answer or ''}{following}"
    return delivery.id, delivery.kind, delivery.run_id or "", delivery.state, str(delivery.attempts), answer
