"""Arrivals: an event is kept, offered to the steps that wait for it, and begins the runs that it should."""

import logging
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from graphs import intake
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest
from graphs.parts import Parts
from graphs.rounds import Rounds
from planner.definition import Start, Workflow
from planner.errors import InputInvalid, NotPermitted, QueueFull
from planner.events import Event, KeptEvent
from planner.store import events
from tools import expressions, schemas
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import Template

log = logging.getLogger(__name__)

LEFT_SECONDS = 5.0
"""How often, and from which age on, events are looked for that a process that died has left."""
PURGE_SECONDS = 3600.0


class Arrived(NamedTuple):
    """What came of an event."""

    kept: KeptEvent
    duplicate: bool = False
    """Whether its source had told it before."""
    offered_to: tuple[str, ...] = ()
    """Runs that wait and may take it."""


class _Begun(NamedTuple):
    run_ids: tuple[str, ...]
    problems: tuple[str, ...]


async def arrive(
    event: Event, parts: Parts, dispatcher: Dispatcher | None, *, tenant: str, received_by: str
) -> Arrived:
    """Keep the event, tell the runs that it concerns, and begin those that it should.

    Once it is kept it is not lost: what this process does not come to is done by another.

    Raises:
        StoreUnavailable: it could not be kept.
    """
    kept = KeptEvent(
        id=parts.new_id(),
        tenant=tenant,
        event=event,
        received_at=parts.clock.now(),
        received_by=received_by,
    )
    found = await parts.database.write(events.keep, kept)
    if found.id != kept.id:
        return Arrived(found, duplicate=True)
    return await route(kept, parts, dispatcher)


async def route(kept: KeptEvent, parts: Parts, dispatcher: Dispatcher | None) -> Arrived:
    """Tell the runs that an event concerns, and begin those that it should; doing so twice changes nothing.

    Raises:
        StoreUnavailable: the database cannot be used; it is tried again later.
    """
    # In a transaction of its own: a step that begins to wait meanwhile sees the event, or is seen here.
    told = await parts.database.write(events.offer, kept, parts.clock.now())
    try:
        begun = await _begin(kept, parts, dispatcher)
    except QueueFull as exc:
        log.warning("an event begins its runs later", extra={"event_id": kept.id, "error": str(exc)})
        return Arrived(kept, offered_to=tuple(told))
    problems = (*_unannounced(kept.event, parts.catalog), *begun.problems)
    await parts.database.write(events.routed, kept.id, begun.run_ids, problems)
    if dispatcher is not None:
        for run_id in told:
            await dispatcher.take(run_id)
    done = {"routed": True, "began": begun.run_ids, "problems": problems}
    return Arrived(kept.model_copy(update=done), offered_to=tuple(told))


def _unannounced(event: Event, catalog: Catalog) -> tuple[str, ...]:
    """Return in which respects an event's data is not what the catalogue announces of its type.

    It is received all the same: a document can be wrong, and what happened has happened.
    """
    announced = catalog.announcements.get(event.type)
    if announced is None or announced.data is None:
        return ()
    found = schemas.problems(announced.data, event.data, path="/data")
    return tuple(f"not as announced: {problem}" for problem in found)


async def _begin(kept: KeptEvent, parts: Parts, dispatcher: Dispatcher | None) -> _Begun:
    """Begin a run of every workflow that says so.

    Raises:
        QueueFull: too many runs wait; those that were begun are not begun again.
    """
    begun: list[str] = []
    problems: list[str] = []
    for workflow in await parts.database.read(events.beginning, kept.event.type):
        try:
            start = _start(workflow, kept.event)
            if start is None:
                continue
            begun.append(await _begin_one(workflow, start, kept, parts, dispatcher))
        except (ExpressionError, InputInvalid, NotPermitted) as exc:
            problems.append(f"{workflow.workflow} {workflow.version}: {exc}")
    return _Begun(tuple(begun), tuple(problems))


def _start(workflow: Workflow, event: Event) -> Start | None:
    """Return what of the workflow's `on` the event fulfils first.

    Raises:
        ExpressionError: a condition has no value for it.
    """
    values = {"event": event.told()}
    for start in workflow.on:
        if start.event != event.type:
            continue
        if start.when is None or expressions.condition(start.when).evaluate(values) is True:
            return start
    return None


async def _begin_one(
    workflow: Workflow, start: Start, kept: KeptEvent, parts: Parts, dispatcher: Dispatcher | None
) -> str:
    given: dict[str, Any] = Template(start.input).render({"event": kept.event.told()})
    request = RunRequest(
        workflow=workflow.workflow, version=workflow.version, input=given, tenant=kept.tenant
    )
    whose = f"event:{kept.id}"
    begun = await intake.begin(
        request, parts, dispatcher, started_by=whose, key=f"{whose}:{workflow.workflow}"
    )
    return begun.run.id


class Arrivals:
    """Looks after events of one process while it serves: what was left is routed, what is old is deleted."""

    def __init__(
        self,
        parts: Parts,
        dispatcher: Dispatcher,
        *,
        kept_days: int,
        left_seconds: float = LEFT_SECONDS,
    ) -> None:
        """Make it.

        Args:
            parts: what it works with.
            dispatcher: what moves the runs.
            kept_days: how long events are kept.
            left_seconds: from which age on an event that is not routed counts as left.
        """
        self._parts, self._dispatcher = parts, dispatcher
        self._kept_days, self._left_seconds = kept_days, left_seconds
        self._rounds = Rounds("events")

    async def start(self) -> None:
        """Begin to look."""
        self._rounds.every(self._left_seconds, self._route_left)
        self._rounds.every(PURGE_SECONDS, self._purge)

    async def stop(self) -> None:
        """End."""
        await self._rounds.stop()

    async def _route_left(self) -> None:
        before = self._parts.clock.now() - timedelta(seconds=self._left_seconds)
        past: events.Place | None = None
        while found := await self._parts.database.read(events.unrouted, before, past):
            for past in found:
                # By itself, so that one that fails holds up none behind it.
                await self._rounds.tried(partial(self._route_one, past.id))

    async def _route_one(self, event_id: str) -> None:
        kept = await self._parts.database.read(events.unsealed, event_id)
        await route(kept, self._parts, self._dispatcher)

    async def _purge(self) -> None:
        before = self._parts.clock.now() - timedelta(days=self._kept_days)
        await self._parts.database.write(events.purge, before)
