import threading
from datetime import timedelta

import pytest

from planner.errors import CursorInvalid, KeyReused, RunEnded, RunUnknown
from planner.store import open_database, runs


def claim(database, make, *, worker="w1", at=None, **more):
    now = at or make.at
    return database.write_sync(runs.claim, worker=worker, now=now, lease_seconds=30, **more)


def test_a_run_comes_back_as_it_was_created(database, make):
    run = make.run(input={"order_id": "o-1", "n": 10**25}, goal="Be kind.", started_by="cli", steps_done=3)

    assert database.write_sync(runs.create, run) == run
    assert database.read_sync(runs.get, run.id) == run


def test_a_run_that_nobody_created_is_unknown(database):
    with pytest.raises(RunUnknown, match="there is no run 'nobody'"):
        database.read_sync(runs.get, "nobody")


def test_a_repeated_request_gets_the_run_of_the_first_one_as_it_stands(database, make):
    first = database.write_sync(runs.create, make.run(), key="k", request_sha256="s")
    claim(database, make)

    again = database.write_sync(runs.create, make.run(), key="k", request_sha256="s")

    assert (again.id, again.status) == (first.id, "running")
    assert len(database.read_sync(runs.page).items) == 1


def test_a_key_with_another_request_creates_nothing(database, make):
    database.write_sync(runs.create, make.run(), key="k", request_sha256="s")

    with pytest.raises(KeyReused):
        database.write_sync(runs.create, make.run(), key="k", request_sha256="t")
    assert len(database.read_sync(runs.page).items) == 1


def test_what_is_done_along_with_beginning_a_run_is_done_once_and_can_prevent_it(database, make):
    seen = []

    def refuse(_tx, _run):
        raise RuntimeError("not this one")

    def note(_tx, run):
        seen.append(run.id)

    with pytest.raises(RuntimeError):
        database.write_sync(runs.create, make.run(), key="k", request_sha256="s", also=refuse)
    assert database.read_sync(runs.page).items == ()
    first, again = (
        database.write_sync(runs.create, make.run(), key="k", request_sha256="s", also=note) for _ in range(2)
    )
    assert (seen, again.id) == ([first.id], first.id)


