"""Dependencies: what endpoints are handed."""

import re
from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Query, Request

from api import ownership, security
from api.errors import RequestInvalid
from api.gate import CALLER
from api.requests import MOST_ITEMS
from graphs.wiring import Opened
from planner.store.database import Database
from planner.tenants import TenantName
from tools.problems import Problem

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:;.*)?", re.IGNORECASE)


async def opened(request: Request) -> Opened:
    """Return the open parts of this process."""
    found: Opened = request.app.state.opened
    return found


async def database(request: Request) -> Database:
    """Return the open database."""
    return (await opened(request)).parts.database


async def caller(request: Request) -> security.Caller:
    """Return who calls."""
    found: security.Caller = request.scope[CALLER]
    return found


async def own_only(request: Request) -> None:
    """Return when what the request names exists for the caller.

    Raises:
        RunUnknown: the run is another tenant's, or nobody's.
        DecisionUnknown: likewise.
    """
    calling = await caller(request)
    if calling.tenant is not None:
        named = dict(request.path_params)
        if ownership.DRAWN in request.query_params:
            named[ownership.DRAWN] = request.query_params[ownership.DRAWN]
        await (await database(request)).read(ownership.check, calling, named)


async def every_tenant(request: Request) -> None:
    """Return when the caller is not confined to one tenant.

    Raises:
        Forbidden: it is, and what it asks for concerns all of them.
    """
    ownership.check_every(await caller(request))


async def tenant(
    request: Request,
    tenant: Annotated[TenantName | None, Query(description="Only those of this tenant.")] = None,
) -> str | None:
    """Return the tenant whose items are listed, or None for those of every one.

    Raises:
        Forbidden: it is not the caller's.
    """
    return ownership.tenant(await caller(request), tenant)


_KeyHeader = Annotated[
    str | None,
    Header(description="1 to 255 visible characters; the same key and body begin one run.", max_length=255),
]
_PreferHeader = Annotated[
    list[str] | None, Header(description="`wait=N`: answer when the run has stopped, after N s at most.")
]


async def idempotency_key(idempotency_key: _KeyHeader = None) -> str | None:
    """Return the Idempotency-Key.

    Raises:
        RequestInvalid: it holds characters that cannot be seen.
    """
    return _visible(idempotency_key)


def _visible(key: str | None) -> str | None:
    if key is not None and not _VISIBLE.fullmatch(key):
        message = "The Idempotency-Key is not 1 to 255 visible ASCII characters."
        found = Problem(path="/header/idempotency-key", code="wrong-pattern", message=message)
        raise RequestInvalid([found.model_copy(update={"remedy": "Send a fresh UUID, for instance."})])
    return key


async def prefer_wait(request: Request, prefer: _PreferHeader = None) -> float | None:
    """Return the seconds that the client would wait, no more than are allowed; None where it would not."""
    preferences = ",".join(prefer or ()).split(",")
    wanted = next((found for each in preferences if (found := _WAIT.fullmatch(each))), None)
    most = (await opened(request)).settings.max_wait_seconds
    return None if wanted is None else min(float(wanted[1]), most)


class Asking(NamedTuple):
    """Who wants a run begun, of what, and how the answer should come."""

    parts: Opened
    caller: security.Caller
    key: str | None
    """The Idempotency-Key."""
    wait: float | None
    """Seconds that the client would wait."""


async def asking(
    request: Request, idempotency_key: _KeyHeader = None, prefer: _PreferHeader = None
) -> Asking:
    """Return what else there is to know of a request to begin a run.

    It is one dependency for four things, since each of its own costs as much as reading the body.

    Raises:
        RequestInvalid: the Idempotency-Key holds characters that cannot be seen.
    """
    return Asking(
        await opened(request),
        await caller(request),
        _visible(idempotency_key),
        await prefer_wait(request, prefer),
    )


async def last_event_id(
    last_event_id: Annotated[str | None, Header(description="Number of the last entry received.")] = None,
) -> int:
    """Return the number of the last journal entry that the client has; 0 where it has none.

    Raises:
        RequestInvalid: it is no such number.
    """
    if not last_event_id:
        return 0
    if not (
        last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) <= len("2147483647")
    ):
        message = f"{last_event_id!r:.60} is no number of a journal entry."
        remedy = "Send the `id` of the last event received, or leave it out."
        path = "/header/last-event-id"
        raise RequestInvalid([Problem(path=path, code="wrong-type", message=message, remedy=remedy)])
    return int(last_event_id)


Asked = Annotated[Asking, Depends(asking)]
Parts = Annotated[Opened, Depends(opened)]
Store = Annotated[Database, Depends(database)]
Caller = Annotated[security.Caller, Depends(caller)]
EveryTenant = Depends(every_tenant)
OwnOnly = Depends(own_only)
TenantFilter = Annotated[str | None, Depends(tenant)]
IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
PreferWait = Annotated[float | None, Depends(prefer_wait)]
LastEventId = Annotated[int, Depends(last_event_id)]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items on a page.")]
