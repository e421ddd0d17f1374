import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from planner.errors import StoreUnavailable
from planner.log import chain, envelopes
from planner.store import decisions, open_database, tables
from planner.store.writer import Call

ROOT = Path(__file__).resolve().parents[3]


def log(database):
    query = select(tables.log).order_by(tables.log.c.stream, tables.log.c.seq)
    return database.read_sync(lambda tx: tx.execute(query).all())


def head(database):
    return database.read_sync(lambda tx: tx.execute(select(tables.heads)).one())


def assert_chained(database):
    """Every record of the only stream follows from the one before, and the head is the last of them."""
    rows, tip = log(database), chain.EMPTY
    for row in rows:
        (link,) = chain.extend(tip, [row.body])
        assert (row.seq, row.prev_hash, row.hash) == link
        tip = chain.Tip(row.seq, row.hash)
    assert (head(database).seq, head(database).hash) == tip
    return rows


def test_a_stream_begins_with_its_name_and_ends_at_its_head(database, make):
    for _ in range(3):
        database.write_sync(decisions.insert, make.decision())

    genesis, *rest = assert_chained(database)

    assert genesis.kind == "genesis"
    assert envelopes.decode(genesis.body)["record"]["stream"] == genesis.stream
    assert [row.kind for row in rest] == ["decision"] * 3


def test_nothing_is_chained_where_nothing_is_logged(database):
    assert log(database) == []


def test_every_process_writes_a_stream_of_its_own_that_vouches_for_the_others(database, url, make):
    database.write_sync(decisions.insert, make.decision())
    first = head(database)

    with open_database(url, instance="two") as other:
        other.write_sync(decisions.insert, make.decision())
        rows = [row for row in log(other) if row.stream != first.stream]

    assert rows[0].stream.startswith("two/")
    knows = envelopes.decode(rows[0].body)["record"]["knows"]
    assert knows == [{"stream": first.stream, "seq": 1, "hash": first.hash.hex()}]


def test_a_group_is_chained_as_one_and_a_call_that_fails_leaves_no_trace(database, make, held):
    def fail(tx):
        decisions.insert(tx, make.decision())
        raise RuntimeError("no")

    def log_one(tx):
        decisions.insert(tx, make.decision())

    with held(database):
        futures = [_submit(database, fn) for fn in (log_one, fail) * 3]

    assert sum(future.exception() is not None for future in futures) == 3
    assert len(assert_chained(database)) == 4


def test_a_group_that_breaks_is_chained_again_without_gaps(database, make, held):
    taken = make.decision()
    database.write_sync(decisions.insert, taken)

    def break_(tx):
        decisions.insert(tx, make.decision())
        tx.execute(insert(tables.heads).values(stream="x"))

    with held(database):
        futures = [
            _submit(database, lambda tx: decisions.insert(tx, make.decision())),
            _submit(database, break_),
            _submit(database, lambda tx: decisions.insert(tx, make.decision())),
        ]
    assert isinstance(futures[1].exception(), StoreUnavailable)

    database.write_sync(decisions.insert, make.decision())
    assert len(assert_chained(database)) == 5


@pytest.mark.parametrize("statement", [tables.log.delete(), tables.log.update().values(kind="decision")])
def test_the_log_cannot_be_changed_by_chance(database, make, statement):
    database.write_sync(decisions.insert, make.decision())

    with pytest.raises(StoreUnavailable, match="append-only"):
        database.write_sync(lambda tx: tx.execute(statement) and None)
    assert_chained(database)


def test_what_was_acknowledged_before_a_kill_is_chained(tmp_path):
    program = (
        "import sys\n"
        "from datetime import datetime, UTC\n"
        "from planner.clock import new_id\n"
        "from planner.decisions import Decision\n"
        "from planner.store import decisions, migrate, open_database\n"
        f"database = open_database('sqlite:///{tmp_path / 'p.db'}')\n"
        "migrate.upgrade(database)\n"
        "for n in range(10_000):\n"
        "    made = Decision(decision_id=new_id(), kind='choose', run_id='r', point='w/s', question='?',\n"
        "        ts=datetime(2026, 3, 1, tzinfo=UTC), options=(), decided_by='rule', choice='a')\n"
        "    database.write_sync(decisions.insert, made)\n"
        "    print(n, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        for _ in range(20):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)

    with open_database(f"sqlite:///{tmp_path / 'p.db'}") as database:
        assert len(assert_chained(database)) >= 21


def _submit(database, fn):
    """Queue a write without waiting for it."""
    future = Future()
    database._writer.submit(Call(fn, future))
    return future
