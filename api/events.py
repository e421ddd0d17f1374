"""Events: a run's journal as server-sent events, entry by entry, from any place to its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import anyio
from fastapi import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.schemas import EntryView, RunSummary
from api.watching import LOOK_SECONDS
from graphs.wiring import Opened
from planner.journal import Numbered
from planner.runs import Run
from planner.store import journal, runs

HEARTBEAT_SECONDS = 15
AT_ONCE = 200
"""Entries read in one go."""
END = "end"
"""Name of the last event; its data is the run as it ended."""


class _News(NamedTuple):
    run: Run
    entries: Sequence[Numbered]


async def response(parts: Opened, run_id: str, after: int) -> Response:
    """Return the stream; 204, which tells a browser not to come back, once all of an ended run was sent.

    Raises:
        RunUnknown: no run has this id.
    """
    news = await parts.parts.database.read(_news, run_id, after)
    if news.run.ended and not news.entries and after > 0:
        return Response(status_code=204)
    closing = anyio.Event()
    return EventSourceResponse(
        _stream(parts, run_id, after, closing),
        ping=HEARTBEAT_SECONDS,
        shutdown_event=closing,
        shutdown_grace_period=2 * LOOK_SECONDS,
    )


async def _stream(
    parts: Opened, run_id: str, after: int, closing: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    """Yield what happens until the run ends, or the server: then the client comes back for the rest."""
    while not closing.is_set():
        moved = asyncio.create_task(parts.dispatcher.signals.wait(run_id, LOOK_SECONDS))
        await asyncio.sleep(0)
        try:
            news = await parts.parts.database.read(_news, run_id, after)
            for numbered in news.entries:
                after = numbered.seq
                yield _event(after, numbered.entry.kind, EntryView.of(numbered))
            if news.run.ended and not news.entries:
                yield _event(after, END, RunSummary.of(news.run))
                return
            if not news.entries:
                await moved
        finally:
            moved.cancel()


def _news(tx: Any, run_id: str, after: int) -> _News:
    return _News(runs.get(tx, run_id), journal.entries(tx, run_id, after, AT_ONCE))


def _event(seq: int, name: str, data: EntryView | RunSummary) -> ServerSentEvent:
    return ServerSentEvent(data=data.model_dump_json(), event=name, id=str(seq))
