"""Budgets: what may be spent on models, by a decision, a run or a tenant, and what is left of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from pydantic import AwareDatetime, Field

from planner.decisions import FILLING_SECONDS, Answer, Brief, Decider, Decision, Filled, Question
from planner.decisions import Usage as Tokens
from planner.definition import Allowance
from tools.records import Record

_START = datetime(1970, 1, 1, tzinfo=UTC)


class Spent(NamedTuple):
    """What was spent on models."""

    model_calls: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    """By the configured prices; nothing where none are configured."""

    @classmethod
    def told(cls, body: Mapping[str, Any]) -> "Spent":
        """Return what the journal tells of one decision."""
        return cls(
            int(body.get("model_calls", 0)), int(body.get("tokens", 0)), Decimal(body.get("cost_usd", 0))
        )

    def plus(self, other: "Spent") -> "Spent":
        """Return both together."""
        return Spent(
            self.model_calls + other.model_calls, self.tokens + other.tokens, self.cost_usd + other.cost_usd
        )


class TenantBudget(Allowance):
    """What a tenant may spend in each window of time."""

    most_queued: Annotated[int, Field(ge=1)] | None = None
    """Runs of it that may wait to be taken up; further ones are refused."""
    per: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(days=1)
    """Length of the windows; they begin at whole multiples of it since 1970, in UTC."""

    def window(self, now: datetime) -> datetime:
        """Return when the window of this moment began."""
        return _START + (now - _START) // self.per * self.per


class Usage(Record):
    """What a tenant spent on models in one window."""

    tenant: str
    since: AwareDatetime
    """When the window began."""
    until: AwareDatetime
    """When the next one begins."""
    model_calls: int
    tokens: int
    cost_usd: Decimal
    """By the configured prices; nothing where none are configured."""
    budget: TenantBudget
    """What it may spend in each window; parts that are null have no bound."""


class Bound(NamedTuple):
    """An allowance, what was spent of it, and whose it is."""

    whose: str
    """As a sentence begins, such as `the run's`."""
    allowance: Allowance
    spent: Spent = Spent()

    @property
    def left(self) -> Allowance:
        """What is left of it, never less than nothing."""
        left = {
            name: None if limit is None else max(Decimal(0), limit - getattr(self.spent, name))
            for name, limit in _limits(self.allowance).items()
        }
        return Allowance.model_validate(left)

    @property
    def used_up(self) -> str | None:
        """Why nothing more may be asked, in one sentence; None while something may."""
        for name, limit in _limits(self.allowance).items():
            if limit is not None and getattr(self.spent, name) >= limit:
                return f"{self.whose} {limit} {_WORDS[name]} are used up"
        return None


_WORDS = {"model_calls": "model calls", "tokens": "tokens", "cost_usd": "US dollars"}


def _limits(allowance: Allowance) -> dict[str, Decimal | None]:
    told = {name: getattr(allowance, name) for name in _WORDS}
    return {name: None if limit is None else Decimal(str(limit)) for name, limit in told.items()}


def least(allowances: Iterable[Allowance]) -> Allowance:
    """Return the tightest of several allowances, part by part."""
    listed = [_limits(each) for each in allowances]
    told = {
        name: min((limit for each in listed if (limit := each[name]) is not None), default=None)
        for name in _WORDS
    }
    return Allowance.model_validate(told)


def used_up(bounds: Iterable[Bound]) -> str | None:
    """Return why nothing more may be asked by any of the bounds, or None while something may."""
    return next((why for bound in bounds if (why := bound.used_up) is not None), None)


def of_decision(decision: Decision) -> Spent:
    """Return what a decision cost, and reading values out of its goal."""
    parts: list[Decision | Filled] = [decision]
    if decision.filled is not None:
        parts.append(decision.filled)
    total = Spent()
    for part in parts:
        usage = part.usage
        total = total.plus(Spent(len(part.attempts), usage.total, usage.cost_usd or Decimal(0)))
    return total


class Purse:
    """What one decision may still spend, while it is asked."""

    def __init__(self, allowance: Allowance, price: Callable[[int, int], Decimal | None]) -> None:
        self._allowance, self._price = allowance, price
        self._spent = Spent()

    @property
    def why(self) -> str | None:
        """Why no further request may be sent, in one sentence; None while one may."""
        return Bound("what this decision may spend, its", self._allowance, self._spent).used_up

    def take(self) -> bool:
        """Take one request, and tell whether there was one left and anything to pay it with."""
        if self.why is not None:
            return False
        self._spent = self._spent.plus(Spent(model_calls=1))
        return True

    def pay(self, usage: Tokens) -> None:
        """Count what a request cost."""
        cost = self._price(usage.input, usage.output) or Decimal(0)
        self._spent = self._spent.plus(Spent(tokens=usage.total, cost_usd=cost))


Bounds = Callable[[], Awaitable[Sequence[Bound]]]
"""Returns what holds at this moment."""


class Metered:
    """A decider that is asked only while bounds allow it, and told what is left of them."""

    def __init__(self, decider: Decider, bounds: Bounds) -> None:
        self._decider, self._bounds = decider, bounds

    async def choose(self, question: Question) -> Answer:
        """Return what came of asking, or that the budget does not allow to ask."""
        bounds = await self._bounds()
        why = used_up(bounds)
        if why is not None:
            return Answer(outcome_class="budget", reason=why)
        allowance = least([question.allowance, *(bound.left for bound in bounds)])
        return await self._decider.choose(question.model_copy(update={"allowance": allowance}))

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return what came of asking for values, or that the budget does not allow to ask."""
        if used_up(await self._bounds()) is not None:
            return Filled(outcome_class="budget")
        return await self._decider.fill(brief, deadline_seconds=deadline_seconds)
