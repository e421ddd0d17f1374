from datetime import timedelta

import pytest

from planner.errors import DeliveryUnknown, SealBroken, WebhookUnknown
from planner.journal import Append
from planner.log.envelopes import Keeping
from planner.seals import Seals
from planner.store import journal, migrate, open_database, runs, webhooks
from planner.webhooks import Webhook

LEASE = timedelta(seconds=60)


@pytest.fixture
def add(database, make):
    def added(name="w-1", kinds=("run.failed", "decision.asked"), **more):
        fields = {"id": name, "url": "https://example.com", "kinds": kinds, "created_by": "u"}
        made = Webhook(**fields | {"created_at": make.later()} | more)
        return database.write_sync(webhooks.add, made, f"whsec_{name}")

    return added


def append(database, make, run, **fields):
    unit = Append(run.id, run.epoch, **fields)
    refused = database.write_sync(lambda tx: journal.append(tx, [journal.prepare(unit, make.later())]))
    assert refused == [None]


def end(database, make, status="failed", **run):
    begun = database.write_sync(runs.create, make.run(**run))
    append(database, make, begun, change={"status": status})
    return begun


def outbox(database, name="w-1"):
    return database.read_sync(webhooks.deliveries, name).items


def test_a_receiver_comes_back_as_it_was_added(database, add):
    added = add(workflow="late-order")

    assert database.read_sync(webhooks.get, "w-1") == added
    assert database.read_sync(webhooks.page).items == (added,)


def test_the_end_of_a_run_stands_in_the_outbox_of_who_wants_it(database, add, make):
    add()
    add("w-2", kinds=("run.succeeded",))
    run = end(database, make)

    (told,) = outbox(database)
    assert (told.kind, told.run_id, told.state, told.next_at) == ("run.failed", run.id, "waiting", told.at)
    assert outbox(database, "w-2") == ()


def test_a_question_stands_in_the_outbox(database, add, make):
    add()
    run = database.write_sync(runs.create, make.run())
    question = make.question(run)
    append(database, make, run, questions=(question.model_dump(mode="json"),))

    assert [(each.kind, each.decision_id) for each in outbox(database)] == [
        ("decision.asked", question.decision_id)
    ]


def test_what_a_dry_fork_found_did_not_happen_and_is_not_told(database, add, make):
    add()
    begun = database.write_sync(runs.create, make.run(mode="replay"))
    question = make.question(begun).model_dump(mode="json")
    append(database, make, begun, questions=(question,), change={"status": "failed"})

    assert outbox(database) == ()


@pytest.mark.parametrize("minutes", [None, 5])
def test_a_run_that_waits_stands_in_the_outbox(database, add, make, minutes):
    add(kinds=("run.waiting",))
    run = database.write_sync(runs.create, make.run())
    wake_at = None if minutes is None else make.later(minutes=minutes)
    append(database, make, run, change={"status": "waiting", "wake_at": wake_at})

    assert [(each.kind, each.run_id) for each in outbox(database)] == [("run.waiting", run.id)]


def test_a_run_that_goes_on_at_once_does_not_wait(database, add, make):
    add(kinds=("run.waiting",))
    run = database.write_sync(runs.create, make.run())
    append(database, make, run, change={"status": "waiting", "wake_at": make.later()})

    assert outbox(database) == ()


def test_runs_of_other_tenants_and_workflows_are_not_told(database, add, make):
    add(tenant="acme")
    add("w-2", workflow="other")
    end(database, make)

    assert (outbox(database), outbox(database, "w-2")) == ((), ())


def test_what_was_not_written_is_not_told(database, add, make):
    add()
    begun = database.write_sync(runs.create, make.run())
    stale = Append(begun.id, begun.epoch + 1, change={"status": "failed"})

    (refused,) = database.write_sync(lambda tx: journal.append(tx, [journal.prepare(stale, make.later())]))

    assert refused is not None
    assert outbox(database) == ()


def take(database, now, **more):
    return database.write_sync(webhooks.take, now, lease=LEASE, **{"limit": 10} | more)


def test_a_message_is_taken_by_one_process_at_a_time(database, add, make):
    add()
    end(database, make)

    (due,) = take(database, make.later())

    assert due.webhook.id == "w-1"
    assert database.read_sync(webhooks.secret, "w-1") == "whsec_w-1"
    assert take(database, make.later(seconds=59)) == []
    assert [each.delivery.id for each in take(database, make.later(seconds=60))] == [due.delivery.id]


