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
) -> T:
    """Return the last result of `call(1)`, `call(2)`, …, repeated while `again` says so and attempts remain.

    Pauses double from `retry.initial` up to `retry.max`, and are never shorter than what `hint` reads out of
    a result (a server's Retry-After). What `call` raises is raised at once: only results are repeated.
    """
    first = await call(1)
    if retry.attempts == 1 or not again(first):
        return first
    tried = 0

    async def next_call() -> T:
        nonlocal tried
        tried += 1
        return first if tried == 1 else await call(tried)

    def pause(state: tenacity.RetryCallState) -> float:
        told = hint(_result(state)) if hint else None
        return max(backoff(state), told or 0.0)

    backoff = _backoff(retry)
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(retry.attempts),
        wait=pause,
        # Whether the first is to be repeated was asked above; asking may count.
        retry=tenacity.retry_if_result(lambda result: tried == 1 or again(result)),
        sleep=sleep,
        retry_error_callback=_result,
    )
    result: T = await retrying(next_call)
    return result


def _backoff(retry: Retry) -> Callable[[tenacity.RetryCallState], float]:
    first, longest = retry.initial.total_seconds(), retry.max.total_seconds()
    return tenacity.wait_exponential_jitter(
        multiplier=first, max=longest, jitter=first if retry.jitter else 0
    )


def _result(state: tenacity.RetryCallState) -> Any:
    if state.outcome is None:
        raise RuntimeError("tenacity asked for a result before there was one")
    return state.outcome.result()
