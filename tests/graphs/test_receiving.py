"""A step that receives parks the run; an event, or the deadline, lets it go on."""

from datetime import timedelta

from graphs.testing import START
from planner.events import Event, KeptEvent

STEPS = """
pay:
  receive: paid
  when: "${event.data.order == input.order}"
  within: P2D
  otherwise: late
note: {set: {amount: "${pay.data.amount}"}, then: end}
late: {set: {amount: 0}}
"""


class Post:
    """Events that arrive in a bench."""

    def __init__(self, bench):
        self.bench, self.events, self.asked = bench, [], []
        make = bench.context

        def context():
            ctx = make()
            ctx.arrived = self.arrived
            return ctx

        bench.context = context

    def bring(self, order, amount=5, *, name="p-1", kind="paid", at=START):
        event = Event(id=name, source="/bank", type=kind, data={"order": order, "amount": amount})
        self.events.append(KeptEvent(id=name, event=event, received_at=at))

    async def arrived(self, wanted):
        self.asked.append(wanted)
        for kept in self.events:
            is_late = wanted.until is not None and kept.received_at > wanted.until
            if kept.event.type == wanted.type and kept.received_at >= wanted.since and not is_late:
                yield kept


def bench_of(world, steps=STEPS, order="o-1"):
    bench = world.bench(steps, given={"order": order}, output="${note.amount}")
    return bench, Post(bench)


def kinds(bench):
    return [numbered.entry.kind for numbered in bench.entries]


def test_the_run_waits_until_the_event_comes_and_goes_on_with_it(world):
    bench, post = bench_of(world)

    waiting = world.run(bench)
    post.bring("o-1", amount=7)
    ended = world.run(bench)

    assert (waiting.status, waiting.wake_at) == ("waiting", START + timedelta(days=2))
    assert (ended.status, ended.output) == ("succeeded", 7)
    assert kinds(bench) == ["started", "awaited", "event", "finished"]


def test_an_event_that_came_before_the_step_is_taken_at_once(world):
    bench, post = bench_of(world)
    post.bring("o-1", amount=7)

    assert world.run(bench).output == 7


def test_an_event_for_which_the_condition_does_not_hold_is_left(world):
    bench, post = bench_of(world)
    post.bring("o-2")
    post.events.append(
        KeptEvent(id="odd", event=Event(id="odd", source="/b", type="paid", data=3), received_at=START)
    )

    assert world.run(bench).status == "waiting"


def test_when_no_event_comes_in_time_the_flow_goes_to_otherwise(world):
    bench, post = bench_of(world, STEPS.replace("late: {set: {amount: 0}}", "late: {fail: never paid}"))
    waiting = world.run(bench)

    bench.clock.advance(waiting.wake_at)
    post.bring("o-1", at=waiting.wake_at + timedelta(seconds=1))
    ended = world.run(bench)

    assert (ended.status, ended.error) == ("undone", "late: never paid")
    assert bench.trail == ["pay", "late"]


def test_without_otherwise_the_step_fails_when_no_event_comes_in_time(world):
    bench, _ = bench_of(world, "pay: {receive: paid, within: PT1H}\nnote: {set: {amount: 1}}")
    bench.clock.advance(world.run(bench).wake_at)

    assert world.run(bench).error == "pay: no event of type paid came in time"


def test_a_run_takes_an_event_once(world):
    steps = "a: {receive: paid}\nnote: {receive: paid}"
    bench = world.bench(steps, given={"order": "o-1"}, output="${note.id}")
    post = Post(bench)
    post.bring("o-1", name="p-1")

    waiting = world.run(bench)
    post.bring("o-1", name="p-2")
    ended = world.run(bench)

    assert (waiting.status, waiting.wake_at, ended.output) == ("waiting", None, "p-2")


def test_two_branches_never_take_the_same_event(world):
    steps = "both: {parallel: {x: {a: {receive: paid}}, y: {b: {receive: paid}}}}"
    bench = world.bench(steps, given={}, output="${[both.x.a.id, both.y.b.id]}")
    post = Post(bench)
    post.bring("o-1", name="p-1")
    post.bring("o-1", name="p-2")

    assert sorted(world.run(bench).output) == ["p-1", "p-2"]


def test_the_step_says_by_what_its_event_can_be_found(world):
    bench, _ = bench_of(world)
    world.run(bench)

    body = next(numbered.entry.body for numbered in bench.entries if numbered.entry.kind == "awaited")
    assert (body["type"], body["side"]) == ("paid", "event.data.order")
    assert len(body["key"]) == 32


def test_early_says_how_long_before_the_run_the_event_may_have_come(world):
    bench, post = bench_of(world, STEPS.replace("within: P2D", "early: PT1H\n  within: P2D"))

    world.run(bench)

    assert post.asked[0].since == START - timedelta(hours=1)


def test_nothing_is_looked_for_again_once_the_event_is_in_the_journal(world):
    bench, post = bench_of(world, STEPS + "  \nask: {decide: What, by: person, options: {a: {}, b: {}}}")
    post.bring("o-1")
    world.run(bench)
    asked = len(post.asked)

    world.run(bench)

    assert len(post.asked) == asked


def test_a_run_that_is_cancelled_while_it_waits_ends(world):
    bench, _ = bench_of(world)
    world.run(bench)
    make = bench.context

    def cancelled():
        ctx = make()
        ctx.cancel_requested = True
        return ctx

    bench.context = cancelled

    assert world.run(bench).status == "cancelled"


def test_a_wait_until_a_moment_ends_then(world):
    bench = world.bench("a: {wait: '2026-02-01T00:00:00Z'}\nb: {set: {n: 1}}")

    assert world.run(bench).wake_at.isoformat() == "2026-02-01T00:00:00+00:00"
