"""What stands in the outbox is sent, signed, until it is taken or given up."""

import asyncio
import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook as Verifier

from graphs import delivering
from graphs.delivering import Deliverer
from graphs.parts import Parts
from graphs.testing import ScriptedCaller, ScriptedDecider
from planner import clock
from planner import webhooks as rules
from planner.clock import SystemClock
from planner.decisions import WorkflowRef
from planner.errors import WebhookRefused
from planner.journal import Append
from planner.log.envelopes import Keeping
from planner.runs import Run
from planner.seals import Seals
from planner.store import migrate, open_database, runs, webhooks
from planner.webhooks import Webhook
from tools import posting

SECRET = rules.new_secret(clock.random_bytes)


class Moved:
    """The machine's clock, moved on by what a test says."""

    def __init__(self):
        self.by = timedelta()

    def now(self):
        return SystemClock().now() + self.by

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


@contextmanager
def receiver(*statuses, held=None):
    """A receiver that answers so, the last answer for ever; yields its address and what it was sent.

    With `held` it answers nobody before that is set.
    """
    seen, left = [], list(statuses) or [204]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            seen.append((dict(self.headers), body))
            if held is not None:
                held.wait(30)
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, *_told):
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 100

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def parts(database, catalog):
    return parts_of(database, catalog)


def parts_of(database, catalog):
    return Parts(
        database=database,
        catalog=catalog,
        caller=ScriptedCaller({}),
        decider=ScriptedDecider({}),
        clock=Moved(),
        new_id=clock.new_id,
        worker="w",
    )


def subscribe(parts, url, *, private=True, kinds=("run.failed",)):
    made = Webhook(id=clock.new_id(), url=url, kinds=kinds, created_at=parts.clock.now(), created_by="u")
    return parts.database.write_sync(delivering.add, made, SECRET, private=private)


async def fail(parts, **given):
    now = parts.clock.now()
    run = Run(
        id=clock.new_id(),
        workflow=WorkflowRef(name="test", version="1.0.0", sha256="ab" * 32),
        input=given,
        created_at=now,
        updated_at=now,
    )
    await parts.database.write(runs.create, run)
    await parts.database.append(Append(run.id, 0, change={"status": "failed", "error": "no"}))
    return run


async def send(parts, *, private=True):
    async with posting.opened() as client:
        await Deliverer(parts, private=private, kept_days=30).send_due(client)


def sent_to(parts, webhook):
    return parts.database.read_sync(webhooks.deliveries, webhook.id).items


def test_a_receiver_is_told_of_the_end_of_a_run_and_can_verify_it(parts):
    with receiver() as (url, seen):
        hook = subscribe(parts, url)

        async def scene():
            run = await fail(parts, order="o-1", password="canary-1")
            await send(parts)
            await send(parts)
            return run

        run = asyncio.run(scene())

    ((headers, body),) = seen
    told = Verifier(SECRET).verify(body, headers)
    assert (told["type"], told["data"]["id"], told["data"]["error"]) == ("run.failed", run.id, "no")
    assert told["data"]["input"]["order"] == "o-1"
    assert "canary-1" not in body
    (delivery,) = sent_to(parts, hook)
    assert (delivery.state, delivery.id) == ("delivered", headers["webhook-id"])


def test_what_is_not_taken_is_sent_again_later_under_the_same_id(parts):
    with receiver(500, 204) as (url, seen):
        hook = subscribe(parts, url)

        async def scene():
            await fail(parts)
            await send(parts)
            await send(parts)
            before = len(seen)
            parts.clock.by = timedelta(seconds=6)
            await send(parts)
            return before

        assert asyncio.run(scene()) == 1

    assert len({headers["webhook-id"] for headers, _ in seen}) == 1
    assert len(seen) == 2
    (delivery,) = sent_to(parts, hook)
    assert (delivery.state, delivery.attempts, delivery.last_answer) == ("delivered", 2, "answered 204")


def test_a_receiver_that_is_gone_is_disabled(parts):
    with receiver(410) as (url, seen):
        hook = subscribe(parts, url)

        async def scene():
            await fail(parts)
            await send(parts)
            await fail(parts)
            await send(parts)

        asyncio.run(scene())

    assert len(seen) == 1
    assert "410" in parts.database.read_sync(webhooks.get, hook.id).disabled