def test_messages_of_busy_receivers_are_left(database, add, make):
    add()
    add("w-2")
    end(database, make)

    assert [each.webhook.id for each in take(database, make.later(), except_webhooks=["w-1"])] == ["w-2"]


def test_a_message_is_due_unless_it_is_taken_or_its_receiver_disabled(database, add, make):
    add()
    assert not database.read_sync(webhooks.is_due, make.later())
    end(database, make)
    assert database.read_sync(webhooks.is_due, make.later())
    database.write_sync(webhooks.disable, "w-1", "gone")
    assert not database.read_sync(webhooks.is_due, make.later())
    database.write_sync(webhooks.disable, "w-1", None)
    take(database, make.later())
    assert not database.read_sync(webhooks.is_due, make.later())
    assert database.read_sync(webhooks.is_due, make.later(seconds=60))


def test_a_message_that_was_answered_is_due_again_when_it_says(database, add, make):
    add()
    end(database, make)
    (due,) = take(database, make.later())
    later = {"attempts": 1, "next_at": make.later(minutes=5), "last_answer": "answered 500"}

    database.write_sync(webhooks.record, due.delivery.model_copy(update=later))

    assert take(database, make.later(minutes=4)) == []
    (again,) = take(database, make.later(minutes=5))
    assert (again.delivery.attempts, again.delivery.last_answer) == (1, "answered 500")


def test_who_is_disabled_is_sent_and_told_nothing(database, add, make):
    add()
    end(database, make)
    database.write_sync(webhooks.disable, "w-1", "gone")
    end(database, make)

    assert take(database, make.later()) == []
    assert len(outbox(database)) == 1
    assert database.write_sync(webhooks.disable, "w-1", None).disabled is None
    assert len(take(database, make.later())) == 1


def test_a_dead_message_is_sent_again_on_request(database, add, make):
    add()
    end(database, make)
    (due,) = take(database, make.later())
    dead = {"state": "dead", "attempts": 10, "next_at": None}
    database.write_sync(webhooks.record, due.delivery.model_copy(update=dead))
    assert [each.state for each in database.read_sync(webhooks.deliveries, "w-1", state="dead").items] == [
        "dead"
    ]

    again = database.write_sync(webhooks.redeliver, "w-1", due.delivery.id, make.later(hours=1))

    assert (again.state, again.attempts) == ("waiting", 0)
    assert len(take(database, make.later(hours=1))) == 1


def test_only_what_is_done_is_purged(database, add, make):
    add()
    end(database, make)
    end(database, make)
    first, _ = take(database, make.later())
    done = {"state": "delivered", "next_at": None}
    database.write_sync(webhooks.record, first.delivery.model_copy(update=done))

    assert database.write_sync(webhooks.purge, make.later(days=1)) == 1
    assert len(outbox(database)) == 1


def test_what_a_disabled_receiver_was_to_be_told_is_purged_in_the_end(database, add, make):
    add()
    end(database, make)
    database.write_sync(webhooks.disable, "w-1", "gone")

    assert database.write_sync(webhooks.purge, make.later()) == 0
    assert database.write_sync(webhooks.purge, make.later(days=1)) == 1


def test_who_is_removed_is_gone_with_what_it_was_to_be_told(database, add, make):
    add()
    end(database, make)
    database.write_sync(webhooks.remove, "w-1")

    assert take(database, make.later()) == []
    for read in (webhooks.get, webhooks.remove, webhooks.deliveries):
        with pytest.raises(WebhookUnknown, match="there is no webhook 'w-1'"):
            database.write_sync(read, "w-1")


def test_an_unknown_message_is_told(database, add, make):
    add()

    with pytest.raises(DeliveryUnknown):
        database.write_sync(webhooks.redeliver, "w-1", "nix", make.later())


def test_a_secret_is_sealed_where_there_is_a_key(url, make):
    seals = Seals([b"k" * 32], lambda count: b"n" * count)
    with open_database(url, keeping=Keeping(seals=seals)) as database:
        migrate.upgrade(database)
        made = Webhook(
            id="w-1",
            url="https://example.com",
            kinds=("run.failed",),
            created_at=make.later(),
            created_by="u",
        )
        database.write_sync(webhooks.add, made, "whsec_canary")
        kept = database.read_sync(lambda tx: tx.exec_driver_sql("SELECT secret FROM webhooks").scalar_one())

        assert b"whsec_canary" not in bytes(kept)
        assert database.read_sync(webhooks.secret, "w-1") == "whsec_canary"
    with open_database(url) as database, pytest.raises(SealBroken):
        database.read_sync(webhooks.secret, "w-1")
