import asyncio

from planner.budgets import Purse
from planner.definition import Allowance
from planner.model.faults import Wire
from planner.model.talk import Reply, Spare, Talk, TimeLeft
from planner.testing import FrozenClock

ANY = Allowance()


def reply(outcome_class, *, adapted=False, **wire):
    return Reply(outcome_class, None, Wire(**wire), None, None, None, adapted)


def may(each, *, seconds=10.0, spare=5, allowance=ANY):
    return talked(each, seconds=seconds, spare=spare, allowance=allowance)[0]


def talked(each, *, seconds=10.0, spare=5, allowance=ANY):
    async def main():
        due = asyncio.get_running_loop().time() + seconds
        purse = Purse(allowance, lambda *_: None)
        talk = Talk(FrozenClock(), time_left=TimeLeft(seconds, due), spare=Spare(spare), purse=purse)
        return talk.may_ask_again(each), talk.asked()

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


def test_what_is_worth_asking_again_is_not_once_the_budget_is_spent():
    again, asked = talked(reply("invalid"), allowance=Allowance(model_calls=0))

    assert not again
    assert (asked.outcome_class, asked.broke) == (
        "budget",
        "what this decision may spend, its 0 model calls are used up",
    )


def test_what_is_not_worth_asking_again_is_no_matter_of_the_budget():
    again, asked = talked(reply("refused"), allowance=Allowance(model_calls=0))

    assert not again
    assert asked.broke is None
