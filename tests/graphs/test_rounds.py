"""Work of rounds is done again and again, whatever goes wrong in it."""

import asyncio

import pytest

from graphs.rounds import Rounds
from graphs.testing import until
from planner.errors import EventUnknown


class Work:
    """Counts how often it is done, and fails the first time."""

    def __init__(self, error=None):
        self.done, self.error = 0, error

    async def __call__(self):
        self.done += 1
        if self.done == 1 and self.error is not None:
            raise self.error

    async def was_done(self, times):
        async def enough():
            return self.done >= times

        await until(enough)


def test_work_is_done_at_once_and_again_each_piece_at_its_own_interval():
    often, seldom = Work(), Work()

    async def scenario():
        rounds = Rounds("things")
        rounds.every(0.01, often)
        rounds.every(60.0, seldom)
        await often.was_done(3)
        going = rounds.going
        await rounds.stop()
        return going, rounds.going

    assert asyncio.run(scenario()) == (True, False)
    assert (often.done >= 3, seldom.done) == (True, 1)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EventUnknown("e-1"), "things could not be looked after"),
        (OSError("the disk is full"), "things could not be looked after"),
        (RuntimeError("nobody thought of it"), "looking after things failed; it is tried again"),
    ],
)
def test_work_that_fails_is_written_down_and_done_again(error, said, caplog):
    work = Work(error)

    async def scenario():
        rounds = Rounds("things")
        rounds.every(0.01, work)
        await work.was_done(2)
        await rounds.stop()

    asyncio.run(scenario())

    (record,) = caplog.records
    assert record.message == said
    assert getattr(record, "error", None) == str(error) or record.exc_info[1] is error


def test_what_is_under_way_is_cut_off_and_nothing_is_done_any_more():
    cut = []

    async def long():
        try:
            await asyncio.sleep(60)
        finally:
            cut.append(True)

    async def scenario():
        rounds, work = Rounds("things"), Work()
        rounds.every(0.01, long)
        rounds.every(0.01, work)
        await work.was_done(1)
        await rounds.stop()
        before = work.done
        await asyncio.sleep(0.05)
        return work.done - before

    assert asyncio.run(scenario()) == 0
    assert cut == [True]


def test_work_that_is_tried_once_may_fail(caplog):
    asyncio.run(Rounds("things").tried(Work(OSError("the disk is full"))))

    assert "things could not be looked after" in caplog.text
