"""Retrying: the one place that repeats a call, and the only door to tenacity."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity

from tools.operations import Retry

T = TypeVar("T")


async def repeat(
    call: Callable[[int], Awaitable[T]],
    *,
    retry: Retry,
    again: Callable[[T], bool],
    sleep: Callable[[float], Awaitable[None]],
    hint: Callable[[T], float | None] | None = None,
    known: Callable[[int], bool] = lambda _n: False,
) -> T:
    """Return the last result of `call(1)`, `call(2)`, …, repeated while `again` says so and attempts remain.

    Pauses double from `retry.initial` up to `retry.max`, and are never shorter than what `hint` reads out of
    a result (a server's Retry-After). What `call` raises is raised at once: only results are repeated.
    No pause comes before a call whose result is `known` already, as it is when a run is replayed.
    """
    count, result = 1, await call(1)
    while retry.attempts > count and again(result):
        if not known(count + 1):
            told = hint(result) if hint else None
            await sleep(max(_backoff(retry, count), told or 0.0))
        count += 1
        result = await call(count)
    return result


def _backoff(retry: Retry, count: int) -> float:
    """Return the pause after so many calls."""
    first, longest = retry.initial.total_seconds(), retry.max.total_seconds()
    jitter = first if retry.jitter else 0
    wait = tenacity.wait_exponential_jitter(multiplier=first, max=longest, jitter=jitter)
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    state.attempt_number = count
    return wait(state)
