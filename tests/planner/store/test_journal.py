import asyncio

import pytest
from pydantic import ValidationError

from planner.errors import DecisionClosed, DecisionUnknown, LeaseLost, StoreUnavailable
from planner.journal import Append
from planner.store import decisions, journal, questions, runs


async def outcomes(database, units):
    """What each append came to, all of them submitted at once."""
    return await asyncio.gather(*map(database.append, units), return_exceptions=True)


def bodies_of(database, run):
    return [(seq, entry.body) for seq, entry in database.read_sync(journal.entries, run.id)]


def as_json(record):
    return record.model_dump(mode="json")


def test_entries_come_back_in_order_as_they_were_appended(database, make):
    run = make.claimed(database)
    numbered = [
        make.entry(seq, path=f"lines[{seq}].reserve", visit=2, attempt=seq, body={"n": seq, "big": 10**30})
        for seq in (1, 2, 3)
    ]

    database.append_sync(Append(run.id, run.epoch, tuple(numbered[:2])))
    database.append_sync(Append(run.id, run.epoch, tuple(numbered[2:])))

    assert database.read_sync(journal.entries, run.id) == numbered
    assert database.read_sync(journal.entries, run.id, after=1, limit=1) == [numbered[1]]
    assert database.read_sync(journal.entries, "nobody") == []


def test_what_an_odd_service_answered_survives(database, make):
    run = make.claimed(database)
    body = {"output": {"id": 2**70, "text": "\ud800 \u0000 🦊", "empty": None}}

    database.append_sync(Append(run.id, run.epoch, (make.entry(body=body),)))

    assert bodies_of(database, run) == [(1, body)]


def test_concurrent_appends_share_commits(database, make):
    claimed = [make.claimed(database) for _ in range(100)]
    before = database.stats.commits

    async def work():
        return await outcomes(database, [make.append(run) for run in claimed])

    assert asyncio.run(work()) == [None] * 100
    assert database.stats.commits - before <= 20
    assert database.stats.rows == 100


def test_a_stale_epoch_writes_nothing_while_others_of_its_group_commit(database, make, held):
    zombie, good = make.claimed(database), make.claimed(database)
    database.write_sync(
        runs.claim, worker="w2", now=make.later(seconds=31), lease_seconds=30, run_id=zombie.id
    )
    before = database.stats.commits

    async def work():
        with held(database):
            tasks = [asyncio.create_task(database.append(make.append(run))) for run in (zombie, good)]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    lost, kept = asyncio.run(work())
    assert isinstance(lost, LeaseLost)
    assert kept is None
    assert (len(bodies_of(database, zombie)), len(bodies_of(database, good))) == (0, 1)
    assert database.stats.commits - before <= 2


def test_a_number_that_is_taken_loses_the_lease_and_spares_the_rest_of_the_group(database, make, held):
    one, other = make.claimed(database), make.claimed(database)
    database.append_sync(make.append(one))

    async def work():
        with held(database):
            units = [make.append(one, 1), make.append(other, 1), make.append(one, 2)]
            tasks = [asyncio.create_task(database.append(unit)) for unit in units]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    clash, spared, after = asyncio.run(work())
    assert (type(clash), spared, type(after)) == (LeaseLost, None, StoreUnavailable)
    assert [seq for seq, _ in bodies_of(database, one)] == [1]
    assert [seq for seq, _ in bodies_of(database, other)] == [1]


def test_a_run_that_nobody_created_takes_no_entries(database, make):
    with pytest.raises(LeaseLost, match="nothing was written"):
        database.append_sync(Append("nobody", 0, (make.entry(),)))


def test_a_run_that_ends_gives_up_its_lease_and_takes_no_more_entries(database, make):
    run = make.claimed(database)
    at = make.later(seconds=3)
    last = Append(
        run.id,
        run.epoch,
        (make.entry(kind="finished", at=at),),
        change={"status": "succeeded", "output": {"ok": 1}, "steps_done": 4},
    )

    database.append_sync(last)

    ended = database.read_sync(runs.get, run.id)
    assert (ended.status, ended.output, ended.steps_done) == ("succeeded", {"ok": 1}, 4)
    assert (ended.ended_at, ended.updated_at) == (at, at)
    assert (ended.worker, ended.lease_until, ended.wake_at) == (None, None, None)
    with pytest.raises(LeaseLost):
        database.append_sync(make.append(run, 2))


def test_what_follows_the_end_of_a_run_in_the_same_group_is_refused(database, make, held):
    run = make.claimed(database)

    async def work():
        with held(database):
            units = [make.append(run, 1, change={"status": "failed", "error": "no"}), make.append(run, 2)]
            tasks = [asyncio.create_task(database.append(unit)) for unit in units]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    ended, late = asyncio.run(work())
    assert ended is None
    assert isinstance(late, LeaseLost)
    assert len(bodies_of(database, run)) == 1


def test_a_run_that_waits_holds_no_lease(database, make):
    run = make.claimed(database)

    database.append_sync(make.append(run, change={"status": "waiting", "wake_at": make.later(hours=1)}))

    waiting = database.read_sync(runs.get, run.id)
    assert (waiting.status, waiting.worker, waiting.lease_until) == ("waiting", None, None)
    assert waiting.wake_at == make.later(hours=1)