def test_pages_hold_every_run_once_newest_first(database, make):
    made = [make.run(created_at=make.later(seconds=n // 3)) for n in range(11)]
    for run in made:
        database.write_sync(runs.create, run)

    seen, cursor, pages = [], None, 0
    while pages == 0 or (cursor is not None and pages < 9):
        page = database.read_sync(runs.page, cursor=cursor, limit=4)
        seen, cursor, pages = [*seen, *page.items], page.next_cursor, pages + 1

    assert pages == 3
    assert seen == sorted(made, key=lambda run: (run.created_at, run.id), reverse=True)


def test_a_page_that_is_just_full_is_the_last(database, make):
    for _ in range(2):
        database.write_sync(runs.create, make.run())

    assert database.read_sync(runs.page, limit=2).next_cursor is None


def test_runs_are_filtered_by_tenant(database, make):
    mine, other = make.run(tenant="acme"), make.run()
    for run in (mine, other):
        database.write_sync(runs.create, run)

    assert database.read_sync(runs.page, tenant="acme").items == (mine,)
    assert database.read_sync(runs.page, tenant="default").items == (other,)
    assert database.read_sync(runs.page, tenant="bolt").items == ()


def test_runs_are_filtered_by_status_and_workflow(database, make):
    other = make.run().workflow.model_copy(update={"name": "checkout"})
    wanted = make.run(workflow=other, status="waiting")
    for run in (make.run(), make.run(workflow=other), make.run(status="waiting"), wanted):
        database.write_sync(runs.create, run)

    assert database.read_sync(runs.page, status="waiting", workflow="checkout").items == (wanted,)


@pytest.mark.parametrize("cursor", ["rubbish", runs.cursors.write("runs", "yesterday", "r1")])
def test_a_cursor_that_does_not_exist_is_refused(database, cursor):
    with pytest.raises(CursorInvalid):
        database.read_sync(runs.page, cursor=cursor)


def test_a_queued_run_is_claimed_under_a_lease_with_a_new_epoch(database, make):
    database.write_sync(runs.create, make.run())

    (run,) = claim(database, make)

    assert (run.status, run.worker, run.epoch) == ("running", "w1", 1)
    assert run.lease_until == make.later(seconds=30)
    assert database.read_sync(runs.get, run.id) == run


def test_a_run_under_a_lease_is_not_claimed(database, make):
    make.claimed(database)

    assert claim(database, make, worker="w2", at=make.later(seconds=29)) == []


def test_a_run_whose_lease_ended_is_claimed_again(database, make):
    first = make.claimed(database)

    (again,) = claim(database, make, worker="w2", at=make.later(seconds=30))

    assert (again.id, again.worker, again.epoch) == (first.id, "w2", 2)


def test_a_waiting_run_is_claimed_once_it_is_due(database, make):
    run = make.run(status="waiting", wake_at=make.later(seconds=5))
    database.write_sync(runs.create, run)

    assert claim(database, make, at=make.later(seconds=4)) == []
    assert [each.id for each in claim(database, make, at=make.later(seconds=5))] == [run.id]


def test_a_run_that_waits_for_a_person_is_not_claimed_however_late(database, make):
    database.write_sync(runs.create, make.run(status="waiting"))

    assert claim(database, make, at=make.later(days=900)) == []


@pytest.mark.parametrize("status", ["succeeded", "failed", "undone", "cancelled"])
def test_a_run_that_ended_is_never_claimed(database, make, status):
    database.write_sync(runs.create, make.run(status=status, lease_until=make.at, wake_at=make.at))

    assert claim(database, make, at=make.later(days=1)) == []


def test_a_claim_can_name_one_run_and_has_a_limit(database, make):
    made = [database.write_sync(runs.create, make.run()) for _ in range(5)]

    assert [run.id for run in claim(database, make, run_id=made[3].id)] == [made[3].id]
    assert len(claim(database, make, limit=3)) == 3
    assert len(claim(database, make, limit=3)) == 1
    assert claim(database, make, limit=0) == []


def test_work_that_was_begun_comes_before_new_work(database, make):
    new = database.write_sync(runs.create, make.run())
    due = database.write_sync(runs.create, make.run(status="waiting", wake_at=make.at))
    lost = database.write_sync(runs.create, make.run(status="running", lease_until=make.at, worker="gone"))

    assert [run.id for run in claim(database, make, limit=2)] == [lost.id, due.id]
    assert [run.id for run in claim(database, make, limit=2)] == [new.id]


def test_two_claimers_never_get_the_same_run(database, url, make):
    for _ in range(60):
        database.write_sync(runs.create, make.run())
    got: dict[str, list[str]] = {"a": [], "b": []}

    def work(worker):
        with open_database(url) as own:
            while found := claim(own, make, worker=worker, limit=3):
                got[worker] += [run.id for run in found]

    threads = [threading.Thread(target=work, args=(worker,)) for worker in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got["a"] + got["b"]) == sorted(
        run.id for run in database.read_sync(runs.page, limit=99).items
    )


def test_a_renewed_lease_keeps_others_away(database, make):
    run = make.claimed(database)
    renew = {"worker": "w1", "now": make.later(seconds=20), "lease_seconds": 30}

    assert database.write_sync(runs.renew, run_ids=[run.id], **renew) == {run.id}
    assert claim(database, make, worker="w2", at=make.later(seconds=49)) == []


def test_only_runs_still_owned_are_renewed(database, make):
    mine, taken = make.claimed(database), make.claimed(database)
    claim(database, make, worker="w2", at=make.later(seconds=31), run_id=taken.id)
    renew = {"worker": "w1", "now": make.later(seconds=31), "lease_seconds": 30}

    assert database.write_sync(runs.renew, run_ids=[mine.id, taken.id, "nobody"], **renew) == {mine.id}


def test_a_worker_that_claimed_its_own_run_again_loses_the_older_epoch(database, make):
    run = make.claimed(database)
    claim(database, make, at=make.later(seconds=31))
    renew = {"worker": "w1", "now": make.later(seconds=31), "lease_seconds": 30}

    assert database.write_sync(runs.renew, run_ids={run.id: 1}, **renew) == set()
    assert database.write_sync(runs.renew, run_ids={run.id: 2}, **renew) == {run.id}


def test_a_released_run_can_be_claimed_at_once(database, make):
    run = make.claimed(database)

    database.write_sync(runs.release, run.id, run.epoch)

    assert database.read_sync(runs.get, run.id).worker is None
    assert [each.epoch for each in claim(database, make, worker="w2")] == [2]


def test_a_stale_release_changes_nothing(database, make):
    run = make.claimed(database)
    (again,) = claim(database, make, worker="w2", at=make.later(seconds=31))

    database.write_sync(runs.release, run.id, run.epoch)

    assert database.read_sync(runs.get, run.id) == again


def test_a_waiting_run_that_is_woken_is_due_now(database, make):
    run = make.run(status="waiting", wake_at=make.later(days=1))
    database.write_sync(runs.create, run)

    database.write_sync(runs.wake, run.id, make.later(seconds=1))

    assert database.read_sync(runs.next_due, make.at) == make.later(seconds=1)


def test_the_next_due_is_the_earliest_of_the_waiting_runs(database, make):
    assert database.read_sync(runs.next_due, make.at) is None
    for hours in (3, 1, 2):
        database.write_sync(runs.create, make.run(status="waiting", wake_at=make.later(hours=hours)))
    database.write_sync(runs.create, make.run(status="waiting"))

    assert database.read_sync(runs.next_due, make.at) == make.at + timedelta(hours=1)


def test_cancelling_wakes_a_waiting_run_and_can_be_repeated(database, make):
    run = make.run(status="waiting")
    database.write_sync(runs.create, run)

    first = database.write_sync(runs.request_cancel, run.id, make.later(seconds=1))
    again = database.write_sync(runs.request_cancel, run.id, make.later(seconds=9))

    assert first.cancel_requested
    assert first.wake_at == make.later(seconds=1)
    assert again == first


def test_a_run_that_ended_cannot_be_cancelled(database, make):
    run = make.run(status="succeeded")
    database.write_sync(runs.create, run)

    with pytest.raises(RunEnded, match="has ended as succeeded"):
        database.write_sync(runs.request_cancel, run.id, make.at)
    with pytest.raises(RunUnknown):
        database.write_sync(runs.request_cancel, "nobody", make.at)


def test_workers_see_which_of_their_runs_are_to_stop(database, make):
    stop, go = make.claimed(database), make.claimed(database)
    database.write_sync(runs.request_cancel, stop.id, make.at)

    assert database.read_sync(runs.cancel_requested, [stop.id, go.id]) == {stop.id}
