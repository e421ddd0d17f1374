"""Retrying: the one place that repeats a call, and the only door to tenacity."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

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
            return await _go_on(call, result, count, retry=retry, again=again, sleep=sleep, hint=hint)
        count += 1
        result = await call(count)
    return result


async def _go_on(
    call: Callable[[int], Awaitable[T]],
    latest: T,
    count: int,
    *,
    retry: Retry,
    again: Callable[[T], bool],
    sleep: Callable[[float], Awaitable[None]],
    hint: Callable[[T], float | None] | None,
) -> T:
    """Return the last result after so many calls, of which the latest one is to be repeated."""
    tried = 0

    async def next_call() -> T:
        nonlocal tried
        tried += 1
        return latest if tried == 1 else await call(count + tried - 1)

    def pause(state: tenacity.RetryCallState) -> float:
        told = hint(_result(state)) if hint else None
        return max(backoff(state), told or 0.0)

    backoff = _backoff(retry, count)
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(retry.attempts - count + 1),
        wait=pause,
        # Whether the latest is to be repeated was asked before; asking may count.
        retry=tenacity.retry_if_result(lambda result: tried == 1 or again(result)),
        sleep=sleep,
        retry_error_callback=_result,
    )
    result: T = await retrying(next_call)
    return result


def _backoff(retry: Retry, count: int) -> Callable[[tenacity.RetryCallState], float]:
    first, longest = retry.initial.total_seconds(), retry.max.total_seconds()
    return tenacity.wait_exponential_jitter(
        multiplier=first * 2 ** (count - 1), max=longest, jitter=first if retry.jitter else 0
    )


def _result(state: tenacity.RetryCallState) -> Any:
    if state.outcome is None:
        raise RuntimeError("tenacity asked for a result before there was one")
    return state.outcome.result()
