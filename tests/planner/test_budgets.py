import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from planner import budgets
from planner.budgets import Bound, Metered, Purse, Spent, TenantBudget
from planner.decisions import Answer, Brief, Offered, Question, Usage
from planner.definition import Allowance

QUESTION = Question(point="w/s", question="Which?", options=(Offered(id="a"), Offered(id="b")))


class Decider:
    """Takes note of what it may spend."""

    def __init__(self):
        self.asked = []

    async def choose(self, question):
        self.asked.append(question.allowance)
        return Answer(outcome_class="ok", choice="a")


def metered(*bounds):
    decider = Decider()

    async def found():
        return bounds

    return Metered(decider, found), decider


def test_what_is_left_is_never_less_than_nothing():
    allowance = Allowance(model_calls=3, tokens=10, cost_usd=0.5)

    left = Bound("its", allowance, Spent(1, 99, Decimal("0.2"))).left

    assert left == Allowance(model_calls=2, tokens=0, cost_usd=0.3)
    assert Bound("its", Allowance(), Spent(9, 9, Decimal(9))).left == Allowance()


@pytest.mark.parametrize(
    ("spent", "why"),
    [
        (Spent(2, 9, Decimal("0.49")), None),
        (Spent(model_calls=3), "the run's 3 model calls are used up"),
        (Spent(tokens=11), "the run's 10 tokens are used up"),
        (Spent(cost_usd=Decimal("0.5")), "the run's 0.5 US dollars are used up"),
    ],
)
def test_a_bound_says_what_is_used_up(spent, why):
    assert Bound("the run's", Allowance(model_calls=3, tokens=10, cost_usd=0.5), spent).used_up == why


def test_the_tightest_of_several_allowances_holds_part_by_part():
    several = [Allowance(model_calls=3, cost_usd=1.0), Allowance(model_calls=5, tokens=7), Allowance()]

    assert budgets.least(several) == Allowance(model_calls=3, tokens=7, cost_usd=1.0)


def test_windows_begin_at_whole_multiples_of_their_length():
    now = datetime(2026, 3, 4, 17, 45, tzinfo=UTC)

    assert TenantBudget().window(now) == datetime(2026, 3, 4, tzinfo=UTC)
    assert TenantBudget(per=timedelta(hours=1)).window(now) == datetime(2026, 3, 4, 17, tzinfo=UTC)


def test_a_purse_gives_requests_until_one_part_is_spent():
    calls = Purse(Allowance(model_calls=2), lambda *_: None)
    assert [calls.take(), calls.take(), calls.take()] == [True, True, False]

    money = Purse(Allowance(cost_usd=0.01), lambda tokens_in, _: Decimal(tokens_in) / 1000)
    assert money.take()
    money.pay(Usage(input=10, output=1))
    assert not money.take()
    assert money.why == "what this decision may spend, its 0.01 US dollars are used up"


def test_a_decider_is_told_what_is_left_and_not_asked_once_nothing_is():
    some, asked = metered(Bound("the tenant's", Allowance(model_calls=5), Spent(model_calls=3)))
    none, unasked = metered(Bound("the tenant's", Allowance(tokens=5), Spent(tokens=6)))

    assert asyncio.run(some.choose(QUESTION)).choice == "a"
    assert asked.asked == [Allowance(model_calls=2)]
    refused = asyncio.run(none.choose(QUESTION))
    assert (refused.outcome_class, refused.reason) == ("budget", "the tenant's 5 tokens are used up")
    assert asyncio.run(none.fill(Brief("a goal", {}))).outcome_class == "budget"
    assert unasked.asked == []
