"""Whoever makes a run ready rings, and a process that takes it up by itself does not."""

from datetime import timedelta

import pytest

from planner.store import bells, runs, versions, workflows
from planner.store.bells import Bell


class Rung:
    """A queue that only counts."""

    def __init__(self):
        self.names = []

    def put(self, tx, name):
        self.names.append(name)


@pytest.fixture
def rung(database):
    """What the database rang for, since the fixture was made."""
    counting = Rung()
    database.bell._queue = counting
    return counting.names


def count(database, rung, fn, *args, **more):
    before = len(rung)
    database.write_sync(fn, *args, **more)
    return len(rung) - before


def test_a_queued_run_is_told_of_unless_it_is_taken_up_here(database, rung, make):
    assert count(database, rung, runs.create, make.run()) == 1
    assert count(database, rung, runs.create, make.run(), hand_over=False) == 0
    assert count(database, rung, runs.create, make.run(status="running")) == 0


def test_a_wake_is_told_of_unless_this_process_takes_its_own(database, rung, make):
    run = database.write_sync(runs.create, make.run(status="waiting"))

    assert count(database, rung, runs.wake, run.id, make.at) == 1
    database.bell.takes_own = True
    assert count(database, rung, runs.wake, run.id, make.at) == 0


def test_a_cancel_is_told_of(database, rung, make):
    run = database.write_sync(runs.create, make.run(status="waiting"))

    assert count(database, rung, runs.request_cancel, run.id, make.at) == 1


def test_a_released_run_is_told_of_whoever_released_it(database, rung, make):
    run = make.claimed(database)
    database.bell.takes_own = True

    assert count(database, rung, runs.release, run.id, run.epoch) == 1


@pytest.mark.parametrize(("seconds", "told"), [(0, 1), (60, 0), (None, 0)])
def test_a_run_that_parks_is_told_of_only_when_it_can_go_on_at_once(database, rung, make, seconds, told):
    run = make.claimed(database)
    wake_at = None if seconds is None else make.at + timedelta(seconds=seconds)
    before = len(rung)

    database.append_sync(make.append(run, change={"status": "waiting", "wake_at": wake_at}))

    assert len(rung) - before == told


def test_a_version_whose_state_changes_is_told_of(database, rung, make):
    made = make.workflow()
    database.write_sync(workflows.register, made, source="", now=make.at)
    change = {"name": made.workflow, "version": made.version, "actor": "u-1", "now": make.at}

    assert count(database, rung, versions.change, state="paused", **change) == 1


def test_a_group_that_broke_rings_for_those_that_were_written(database, rung, make):
    def broken(tx):
        bells.ring(tx)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write_sync(broken)

    assert rung == []
    assert count(database, rung, bells.ring) == 1


def test_a_bell_without_a_queue_is_silent():
    bell = Bell("here", None)
    bell.ring()

    bell.flush(None)

    assert bell.queue is None
