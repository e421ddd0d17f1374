from planner.journal import Append, Entry, Numbered
from planner.log.envelopes import Keeping
from planner.seals import Seals
from planner.snapshots import Snapshot
from planner.store import erasures, journal, migrate, open_database, runs, snapshots

BODY = {"at": "pause", "own": {"a": {"token": "canary-1"}}, "needed": [1]}


def keep(database, make, run, seq, keeping=None, **body):
    unit = Append(run.id, run.epoch, snapshot=Snapshot(seq, BODY | body))

    def write(tx):
        return journal.append(tx, [journal.prepare(unit, make.later(), keeping or Keeping())])

    assert database.write_sync(write) == [None]


def test_a_run_has_its_latest_snapshot(database, make):
    run = database.write_sync(runs.create, make.run())
    assert database.read_sync(snapshots.load, run.id) is None

    keep(database, make, run, 300)
    keep(database, make, run, 700, at="later")

    assert database.read_sync(snapshots.load, run.id) == Snapshot(700, BODY | {"at": "later"})


def test_one_that_spares_little_or_is_long_is_not_kept(database, make):
    run = database.write_sync(runs.create, make.run())

    keep(database, make, run, 100)
    keep(database, make, run, 300, own={"a": "x" * 200_000})

    assert database.read_sync(snapshots.load, run.id) is None


def test_one_of_a_lease_that_was_lost_is_not_kept(database, make):
    run = database.write_sync(runs.create, make.run())
    unit = Append(run.id, run.epoch + 1, snapshot=Snapshot(300, BODY))

    database.write_sync(lambda tx: journal.append(tx, [journal.prepare(unit, make.later())]))

    assert database.read_sync(snapshots.load, run.id) is None


def test_the_journal_behind_a_snapshot_holds_what_is_needed_all_the_same(database, make):
    run = database.write_sync(runs.create, make.run())
    entries = tuple(
        Numbered(seq, Entry(kind="timer", path=f"s{seq}", at=make.later(), body={})) for seq in range(1, 7)
    )
    unit = Append(run.id, run.epoch, entries)
    database.write_sync(lambda tx: journal.append(tx, [journal.prepare(unit, make.later())]))

    found = database.read_sync(journal.unsealed, run.id, Snapshot(4, {"at": "s5", "needed": [1]}))

    assert [each.seq for each in found] == [1, 5, 6]


def test_it_is_sealed_where_there_is_a_key_and_gone_once_the_run_is_erased(url, make):
    keeping = Keeping(seals=Seals([b"k" * 32], lambda count: b"n" * count))
    with open_database(url, keeping=keeping) as database:
        migrate.upgrade(database)
        run = database.write_sync(runs.create, make.run())
        keep(database, make, run, 300, keeping)
        row = database.read_sync(lambda tx: tx.exec_driver_sql("SELECT body, sealed FROM snapshots").one())

        assert row[0] is None
        assert b"canary-1" not in bytes(row[1])
        assert database.read_sync(snapshots.load, run.id).body == BODY

        unit = Append(run.id, run.epoch, change={"status": "failed"})
        database.write_sync(lambda tx: journal.append(tx, [journal.prepare(unit, make.later())]))
        database.write_sync(erasures.erase, run.id, reason="asked", actor="u", now=make.later())
        assert database.read_sync(snapshots.load, run.id) is None


def test_it_can_be_forgotten(database, make):
    run = database.write_sync(runs.create, make.run())
    keep(database, make, run, 300)

    database.write_sync(snapshots.forget, run.id)

    assert database.read_sync(snapshots.load, run.id) is None
