"""Beginning: a run that a request begins, answered as it asks for."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from fastapi import Response

from api import watching
from api.schemas import RunDetail
from api.security import Caller
from graphs.intake import Begun
from graphs.wiring import Opened
from planner.errors import KeyReused


class Once(Protocol):
    """Something that a request makes once."""

    @property
    def created(self) -> bool:
        """Whether this request made it; otherwise an earlier one did."""
        ...


M = TypeVar("M", bound=Once)


async def begun(
    begin: Callable[[str | None], Awaitable[Begun]],
    parts: Opened,
    caller: Caller,
    *,
    key: str | None,
    wait: float | None,
    response: Response,
) -> RunDetail:
    """Return the run that `begin` begins, or had begun under the same key before.

    Raises:
        KeyReused: the key came with another request.
    """
    made = await once(begin, parts, caller, key=key, response=response)
    run = await watched(parts, made.run.id, wait, response)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    if run.decision_ids:
        response.headers["X-Decision-Id"] = run.decision_ids[0]
    return run


async def once(
    make: Callable[[str | None], Awaitable[M]],
    parts: Opened,
    caller: Caller,
    *,
    key: str | None,
    response: Response,
) -> M:
    """Return what `make` makes, or had made under the same key before, and say which.

    Raises:
        KeyReused: the key came with another request.
    """
    # Two callers may think of the same key; with keys of the API each has its own.
    own = f"{caller.name}:{key}" if key is not None and parts.settings.has_keys else key
    try:
        made = await make(own)
    except KeyReused as exc:
        raise KeyReused(key or "") from exc
    if not made.created:
        response.status_code, response.headers["Idempotent-Replay"] = 200, "true"
    return made


async def watched(parts: Opened, run_id: str, wait: float | None, response: Response) -> RunDetail:
    """Return a run as it stands; with a wait, once it has stopped or that time is over."""
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait:g}"
        return await watching.until_stopped(parts, run_id, wait)
    return await watching.detail(parts.parts.database, run_id)
