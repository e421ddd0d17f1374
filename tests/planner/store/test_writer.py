import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from planner.errors import LeaseLost, StoreUnavailable
from planner.journal import Append
from planner.store import journal, migrate, open_database, runs, tables
from planner.store.writer import MAX_GROUP

ROOT = Path(__file__).resolve().parents[3]
APPENDER = """
import asyncio, sys
from planner.clock import SystemClock, new_id
from planner.decisions import WorkflowRef
from planner.journal import Append, Entry, Numbered
from planner.runs import Run
from planner.store import open_database, runs

async def main():
    clock, database = SystemClock(), open_database(sys.argv[1])
    ref = WorkflowRef(name="w", version="1.0.0", sha256="0")

    async def work():
        now = clock.now()
        run = Run(id=new_id(), workflow=ref, created_at=now, updated_at=now)
        await database.write(runs.create, run)
        await database.write(runs.claim, worker="w", now=now, lease_seconds=60, run_id=run.id)
        for seq in range(1, 100_000):
            entry = Entry(kind="outcome", path="a", visit=seq, at=now, body={"n": seq, "pad": "x" * 300})
            await database.append(Append(run.id, 1, (Numbered(seq, entry),)))
            sys.stdout.write(f"{run.id} {seq}\\n")
            sys.stdout.flush()

    await asyncio.gather(*(work() for _ in range(8)))

asyncio.run(main())
"""


def count(tx):
    return tx.execute(select(func.count()).select_from(tables.runs)).scalar_one()


def test_a_write_that_fails_undoes_only_its_own_rows(database, make, held):
    good = [make.run() for _ in range(2)]

    def half(tx):
        runs.create(tx, make.run())
        raise LookupError("half-way")

    async def work():
        with held(database):
            fns = [lambda tx: runs.create(tx, good[0]), half, lambda tx: runs.create(tx, good[1])]
            tasks = [asyncio.create_task(database.write(fn)) for fn in fns]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    before = database.stats.commits
    one, failed, other = asyncio.run(work())
    assert [one, other] == good
    assert str(failed) == "half-way"
    assert database.read_sync(count) == 2
    assert database.stats.commits - before == 2


def test_a_function_that_breaks_the_transaction_spares_the_others(tmp_path, make, held):
    url = f"sqlite:///{tmp_path / 'planner.db'}"
    with open_database(url) as database:
        migrate.upgrade(database)
        pages = database.read_sync(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())
        database.write_sync(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}").close())

        async def work():
            with held(database):
                made = (make.run(), make.run(goal="x" * 500_000), make.run())
                tasks = [asyncio.create_task(database.write(runs.create, run)) for run in made]
                await asyncio.sleep(0.01)
            return await asyncio.gather(*tasks, return_exceptions=True)

        kinds = [type(each).__name__ for each in asyncio.run(work())]
        assert kinds == ["Run", "StoreUnavailable", "Run"]
        assert database.read_sync(count) == 2


def test_a_flood_is_written_in_groups_of_a_bounded_size(database, held):
    before = database.stats.commits

    async def work():
        with held(database):
            tasks = [asyncio.create_task(database.write(lambda _: None)) for _ in range(MAX_GROUP + 1)]
            await asyncio.sleep(0.1)
        await asyncio.gather(*tasks)

    asyncio.run(work())
    assert database.stats.commits - before == 3


def test_a_key_that_clashes_within_a_group_spares_the_others(database, make, held):
    run = make.run()

    async def work():
        with held(database):
            tasks = [
                asyncio.create_task(database.write(runs.create, each)) for each in (run, run, make.run())
            ]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, clash, other = asyncio.run(work())
    assert first == run
    assert isinstance(clash, StoreUnavailable)
    assert other.id != run.id
    assert database.read_sync(count) == 2


@pytest.mark.parametrize("error", [LookupError("x"), StopIteration("x"), SystemExit(3), RecursionError("x")])
def test_the_writer_survives_whatever_a_function_raises(database, make, error):
    def fails(tx):
        raise error

    with pytest.raises(RuntimeError if isinstance(error, StopIteration) else type(error)):
        database.write_sync(fails)
    assert database.write_sync(runs.create, make.run())


def test_order_is_kept_between_writes_and_appends(database, make, held):
    run = make.claimed(database)

    async def work():
        with held(database):
            tasks = [
                asyncio.create_task(database.append(make.append(run, 1))),
                asyncio.create_task(database.write(runs.release, run.id, run.epoch)),
                asyncio.create_task(
                    database.write(runs.claim, worker="w2", now=make.at, lease_seconds=9, run_id=run.id)
                ),
                asyncio.create_task(database.append(make.append(run, 2))),
            ]
            await asyncio.sleep(0.01)
        return await asyncio.gather(*tasks, return_exceptions=True)

    kept, _, claimed, lost = asyncio.run(work())
    assert kept is None
    assert claimed[0].epoch == 2
    assert type(lost).__name__ == "LeaseLost"


