import asyncio
from datetime import timedelta

from tools.access import Breaker, Service
from tools.lines import Line
from tools.operations import FunctionBinding, Operation
from tools.outcomes import Outcome

OPERATION = Operation(name="s.op", service="s", binding=FunctionBinding(target="m:f"))


class Sleeper:
    """Work that lasts, and counts how many of its kind run."""

    running = most = 0
    operation = OPERATION

    def __init__(self, seconds=0.0, outcome=None):
        self._pause, self._outcome = seconds, outcome or Outcome(kind="applied")

    async def make(self, _seconds, leave):
        Sleeper.running += 1
        Sleeper.most = max(Sleeper.most, Sleeper.running)
        try:
            await asyncio.sleep(self._pause)
            return self._outcome
        finally:
            Sleeper.running -= 1
            leave()


def line(**changes):
    return Line(Service(name="s", **changes))


def test_no_more_calls_run_at_once_than_the_service_bears():
    async def main():
        Sleeper.most = 0
        subject = line(max_concurrency=3)
        outcomes = await asyncio.gather(*(subject.make(Sleeper(0.01), 5) for _ in range(12)))
        return {outcome.kind for outcome in outcomes}, Sleeper.most, subject.health(0)

    kinds, most, health = asyncio.run(main())
    assert (kinds, most) == ({"applied"}, 3)
    assert (health.in_flight, health.calls) == (0, 12)


def test_waiting_for_a_slot_counts_against_the_time_and_ends_as_not_sent():
    async def main():
        subject = line(max_concurrency=1)
        first = asyncio.ensure_future(subject.make(Sleeper(0.3), 5))
        await asyncio.sleep(0)
        second = await subject.make(Sleeper(), 0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return second, subject.health(0)

    outcome, health = asyncio.run(main())
    assert (outcome.kind, outcome.code) == ("not_sent", "busy")
    assert "1 calls at a time" in outcome.error
    assert health.failures == 0


def test_a_call_that_waited_does_not_go_out_once_the_breaker_has_opened():
    async def main():
        subject = line(max_concurrency=1, breaker=Breaker(failures=1, open_for=timedelta(seconds=60)))
        broken = subject.make(Sleeper(0.02, Outcome(kind="unknown", code="timeout", error="lost")), 5)
        outcomes = await asyncio.gather(broken, subject.make(Sleeper(), 5))
        return outcomes[1], subject.health(4)

    outcome, health = asyncio.run(main())
    assert (outcome.kind, outcome.code) == ("not_sent", "breaker_open")
    assert (health.state, health.calls, health.failures, health.in_flight) == ("open", 1, 1, 0)
    assert (health.last_error, health.operations) == ("lost", 4)


def test_a_cancelled_call_gives_everything_back():
    async def main():
        subject = line(max_concurrency=1, breaker=Breaker(failures=1, open_for=timedelta(0)))
        await subject.make(Sleeper(outcome=Outcome(kind="unknown")), 5)
        await asyncio.sleep(0.01)
        trial = asyncio.ensure_future(subject.make(Sleeper(5), 10))
        await asyncio.sleep(0.01)
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        return await subject.make(Sleeper(), 5), subject.health(0)

    outcome, health = asyncio.run(main())
    assert outcome.kind == "applied"
    assert (health.state, health.in_flight) == ("closed", 0)