def test_what_a_process_that_died_was_sending_is_sent_by_another(parts):
    with receiver() as (url, seen):
        subscribe(parts, url)

        async def scene():
            await fail(parts)
            lost = await parts.database.write(
                webhooks.take, parts.clock.now(), lease=delivering.LEASE, limit=9
            )
            await send(parts)
            before = len(seen)
            parts.clock.by = delivering.LEASE
            await send(parts)
            return lost, before

        lost, before = asyncio.run(scene())

    assert (len(lost), before, len(seen)) == (1, 0, 1)


def test_what_was_committed_before_a_crash_is_sent_by_the_next_process(url, catalog):
    with receiver() as (address, seen):
        with open_database(url) as database:
            migrate.upgrade(database)
            subscribe(parts_of(database, catalog), address)
            run = asyncio.run(fail(parts_of(database, catalog)))
        with open_database(url) as database:
            asyncio.run(send(parts_of(database, catalog)))

    assert [json.loads(body)["data"]["id"] for _, body in seen] == [run.id]


def test_a_receiver_whose_secret_cannot_be_opened_holds_up_no_other(url, catalog):
    with receiver() as (address, seen):
        sealed = Keeping(seals=Seals([b"k" * 32], lambda count: b"n" * count))
        with open_database(url, keeping=sealed) as database:
            migrate.upgrade(database)
            lost = subscribe(parts_of(database, catalog), address)
        with open_database(url) as database:
            parts = parts_of(database, catalog)
            good = subscribe(parts, address)
            asyncio.run(fail(parts))
            asyncio.run(send(parts))
            states = [sent_to(parts, hook)[0].state for hook in (lost, good)]

    assert len(seen) == 1
    assert states == ["waiting", "delivered"]


def test_a_slow_receiver_holds_up_no_other(parts):
    held = threading.Event()
    with receiver(held=held) as (slow, waiting), receiver() as (quick, seen):

        async def scene():
            subscribe(parts, slow)
            for _ in range(60):
                await fail(parts)
            subscribe(parts, quick)
            await fail(parts)
            sending = asyncio.create_task(send(parts))
            for _ in range(200):
                if seen:
                    break
                await asyncio.sleep(0.05)
            found = len(seen), len(waiting)
            held.set()
            await sending
            return found

        try:
            quickly, under_way = asyncio.run(scene())
        finally:
            held.set()

    assert quickly == 1
    assert 0 < under_way < 2 * delivering.AT_A_RECEIVER
    assert len(waiting) == 61


def test_two_processes_send_a_message_once(parts):
    with receiver() as (url, seen):
        subscribe(parts, url)

        async def scene():
            for _ in range(30):
                await fail(parts)
            await asyncio.gather(send(parts), send(parts))

        asyncio.run(scene())

    assert len({headers["webhook-id"] for headers, _ in seen}) == len(seen) == 30


def test_addresses_of_private_networks_are_refused_unless_they_are_allowed(parts):
    for url, why in (
        ("http://127.0.0.1:9/", "PLANNER_WEBHOOKS__PRIVATE"),
        ("https://[::ffff:127.0.0.1]/", "PLANNER_WEBHOOKS__PRIVATE"),
        ("https://-b\u00fccher.example/", "IDNA"),
        ("http://example.com/", "must begin with https"),
    ):
        with pytest.raises(WebhookRefused, match=why):
            subscribe(parts, url, private=False)


def test_a_name_that_leads_to_a_private_network_is_sent_nothing(parts):
    with receiver() as (url, seen):
        hook = subscribe(parts, url.replace("127.0.0.1", "localhost"))

        async def scene():
            await fail(parts)
            await send(parts, private=False)

        asyncio.run(scene())

    assert seen == []
    assert "private network" in sent_to(parts, hook)[0].last_answer


def test_a_process_that_serves_sends_by_itself(parts):
    with receiver() as (url, seen):
        hook = subscribe(parts, url)

        async def scene():
            deliverer = Deliverer(parts, private=True, kept_days=30)
            await deliverer.start()
            try:
                await parts.database.write(webhooks.ping, hook.id, parts.clock.now())
                for _ in range(200):
                    if seen:
                        break
                    await asyncio.sleep(0.05)
            finally:
                await deliverer.stop()

        asyncio.run(scene())

    assert json.loads(seen[0][1])["type"] == "webhook.ping"
