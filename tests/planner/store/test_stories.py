"""A story is told with the decisions that its journal names, also those of the run it was forked from."""

import pytest

from planner import clock
from planner.decisions import Decision, Offered, WorkflowRef
from planner.errors import RunUnknown
from planner.journal import Append, Entry, Numbered
from planner.runs import Run
from planner.store import decisions, journal, runs, stories
from planner.testing import START, temporary_database

REF = WorkflowRef(name="w", version="1.0.0", sha256="0" * 64)


@pytest.fixture
def database():
    with temporary_database() as found:
        yield found


def made(tx, run_id, named, own):
    """Keep a run whose journal names decisions, and those that are its own."""
    runs.create(tx, Run(id=run_id, workflow=REF, created_at=START, updated_at=START))
    entries = tuple(
        Numbered(seq, Entry(kind="decision", path=f"p{seq}", at=START, body={"decision_id": each}))
        for seq, each in enumerate(named, start=1)
    )
    assert journal.append(tx, [journal.prepare(Append(run_id, 0, entries), START)]) == [None]
    for seq, each in enumerate(own, start=1):
        decision = Decision(
            decision_id=each,
            kind="choose",
            run_id=run_id,
            run_seq=seq,
            point="w/p",
            ts=START,
            question="?",
            options=(Offered(id="a"),),
            decided_by="rule",
            choice="a",
        )
        decisions.insert(tx, decision)


def test_a_fork_is_told_with_what_it_took_over(database):
    first, second, third = (clock.new_id() for _ in range(3))
    database.write_sync(made, "old", [first, second], [first, second])
    database.write_sync(made, "fork", [first, third], [third])

    known = database.read_sync(stories.load, "fork")

    assert [each.decision_id for each in known.decisions] == [first, third]


def test_a_decision_that_the_log_lost_is_left_out(database):
    database.write_sync(made, "run", [clock.new_id()], [])

    assert list(database.read_sync(stories.load, "run").decisions) == []


def test_an_unknown_run_has_no_story(database):
    with pytest.raises(RunUnknown):
        database.read_sync(stories.load, "none")
