import asyncio
from datetime import timedelta

import pytest

from planner.retry import repeat
from tools.operations import Retry


class Sleeper:
    def __init__(self):
        self.pauses = []

    async def __call__(self, seconds):
        self.pauses.append(seconds)


def run(results, retry, *, again=lambda result: result != "ok", hint=None, **more):
    sleeper, seen = Sleeper(), []

    async def call(n):
        seen.append(n)
        return results[n - 1]

    last = asyncio.run(repeat(call, retry=retry, again=again, sleep=sleeper, hint=hint, **more))
    return last, seen, sleeper.pauses


def steady(attempts, **more):
    return Retry(
        attempts=attempts, initial=timedelta(seconds=1), max=timedelta(seconds=3), jitter=False, **more
    )


def test_a_good_first_result_is_not_repeated():
    assert run(["ok", "bad"], steady(3)) == ("ok", [1], [])


def test_a_bad_result_is_repeated_until_it_is_good():
    assert run(["bad", "bad", "ok"], steady(5)) == ("ok", [1, 2, 3], [1, 2])


def test_the_last_result_comes_back_when_attempts_are_spent():
    assert run(["a", "b", "c"], steady(3)) == ("c", [1, 2, 3], [1, 2])


def test_one_attempt_is_one_call():
    assert run(["bad"], steady(1)) == ("bad", [1], [])


def test_pauses_double_up_to_the_longest():
    assert run(["x"] * 5, steady(5))[2] == [1, 2, 3, 3]


def test_a_longer_hint_wins_over_the_backoff_and_a_shorter_one_does_not():
    hints = {"a": 10.0, "b": 0.5, "c": None}
    assert run(["a", "b", "c", "ok"], steady(4), hint=hints.get)[2] == [10.0, 2, 3]


def test_jitter_adds_a_part_and_never_passes_the_longest_pause():
    retry = Retry(attempts=30, initial=timedelta(seconds=1), max=timedelta(seconds=3))
    pauses = run(["x"] * 30, retry)[2]
    assert 1 <= pauses[0] <= 2
    assert all(pause <= 3 for pause in pauses)
    assert len({*pauses[:1], *run(["x"] * 30, retry)[2][:1]}) == 2


def test_what_the_call_raises_is_raised_at_once():
    seen = []

    async def call(n):
        seen.append(n)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(repeat(call, retry=steady(3), again=lambda _: True, sleep=Sleeper()))
    assert seen == [1]


def test_a_cancelled_call_stays_cancelled():
    async def call(_n):
        await asyncio.sleep(10)

    async def main():
        task = asyncio.create_task(repeat(call, retry=steady(3), again=lambda _: True, sleep=asyncio.sleep))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_results_that_are_known_are_gone_through_without_a_pause_and_count():
    assert run(["a", "b", "c", "d"], steady(4), known=lambda n: n <= 3) == ("d", [1, 2, 3, 4], [3])
    assert run(["a", "b"], steady(2), known=lambda _n: True) == ("b", [1, 2], [])
    assert run(["a", "ok"], steady(3), known=lambda _n: True) == ("ok", [1, 2], [])
