"""Runs: beginning, watching and cancelling them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sse_starlette import EventSourceResponse

from api import beginning, bodies, events, negotiation, ownership, watching
from api.dependencies import (
    Asked,
    Cursor,
    LastEventId,
    Limit,
    Parts,
    PreferWait,
    Store,
    TenantFilter,
)
from api.schemas import EntryView, Explanation, Listed, Paged, RunDetail, RunSummary
from graphs import intake
from graphs.intake import Begun, RunRequest
from planner import effects, narration, story
from planner.decisions import Decision
from planner.effects import Effect
from planner.errors import VersionClosed
from planner.runs import RunStatus
from planner.store import cursors, journal, runs, stories
from planner.store.cursors import Page
from planner.story import Chapter

router = APIRouter(prefix="/runs", tags=["runs"])

_EXAMPLES = {
    "by name": {"workflow": "late-order", "input": {"order_id": "o-1001"}},
    "by goal": {"goal": "Customer of order o-1001 complains that it is late: settle it"},
}
_FORMS = {"application/json": "json", "text/markdown": "markdown", "text/plain": "text"}
_JOURNAL = "journal"


@router.post("", status_code=201, openapi_extra=bodies.documented(RunRequest, _EXAMPLES))
async def begin_run(request: Request, asked: Asked, response: Response) -> RunDetail:
    """Begin a run of a workflow, or of the one that the goal leads to."""
    wanted, parts, caller = await bodies.read(request, RunRequest), asked.parts, asked.caller
    whose = wanted.model_copy(update={"tenant": ownership.tenant(caller, wanted.tenant)})

    async def begin(own: str | None) -> Begun:
        try:
            return await intake.begin(whose, parts.parts, parts.dispatcher, started_by=caller.name, key=own)
        except VersionClosed as exc:
            # Of another tenant's plan not even that it is closed is told.
            await parts.parts.database.read(ownership.check, caller, {"name": exc.name})
            raise

    return await beginning.begun(begin, parts, caller, key=asked.key, wait=asked.wait, response=response)


@router.get("")
async def list_runs(  # noqa: PLR0917 - what the framework hands over
    store: Store,
    tenant: TenantFilter,
    status: RunStatus | None = None,
    workflow: str | None = None,
    started_by: str | None = None,
    cursor: Cursor = None,
    limit: Limit = cursors.LIMIT,
) -> Paged[RunSummary]:
    """List runs, newest first."""
    page = await store.read(
        runs.page,
        status=status,
        workflow=workflow,
        tenant=tenant,
        started_by=started_by,
        cursor=cursor,
        limit=limit,
    )
    return Paged(items=tuple(map(RunSummary.of, page.items)), next_cursor=page.next_cursor)


@router.get("/{run_id}")
async def get_run(run_id: str, parts: Parts, wait: PreferWait, response: Response) -> RunDetail:
    """Return a run as it stands; with `Prefer: wait=N` once it has stopped."""
    return await beginning.watched(parts, run_id, wait, response)


@router.get(
    "/{run_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}, 204: {"description": "The run has ended."}},
)
async def stream_events(run_id: str, parts: Parts, after: LastEventId) -> Response:
    """Stream the journal as server-sent events, from behind `Last-Event-ID` to the end of the run."""
    return await events.response(parts, run_id, after)


@router.get("/{run_id}/timeline", responses={200: {"content": {"text/plain": {}}}})
async def get_timeline(
    run_id: str, store: Store, how: Annotated[Literal["json", "text"], Query(alias="format")] = "json"
) -> Any:
    """Tell the story of a run, chapter by chapter."""
    run, entries, decided = await store.read(watching.told, run_id)
    chapters = story.tell(run, entries, decided)
    return PlainTextResponse(story.text(run, chapters)) if how == "text" else _chapters(chapters)


@router.get(
    "/{run_id}/explain",
    response_model=Explanation,
    responses={200: {"content": {"text/plain": {}, "text/markdown": {}}}},
)
async def explain_run(
    run_id: str,
    store: Store,
    how: Annotated[Literal["json", "text", "markdown"] | None, Query(alias="format")] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Any:
    """Tell the story of a run: what was known, offered, excluded, chosen, done and undone, and the cost.

    As JSON, text or Markdown: as `format` says, else as `Accept` does.
    """
    told = narration.narrate(*await store.read(stories.load, run_id))
    form = how or negotiation.preferred(accept, _FORMS, otherwise="json")
    if form == "json":
        return Explanation.of(told)
    if form == "text":
        return PlainTextResponse(narration.text(told))
    return PlainTextResponse(narration.markdown(told), media_type="text/markdown")


@router.get("/{run_id}/effects")
async def list_effects(run_id: str, store: Store) -> Listed[Effect]:
    """List what a run did to the outside world, as the world saw it."""
    found = await store.read(watching.told, run_id)
    return Listed(items=tuple(effects.effects(found.entries)))


@router.get("/{run_id}/decisions")
async def list_run_decisions(run_id: str, store: Store) -> Listed[Decision]:
    """List the decisions of a run in the order in which they were made."""
    found = await store.read(watching.told, run_id)
    return Listed(items=tuple(found.decisions))


@router.get("/{run_id}/journal")
async def list_entries(
    run_id: str, store: Store, cursor: Cursor = None, limit: Limit = cursors.LIMIT
) -> Paged[EntryView]:
    """List the entries of a run's journal in order."""
    after = 0 if cursor is None else cursors.read(_JOURNAL, cursor, int)[0]
    page = await store.read(_entries, run_id, after, limit)
    return Paged(items=tuple(map(EntryView.of, page.items)), next_cursor=page.next_cursor)


@router.post("/{run_id}/cancel", status_code=202)
async def cancel_run(run_id: str, parts: Parts) -> RunDetail:
    """Ask a run to stop at its next safe point, and to take back what it did where the workflow says so."""
    await parts.parts.database.write(runs.request_cancel, run_id, parts.parts.clock.now())
    parts.dispatcher.cancel(run_id)
    await parts.dispatcher.take(run_id)
    return await watching.detail(parts.parts.database, run_id)


def _entries(tx: Any, run_id: str, after: int, limit: int) -> Page[Any]:
    runs.get(tx, run_id)
    found = journal.entries(tx, run_id, after, limit + 1)
    more = cursors.write(_JOURNAL, found[limit - 1].seq) if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def _chapters(chapters: list[Chapter]) -> Listed[Chapter]:
    return Listed(items=tuple(chapters))
