"""A run that is taken up from a snapshot goes on as one that is replayed from its beginning."""

import asyncio
from decimal import Decimal

import pytest

from graphs import runner, snapshots
from graphs.testing import OK, REFUSED
from planner.budgets import Spent
from planner.snapshots import FEWEST, Snapshot

MANY = """
list: {set: {items: "${input.items}"}}
all: {foreach: "${list.items}", steps: {hold: {call: shop.reserve, with: {id: "${item}"}}}}
ask: {decide: What now, by: person, options: {go: {then: more}, stop: {then: end}}, otherwise: stop}
more: {call: shop.look, max_visits: 9}
pause: {wait: PT1H}
again:
  switch: [{when: "${more.n < 3.0}", then: more}]
  otherwise: sums
sums: {set: {count: "${size(all)}", choice: "${ask.choice}"}}
"""
ITEMS = [f"i-{n}" for n in range(FEWEST + 50)]
LOOKS = [OK._replace(output={"n": float(n)}) for n in (1, 2, 3)]


class Desk:
    """Plays a run that parks again and again, with snapshots or without."""

    def __init__(self, bench, *, with_snapshots):
        self.bench, self.with_snapshots = bench, with_snapshots
        self.taken = None
        self.read = []
        make, sink = bench.context, bench._sink

        async def older():
            self.read.append(True)
            return list(bench.entries)

        def context():
            ctx = make()
            if self.taken is not None and with_snapshots:
                ctx.snapshot, ctx.older = self.taken, older
                behind = [e for e in bench.entries if e.seq > self.taken.seq or e.seq in self.taken.needed]
                ctx.recorded = type(ctx.recorded)(behind)
                ctx.__post_init__()
            return ctx

        async def noted(unit):
            if unit.snapshot is not None:
                self.taken = unit.snapshot
            await sink(unit)

        bench.context, bench._sink = context, noted

    def play(self):
        ended = asyncio.run(self.bench.once())
        for _ in range(20):
            if ended.status != "waiting":
                return ended
            if any(question.status == "open" for question in self.bench.questions.values()):
                self.bench.answer("go")
            else:
                self.bench.clock.advance(ended.wake_at)
            ended = asyncio.run(self.bench.once())
        raise AssertionError("the run never ended")


def told(world, steps=MANY, *, with_snapshots, script=None):
    found = world.bench(
        steps,
        {"shop.look": LOOKS, "shop.reserve": [OK]} | (script or {}),
        given={"items": ITEMS},
        output="${sums}",
    )
    desk = Desk(found, with_snapshots=with_snapshots)
    ended = desk.play()
    entries = [(e.seq, e.entry.kind, e.entry.path, e.entry.visit, e.entry.attempt) for e in found.entries]
    return desk, ended._replace(snapshot=None), entries, found.caller.calls


def test_it_goes_on_alike_with_snapshots_and_without(world):
    desk, ended, entries, calls = told(world, with_snapshots=True)
    _, ended_without, entries_without, calls_without = told(world, with_snapshots=False)

    assert ended.output == {"count": len(ITEMS), "choice": "go"}
    assert (ended, entries, calls) == (ended_without, entries_without, calls_without)
    assert desk.taken is not None
    assert desk.read == []


def test_what_fails_later_is_taken_back_from_the_beginning(world):
    script = {"shop.look": [*LOOKS[:2], REFUSED]}
    desk, ended, entries, calls = told(world, with_snapshots=True, script=script)
    _, ended_without, entries_without, calls_without = told(world, with_snapshots=False, script=script)

    assert ended.status == "undone"
    assert (ended, entries, calls) == (ended_without, entries_without, calls_without)
    assert sum(1 for name, *_ in calls if name == "shop.release") == len(ITEMS)
    assert desk.read == [True]


def test_a_snapshot_spares_what_came_before_the_step_that_the_run_waits_in(world):
    desk, *_ = told(world, with_snapshots=True)

    assert desk.taken.at == "ask"
    assert desk.taken.seq == len(ITEMS) + 1
    assert desk.taken.body["visits"] == {"list": 1, "all": 1, "ask": 0}
    assert desk.taken.needed == [1]


def test_a_short_journal_is_not_worth_one(world):
    bench = world.bench("a: {call: shop.look}\npause: {wait: PT1H}")

    assert world.run(bench).snapshot is None


def test_what_was_spent_and_taken_before_counts_with_what_is_read(world):
    bench = world.bench("a: {call: shop.look}")
    body = {"at": "a", "own": {}, "spent": [2, 30, "0.5"], "taken": ["k-1"], "needed": [1]}
    ctx = bench.context()

    ctx.snapshot, ctx.spent = Snapshot(300, body), Spent(1, 4, Decimal("0.25"))
    ctx.__post_init__()

    assert ctx.spent == Spent(3, 34, Decimal("0.75"))
    assert (ctx.taken, ctx.is_short) == ({"k-1"}, True)


def test_a_step_that_is_not_there_is_told(world):
    bench = world.bench("a: {call: shop.look}")
    frame = _frame(bench.context())
    frame.at = "nowhere"

    with pytest.raises(LookupError, match="nowhere"):
        snapshots.rest(frame)


def _frame(ctx):
    return runner.frame(ctx.program, ctx.run, ctx.clock.now())
