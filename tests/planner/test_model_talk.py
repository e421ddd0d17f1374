import asyncio

from planner.model_faults import Wire
from planner.model_talk import Reply, Spare, Talk, TimeLeft
from planner.testing import FrozenClock


def reply(outcome_class, *, adapted=False, **wire):
    return Reply(outcome_class, None, Wire(**wire), None, None, None, adapted)


def may(each, *, seconds=10.0, spare=5):
    async def main():
        due = asyncio.get_running_loop().time() + seconds
        return Talk(FrozenClock(), time_left=TimeLeft(seconds, due), spare=Spare(spare)).may_ask_again(each)

    return asyncio.run(main())


def test_what_can_get_better_is_asked_again():
    assert may(reply("invalid"))
    assert not may(reply("rejected"))
    assert may(reply("rejected", adapted=True))
    assert may(reply("rejected", should_retry=True))
    assert not may(reply("unavailable", should_retry=False))
    assert not may(reply("quota", should_retry=True))


def test_a_pause_beyond_the_deadline_is_not_begun():
    assert may(reply("rate_limited", retry_after=9.0))
    assert not may(reply("rate_limited", retry_after=11.0))


def test_several_talks_draw_on_the_same_spare_requests():
    shared = Spare(2)
    assert [shared.take() for _ in range(4)] == [True, True, False, False]
    assert not may(reply("invalid"), spare=0)


def test_time_that_is_up_leaves_almost_none():
    async def main():
        return TimeLeft(1.0, asyncio.get_running_loop().time() - 5).now

    assert asyncio.run(main()) == 0.001
