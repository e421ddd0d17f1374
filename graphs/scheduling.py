"""Scheduling: begins the runs whose moment has come, each once, whichever process comes to it first."""

import asyncio
import contextlib
import itertools
import logging
from datetime import datetime, timedelta
from typing import Any

from graphs import intake
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest
from graphs.parts import Parts
from planner import schedules as plans
from planner.errors import (
    InputInvalid,
    NotPermitted,
    PlannerError,
    QueueFull,
    RunEnded,
    RunUnknown,
    VersionClosed,
    WorkflowUnknown,
)
from planner.runs import Run
from planner.schedules import Schedule, Timing
from planner.store import runs, schedules, versions
from tools import schemas

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""Longest time after which a schedule that another process made is noticed."""
ON_TIME = timedelta(seconds=2 * LOOK_SECONDS)
"""A moment that is no older was not missed, whatever the plan's `catch_up`: processes look this seldom."""
MOST_COUNTED = 1000
"""Moments that were missed are counted no further."""
SOON_SECONDS = 1.0
"""How long is waited where the queue was full."""


def add(tx: Any, schedule: Schedule) -> Schedule:
    """Keep a new schedule, once what it would begin can be begun.

    Raises:
        WorkflowUnknown: no such workflow is registered.
        VersionClosed: the version wanted, or every one of the workflow, takes no new runs.
        InputInvalid: the input does not fit.
        NameTaken: the tenant has a schedule of this name.
    """
    check(tx, schedule.plan)
    return schedules.add(tx, schedule)


def replace(tx: Any, schedule_id: str, plan: Timing, now: datetime) -> Schedule:
    """Give a schedule another plan, once what it would begin can be begun.

    Raises:
        ScheduleUnknown: none has this id.
        WorkflowUnknown: no such workflow is registered.
        VersionClosed: the version wanted, or every one of the workflow, takes no new runs.
        InputInvalid: the input does not fit.
    """
    check(tx, plan)
    return schedules.replace(tx, schedule_id, plan, now)


def check(tx: Any, plan: Timing) -> None:
    """Return when what a plan would begin can be begun.

    Raises:
        WorkflowUnknown: no such workflow is registered.
        VersionClosed: the version wanted, or every one of the workflow, takes no new runs.
        InputInvalid: the input does not fit.
    """
    workflow = versions.current(tx, plan.workflow, plan.version)
    problems = schemas.problems(workflow.input, plan.input, path="/input")
    if problems:
        raise InputInvalid(plan.workflow, problems)


def drafted(plan: Timing, *, name: str, tenant: str, schedule_id: str, by: str, now: datetime) -> Schedule:
    """Return a new schedule with its first moment, not yet kept."""
    return Schedule(
        id=schedule_id,
        name=name,
        tenant=tenant,
        plan=plan,
        created_at=now,
        created_by=by,
        next_at=plans.after(plan, now, anchor=now),
    )


class _PassedBefore(Exception):
    """The schedule stands no longer at the moment: another process came to it, or the plan changed."""


