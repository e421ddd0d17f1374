"""Live mode: the configured endpoint answers in place of a case's script, until what it may cost is spent."""

import asyncio
import threading
import time
from contextlib import AsyncExitStack
from decimal import Decimal
from types import TracebackType
from typing import NamedTuple, Self

from evals.errors import BudgetSpent, LiveRefused
from planner.clock import SystemClock
from planner.decisions import Answer, Question
from planner.definition import Allowance
from planner.model.adapter import Model
from planner.settings import ModelSettings


class Cap(NamedTuple):
    """What asking may cost in all."""

    tokens: int
    cost_usd: Decimal


class Said(NamedTuple):
    """What the endpoint said, and how long it really took."""

    answer: Answer
    seconds: float


class Endpoint:
    """The real client in a loop of its own, whose time is real while that of a case is virtual."""

    def __init__(self, config: ModelSettings, cap: Cap) -> None:
        """Take in whom to ask and what it may cost.

        Raises:
            LiveRefused: no model is configured, or none whose cost can be reckoned.
        """
        if not config.configured:
            raise LiveRefused(
                "no model is configured; set PLANNER_MODEL__BASE_URL or a key, or leave out --live"
            )
        if config.cost_usd(0, 0) is None:
            raise LiveRefused(
                "the cap in US dollars cannot be kept without prices; set "
                "PLANNER_MODEL__INPUT_USD_PER_MILLION and PLANNER_MODEL__OUTPUT_USD_PER_MILLION"
            )
        self._config, self.cap = config, cap
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="live-model", daemon=True)
        self._stack = AsyncExitStack()
        self._model = Model(config, clock=SystemClock())
        self._turn = threading.Lock()
        self.tokens, self.cost_usd = 0, Decimal(0)
        self._is_uncounted = False

    def __enter__(self) -> Self:
        """Open the connection pool."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._stack.enter_async_context(self._model), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def ended(self) -> str | None:
        """Why nothing more may be asked; None while it may."""
        if self._is_uncounted:
            return "the endpoint counts no tokens, so that the cap cannot be kept"
        is_spent = self.tokens >= self.cap.tokens or self.cost_usd >= self.cap.cost_usd
        return f"the cap was reached: {self.spent}" if is_spent else None

    def ask(self, question: Question) -> Said:
        """Return what came of asking; blocks, one question at a time, so that the cap holds.

        Raises:
            BudgetSpent: the cap is reached, or what was spent cannot be told.
        """
        with self._turn:
            if self.ended is not None:
                raise BudgetSpent(self.ended)
            own, left = question.allowance, self._left(question.allowance)
            bounded = question.model_copy(update={"allowance": left})
            began = time.perf_counter()
            answer = asyncio.run_coroutine_threadsafe(self._model.choose(bounded), self._loop).result()
            self.tokens += answer.usage.total
            self.cost_usd += answer.usage.cost_usd or Decimal(0)
            if answer.outcome_class == "budget" and _is_capped(own, left, len(answer.attempts)):
                raise BudgetSpent(f"too little of the cap is left: {self.spent}")
            self._is_uncounted = answer.outcome_class == "ok" and answer.usage.total == 0
            if self._is_uncounted:
                raise BudgetSpent(str(self.ended))
            return Said(answer, time.perf_counter() - began)

    @property
    def spent(self) -> str:
        """What was spent, in words."""
        return (
            f"{self.tokens} of {self.cap.tokens} tokens and {self.cost_usd.normalize():f} of "
            f"{self.cap.cost_usd.normalize():f} USD are spent"
        )

    def _left(self, own: Allowance) -> Allowance:
        tokens, cost = self.cap.tokens - self.tokens, float(self.cap.cost_usd - self.cost_usd)
        return own.model_copy(
            update={
                "tokens": tokens if own.tokens is None else min(tokens, own.tokens),
                "cost_usd": cost if own.cost_usd is None else min(cost, own.cost_usd),
            }
        )


def _is_capped(own: Allowance, left: Allowance, requests: int) -> bool:
    """Tell whether it was the cap that stopped a decision, and not what it may spend by itself."""
    if own.model_calls is not None and requests >= own.model_calls:
        return False
    return (own.tokens, own.cost_usd) != (left.tokens, left.cost_usd)


class Asking:
    """How the model is asked while one case is played."""

    def __init__(self, *, turn: int = 0, endpoint: Endpoint | None = None) -> None:
        """Take in who answers, and by how many places the options are turned round."""
        self.turn, self.endpoint = turn, endpoint

    def turned(self, question: Question) -> Question:
        """Return the question with its options in this play's order."""
        if not self.turn:
            return question
        return question.model_copy(update={"order_seed": (question.order_seed or 0) + self.turn})
