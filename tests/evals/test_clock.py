"""Virtual time passes only when there is nothing else to do, and ids come from a seed."""

import asyncio
import functools
import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from evals.clock import Ids, VirtualClock, VirtualLoop, contained
from evals.errors import Stuck

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def played(main):
    with asyncio.Runner(loop_factory=VirtualLoop) as loop:
        return loop.run(main())


def test_ten_days_pass_in_no_time():
    async def main():
        clock = VirtualClock(START)
        await clock.until(START + timedelta(days=10))
        await clock.until(START)
        return clock.now(), clock.seconds()

    began = time.perf_counter()
    assert played(main) == (START + timedelta(days=10), 864_000.0)
    assert time.perf_counter() - began < 30


def test_two_that_sleep_side_by_side_share_the_time():
    async def main():
        clock = VirtualClock(START)
        await asyncio.gather(clock.sleep(60), clock.sleep(50))
        return clock.seconds()

    assert played(main) == 60


def test_a_timeout_fires_at_its_virtual_moment():
    async def main():
        clock = VirtualClock(START)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await clock.sleep(3600)
        return clock.seconds()

    assert played(main) == 30


def test_time_stands_still_while_a_thread_works():
    async def main():
        async with asyncio.timeout(5):
            return await asyncio.to_thread(lambda: time.sleep(0.05) or "done")

    assert played(main) == "done"


def test_a_wait_that_nothing_can_end_is_told():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        played(main)


def test_ids_come_from_the_seed_and_sort_as_they_are_made():
    async def main(seed):
        clock = VirtualClock(START)
        ids = Ids(seed, clock)
        made = [ids.new(), ids.new()]
        await clock.sleep(1)
        return [*made, ids.new()]

    first = played(lambda: main(7))
    assert first == played(lambda: main(7))
    assert first == sorted(first)
    assert first != played(lambda: main(8))
    assert {each[14] for each in first} == {"7"}


def test_what_is_drawn_depends_on_the_seed_and_on_what_it_is_for():
    async def main(seed, what):
        clock = VirtualClock(START, seed=seed)
        random.random()  # noqa: S311 - what a library may do
        clock.fix(what)
        return random.random()  # noqa: S311 - what is tested

    before = random.getstate()
    with contained():
        wanted = ((1, "a"), (1, "a"), (2, "a"), (1, "b"))
        drawn = [played(functools.partial(main, *each)) for each in wanted]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3
    assert random.getstate() == before