def test_whoever_stops_waiting_does_not_stop_the_write(database, make, held):
    run = make.run()

    async def work():
        with held(database):
            task = asyncio.create_task(database.write(runs.create, run))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(work())
    database.write_sync(lambda _: None)

    assert database.read_sync(runs.get, run.id) == run


def test_an_event_loop_that_is_gone_does_not_stop_the_writer(database, make, held):
    run = make.run()

    async def leave():
        task = asyncio.create_task(database.write(runs.create, run))
        await asyncio.sleep(0)
        task.cancel()

    with held(database):
        asyncio.run(leave())
    database.write_sync(lambda _: None)

    assert database.read_sync(runs.get, run.id) == run


def test_several_event_loops_share_one_writer(database, make):
    def loop():
        async def work():
            await asyncio.gather(*(database.write(runs.create, make.run()) for _ in range(10)))

        asyncio.run(work())

    threads = [threading.Thread(target=loop) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert database.read_sync(count) == 30


def test_closing_writes_what_waits(database, url, make):
    run = make.claimed(database)

    async def work():
        tasks = [asyncio.create_task(database.append(make.append(run, seq))) for seq in range(1, 21)]
        await asyncio.sleep(0)
        await asyncio.to_thread(database.close)
        return await asyncio.gather(*tasks)

    assert asyncio.run(work()) == [None] * 20
    with open_database(url) as again:
        assert len(again.read_sync(journal.entries, run.id)) == 20


@pytest.mark.acceptance
def test_everything_acknowledged_survives_kill_9(tmp_path):
    url = f"sqlite:///{tmp_path / 'planner.db'}"
    with open_database(url) as database:
        migrate.upgrade(database)
    command = [sys.executable, "-c", APPENDER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(400)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    told: dict[str, int] = {}
    for line in lines:
        if line.endswith("\n"):
            run_id, seq = line.split()
            told[run_id] = int(seq)

    with open_database(url) as database:
        migrate.check(database)
        for run_id, last in told.items():
            kept = database.read_sync(journal.entries, run_id)
            assert [seq for seq, _ in kept] == list(range(1, len(kept) + 1))
            assert len(kept) >= last
            assert all(entry.body["n"] == seq for seq, entry in kept)
        assert pragma_ok(database)
    assert process.returncode == -signal.SIGKILL
    assert len(told) == 8


def pragma_ok(database):
    return database.read_sync(lambda tx: tx.exec_driver_sql("PRAGMA integrity_check").scalar_one()) == "ok"


def test_a_hundred_tasks_append_without_waiting_for_a_commit_each(database, make):
    claimed = [make.claimed(database) for _ in range(100)]
    units = {run.id: [make.append(run, seq) for seq in range(1, 21)] for run in claimed}
    before = database.stats.commits

    async def work(run):
        for unit in units[run.id]:
            await database.append(unit)

    async def all_of_them():
        await asyncio.gather(*map(work, claimed))

    began = time.perf_counter()
    asyncio.run(all_of_them())
    seconds = time.perf_counter() - began
    commits = database.stats.commits - before

    rows = 2000
    # Shown with -s; how fast a machine is, is no question of right or wrong.
    sys.stdout.write(f"\n{rows / seconds:,.0f} rows/s, {rows / commits:.0f} rows a commit\n")
    assert database.stats.rows == rows
    assert commits < 1000


def test_an_append_is_counted_with_all_its_rows(database, make):
    run = make.claimed(database)

    database.append_sync(Append(run.id, run.epoch, (make.entry(1), make.entry(2))))

    assert database.stats.rows == 2
    assert database.stats.jobs >= 3


def test_nothing_of_a_lease_is_written_after_what_could_not_be(database, make):
    run, other = make.claimed(database), make.claimed(database)

    async def all_of_them():
        units = [make.append(run, 1), make.append(run, 1), make.append(run, 2), make.append(other, 1)]
        futures = [database.submit(unit) for unit in units]
        return await asyncio.gather(*futures, return_exceptions=True)

    first, taken, after, of_other = asyncio.run(all_of_them())

    assert (first, of_other) == (None, None)
    assert (type(taken), type(after)) == (LeaseLost, StoreUnavailable)
    assert [seq for seq, _ in database.read_sync(journal.entries, run.id)] == [1]


def test_a_new_lease_writes_on_from_before_the_gap(database, make):
    run = make.claimed(database)
    with pytest.raises(LeaseLost):
        database.append_sync(make.append(run, 1)) or database.append_sync(make.append(run, 1))
    (again,) = database.write_sync(
        runs.claim, worker="w2", now=make.later(seconds=31), lease_seconds=30, run_id=run.id
    )

    database.append_sync(make.append(again, 2))

    assert [seq for seq, _ in database.read_sync(journal.entries, run.id)] == [1, 2]
