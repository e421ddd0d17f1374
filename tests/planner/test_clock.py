import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta

from planner import clock
from planner.clock import SystemClock, new_id


def test_the_system_clock_tells_the_time_in_utc():
    before = time.time()

    now = SystemClock().now()

    assert now.utcoffset() == timedelta(0)
    assert before <= now.timestamp() <= time.time()


def test_sleeping_lets_time_pass():
    began = time.perf_counter()

    asyncio.run(SystemClock().sleep(0.02))

    assert time.perf_counter() - began >= 0.02


def test_an_id_is_a_uuid_of_version_7_that_bears_the_time():
    made = uuid.UUID(new_id())

    at = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs(at - SystemClock().now()) < timedelta(seconds=2)


def test_ids_sort_in_the_order_in_which_they_were_made():
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_go_on_growing_when_the_clock_is_set_back(monkeypatch):
    newest = new_id()
    monkeypatch.setattr(clock, "_last", clock._last + (3_600_000 << 12) + 0xFFE)

    made = [new_id() for _ in range(5)]

    assert [newest, *made] == sorted([newest, *made])
    assert all(uuid.UUID(each).version == 7 for each in made)