def test_an_answer_that_came_while_the_run_moved_is_not_slept_over(database, make):
    run = make.claimed(database)
    asked = make.question(run)
    database.append_sync(make.append(run, questions=(as_json(asked),)))
    database.write_sync(questions.answer, asked.decision_id, make.answer())

    database.append_sync(make.append(run, 2, change={"status": "waiting", "wake_at": None}))

    assert database.read_sync(runs.get, run.id).wake_at == make.at


def test_a_cancellation_that_came_while_the_run_moved_is_not_slept_over(database, make):
    run = make.claimed(database)
    database.write_sync(runs.request_cancel, run.id, make.at)

    database.append_sync(make.append(run, change={"status": "waiting", "wake_at": make.later(days=1)}))

    assert database.read_sync(runs.get, run.id).wake_at == make.at


def test_a_run_that_was_claimed_again_after_the_answer_may_sleep(database, make):
    run = make.claimed(database)
    asked = make.question(run)
    database.append_sync(make.append(run, questions=(as_json(asked),), change={"status": "waiting"}))
    database.write_sync(questions.answer, asked.decision_id, make.answer())
    (again,) = database.write_sync(runs.claim, worker="w1", now=make.at, lease_seconds=30)

    database.append_sync(make.append(again, 2, change={"status": "waiting", "wake_at": None}))

    assert database.read_sync(runs.get, run.id).wake_at is None


def test_a_unit_is_written_whole(database, make):
    run = make.claimed(database)
    taken, asked = make.decision(run_id=run.id, run_seq=1), make.question(run)

    database.append_sync(make.append(run, decisions=(as_json(taken),), questions=(as_json(asked),)))

    assert database.read_sync(decisions.of_run, run.id) == [taken]
    assert database.read_sync(questions.get, asked.decision_id) == asked
    assert database.stats.rows == 3


def test_a_question_whose_time_is_up_expires_with_the_unit_that_says_so(database, make):
    run = make.claimed(database)
    asked = make.question(run, deadline=make.later(hours=1))
    database.append_sync(make.append(run, questions=(as_json(asked),)))

    database.append_sync(make.append(run, 2, closed=(asked.decision_id,)))

    assert database.read_sync(questions.get, asked.decision_id).status == "expired"


def test_an_answer_that_came_first_stops_the_whole_unit_that_would_expire_it(database, make):
    run = make.claimed(database)
    asked = make.question(run, deadline=make.later(hours=1))
    database.append_sync(make.append(run, questions=(as_json(asked),)))
    database.write_sync(questions.answer, asked.decision_id, make.answer())
    late = make.decision(run_id=run.id)

    with pytest.raises(DecisionClosed, match="ada answered 'refund'"):
        database.append_sync(make.append(run, 2, closed=(asked.decision_id,), decisions=(as_json(late),)))

    assert len(bodies_of(database, run)) == 1
    assert database.read_sync(decisions.of_run, run.id) == []
    assert database.read_sync(questions.get, asked.decision_id).status == "answered"


def test_a_question_can_be_opened_and_closed_within_one_group(database, make, held):
    run = make.claimed(database)
    asked = make.question(run)

    async def work():
        with held(database):
            units = [
                make.append(run, 1, questions=(as_json(asked),)),
                make.append(run, 2, closed=(asked.decision_id,)),
            ]
            tasks = [asyncio.create_task(database.append(unit)) for unit in units]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert asyncio.run(work()) == [None, None]
    assert database.read_sync(questions.get, asked.decision_id).status == "expired"


def test_closing_a_question_that_nobody_asked_is_refused(database, make):
    run = make.claimed(database)

    with pytest.raises(DecisionUnknown):
        database.append_sync(make.append(run, closed=("nobody",)))
    assert bodies_of(database, run) == []


def test_the_open_questions_of_a_run_leave_the_inbox_when_it_ends(database, make):
    run = make.claimed(database)
    asked = make.question(run)
    database.append_sync(make.append(run, questions=(as_json(asked),)))

    database.append_sync(make.append(run, 2, change={"status": "cancelled"}))

    assert database.read_sync(questions.page).items == ()
    with pytest.raises(DecisionClosed, match="its run ended as cancelled"):
        database.write_sync(questions.answer, asked.decision_id, make.answer())


def test_a_change_without_entries_takes_the_time_from_the_clock(database, make):
    run = make.claimed(database)

    database.append_sync(Append(run.id, run.epoch, change={"steps_done": 7}))

    changed = database.read_sync(runs.get, run.id)
    assert changed.steps_done == 7
    assert changed.updated_at != run.updated_at


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"change": {"epoch": 9}}, ValueError),
        ({"change": {"output": object()}}, TypeError),
        ({"decisions": ({"decision_id": "d"},)}, ValidationError),
        ({"questions": ({"decision_id": "d"},)}, ValidationError),
    ],
)
def test_a_unit_that_cannot_be_stored_fails_before_it_is_queued(make, fields, error):
    with pytest.raises(error):
        journal.prepare(Append("r", 1, **fields), make.at)


def test_a_body_that_is_no_json_fails_before_it_is_queued(make):
    with pytest.raises(TypeError):
        journal.prepare(Append("r", 1, (make.entry(body={"a": object()}),)), make.at)
