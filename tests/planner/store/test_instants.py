from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select

from planner.store import tables
from planner.store.instants import Instant


def key(name, at):
    return {"key": name, "request_sha256": "s", "run_id": "r", "created_at": at}


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 1, 12, 0, 0, 123457, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
def test_a_moment_comes_back_to_the_microsecond_and_in_utc(database, moment):
    database.write_sync(lambda tx: tx.execute(insert(tables.keys).values(key("k", moment))) and None)

    found = database.read_sync(lambda tx: tx.execute(select(tables.keys.c.created_at)).scalar_one())

    assert found == moment
    assert found.utcoffset() == timedelta(0)


def test_a_moment_without_a_time_zone_is_refused():
    naive = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the point of the test

    with pytest.raises(TypeError):
        Instant().process_bind_param(naive, None)
