"""The scribe hands entries in order, together where nobody waits, and loses none."""

import asyncio
from datetime import UTC, datetime

import pytest

from graphs.scribe import Scribe
from planner.decisions import WorkflowRef
from planner.errors import DecisionClosed
from planner.journal import Entry, Numbered
from planner.runs import Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Run(
    id="r", workflow=WorkflowRef(name="w", version="1.0.0", sha256="0" * 64), created_at=NOW, updated_at=NOW
)


class Disk:
    """A sink that writes when it is told to."""

    def __init__(self):
        self.units = []
        self.written = []

    def __call__(self, unit):
        written = asyncio.get_running_loop().create_future()
        self.units.append([numbered.seq for numbered in unit.entries])
        self.written.append(written)
        return written

    async def write(self):
        """Let the oldest unit come to the disk."""
        self.written.pop(0).set_result(None)
        await asyncio.sleep(0)


def entry(seq):
    return Numbered(seq, Entry(kind="outcome", at=NOW, body={}, path=f"s{seq}"))


def test_what_is_noted_while_a_unit_is_on_its_way_follows_it_together():
    async def scenario():
        disk = Disk()
        scribe = Scribe(RUN, disk)
        for seq in (1, 2, 3):
            await scribe.note(entry(seq))
        before = list(disk.units)
        await disk.write()
        return before, disk.units

    before, after = asyncio.run(scenario())

    assert before == [[1]]
    assert after == [[1], [2, 3]]


def test_what_is_waited_for_takes_along_what_was_held_back():
    async def scenario():
        disk = Disk()
        scribe = Scribe(RUN, disk)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        waiting = asyncio.create_task(scribe.write(entry(3)))
        await asyncio.sleep(0)
        await disk.write()
        early = waiting.done()
        await disk.write()
        await waiting
        return early, disk.units

    early, units = asyncio.run(scenario())

    assert not early
    assert units == [[1], [2, 3]]


def test_a_unit_that_may_be_refused_for_its_question_takes_nothing_along():
    async def scenario():
        disk = Disk()
        scribe = Scribe(RUN, disk)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        waiting = asyncio.create_task(scribe.write(entry(3), closed=("q",)))
        await asyncio.sleep(0)
        disk.written.pop().set_exception(DecisionClosed("q", "u-1 answered"))
        with pytest.raises(DecisionClosed):
            await waiting
        return disk.units

    assert asyncio.run(scenario()) == [[1], [2], [3]]


def test_a_run_parks_behind_what_was_held_back():
    async def scenario():
        disk = Disk()
        scribe = Scribe(RUN, disk)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        parked = asyncio.create_task(scribe.park({"status": "waiting"}, None))
        await asyncio.sleep(0)
        while disk.written:
            await disk.write()
        await parked
        return disk.units

    assert asyncio.run(scenario()) == [[1], [2], []]


def test_what_is_durable_includes_what_was_held_back():
    async def scenario():
        disk = Disk()
        scribe = Scribe(RUN, disk)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        durable = asyncio.create_task(scribe.durable())
        await asyncio.sleep(0)
        await disk.write()
        early = durable.done()
        await disk.write()
        await durable
        return early, disk.units

    assert asyncio.run(scenario()) == (False, [[1], [2]])


def test_an_execution_that_is_over_leaves_nothing_behind():
    async def scenario():
        disk = Disk()
        scribe = Scribe(RUN, disk)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        scribe.leave()
        return disk.units

    assert asyncio.run(scenario()) == [[1], [2]]


def test_what_cannot_be_written_is_told_to_whoever_waits_next():
    def refuse(unit):
        if len(unit.entries) > 1 or unit.entries[0].seq > 1:
            raise TypeError("no JSON")
        return asyncio.get_running_loop().create_future()

    async def scenario():
        scribe = Scribe(RUN, refuse)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        scribe.leave()
        with pytest.raises(TypeError, match="no JSON"):
            await scribe.durable()

    asyncio.run(scenario())


def test_a_sink_that_writes_at_once_gets_each_entry_by_itself():
    units = []

    async def memory(unit):
        units.append([numbered.seq for numbered in unit.entries])

    async def scenario():
        scribe = Scribe(RUN, memory)
        for seq in (1, 2):
            await scribe.note(entry(seq))
        await scribe.write(entry(3))

    asyncio.run(scenario())

    assert units == [[1], [2], [3]]