class Scheduler:
    """Begins scheduled runs while a process serves; any number of processes may do so side by side."""

    def __init__(self, parts: Parts, dispatcher: Dispatcher | None) -> None:
        self._parts, self._dispatcher = parts, dispatcher
        self._poked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look at the clock."""
        self._task = asyncio.create_task(self._loop())

    async def stop(self) -> None:
        """End; a moment that is under way is come to by another process, or after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def poke(self) -> None:
        """Look at once, since a schedule was made or changed."""
        self._poked.set()

    async def begin_due(self) -> None:
        """Begin the runs whose moment has come.

        Raises:
            QueueFull: too many runs of a tenant wait; its begin later, and those of others have begun.
            StoreUnavailable: the database cannot be used.
        """
        database, now = self._parts.database, self._parts.clock.now()
        full: dict[str, QueueFull] = {}
        while found := await database.read(schedules.due, now, without=tuple(full)):
            for schedule in found:
                if schedule.tenant in full:
                    continue
                try:
                    await self._come_to(schedule, now)
                except QueueFull as exc:
                    full[schedule.tenant] = exc
        for first in full.values():
            raise first

    async def _come_to(self, schedule: Schedule, now: datetime) -> None:
        """Begin the run of a schedule's next moment, or say why none is, and move on to the following one."""
        moment, plan, write = schedule.next_at, schedule.plan, self._parts.database.write
        if moment is None:
            return
        place = schedule.id, moment
        following = plans.after(plan, moment, anchor=schedule.created_at)
        latest = max(plan.catch_up, ON_TIME)
        if now - moment > latest:
            following, skipped = _caught_up(schedule, moment, now - latest)
            await write(schedules.passed, *place, following, skipped=skipped)
        elif await self._overlaps(schedule):
            problem = f"run {schedule.last_run_id} had not ended"
            await write(schedules.passed, *place, following, skipped=1, problem=problem)
        else:
            await self._begin(schedule, moment, following)

    async def _begin(self, schedule: Schedule, moment: datetime, following: datetime | None) -> None:
        plan = schedule.plan
        request = RunRequest(
            workflow=plan.workflow, version=plan.version, input=plan.input, tenant=schedule.tenant
        )

        def move_on(tx: Any, run: Run) -> None:
            # In the run's own transaction, so that the moment is passed if and only if its run begins.
            if not schedules.passed(tx, schedule.id, moment, following, run_id=run.id):
                raise _PassedBefore

        whose = f"schedule:{schedule.id}"
        try:
            await intake.begin(request, self._parts, self._dispatcher, started_by=whose, also=move_on)
        except _PassedBefore:
            return
        except (InputInvalid, NotPermitted, VersionClosed, WorkflowUnknown) as exc:
            log.warning("a schedule began no run", extra={"schedule": schedule.name, "error": str(exc)})
            await self._parts.database.write(
                schedules.passed, schedule.id, moment, following, problem=str(exc)
            )

    async def _overlaps(self, schedule: Schedule) -> bool:
        """Tell whether none may begin as the one before goes on; ask that to stop where the plan says so."""
        plan, last = schedule.plan, schedule.last_run_id
        if last is None or plan.overlap == "allow":
            return False
        try:
            if plan.overlap == "skip":
                return not (await self._parts.database.read(runs.get, last)).ended
            await self._parts.database.write(runs.request_cancel, last, self._parts.clock.now())
        except (RunUnknown, RunEnded):
            return False
        if self._dispatcher is not None:
            self._dispatcher.cancel(last)
            await self._dispatcher.take(last)
        return False

    async def _loop(self) -> None:
        while True:
            pause = await self._looked()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._poked.wait()
            self._poked.clear()

    async def _looked(self) -> float:
        """Begin what is due, and return for how many seconds nothing is."""
        try:
            await self.begin_due()
            upcoming = await self._parts.database.read(schedules.next_moment)
        except QueueFull:
            return SOON_SECONDS
        except PlannerError as exc:
            log.warning("schedules could not be looked at", extra={"error": str(exc)})
            return SOON_SECONDS
        except Exception:
            log.exception("beginning scheduled runs failed; it is tried again")
            return SOON_SECONDS
        if upcoming is None:
            return LOOK_SECONDS
        left = (upcoming - self._parts.clock.now()).total_seconds()
        return min(max(left, 0.0), LOOK_SECONDS)


def _caught_up(schedule: Schedule, moment: datetime, oldest: datetime) -> tuple[datetime | None, int]:
    """Return the first moment that is not too old, and how many before it were left out, as counted."""
    plan, anchor = schedule.plan, schedule.created_at
    missed = itertools.takewhile(lambda each: each < oldest, plans.upcoming(plan, moment, anchor=anchor))
    skipped = 1 + sum(1 for _ in itertools.islice(missed, MOST_COUNTED))
    return plans.after(plan, oldest - timedelta(microseconds=1), anchor=anchor), skipped
