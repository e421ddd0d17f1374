"""Runs of production in a real database: real dispatcher and store, services of a case, virtual time."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from functools import partial

import pytest

from evals import cases, people, stage
from evals.clock import Ids, VirtualClock, VirtualLoop, contained
from evals.model import ScriptedDecider
from evals.overrides import ScriptedOverrides
from evals.people import ScriptedPeople
from evals.services import ScriptedServices
from graphs import arrivals, intake, overriding
from graphs.dispatch import Dispatcher
from graphs.intake import RunRequest
from graphs.overrides import OverrideRequest
from graphs.parts import Parts
from planner.clock import new_id
from planner.events import Event
from planner.log.envelopes import Keeping
from planner.store import catalogs, decisions, migrate, open_database, questions, runs, workflows
from tools.outcomes import Outcome

_LONG = 1e9


class Waited:
    """A database whose writing is waited for in a thread, so that virtual time stands still meanwhile."""

    def __init__(self, database):
        self._database, self._writer = database, ThreadPoolExecutor(1)

    def __getattr__(self, name):
        return getattr(self._database, name)

    async def write(self, fn, *args, **more):
        return await self._done(partial(self._database.write_sync, fn, *args, **more))

    async def append(self, unit):
        await self.submit(unit)

    def submit(self, unit):
        return self._done(partial(self._database.append_sync, unit))

    def _done(self, work):
        return asyncio.get_running_loop().run_in_executor(self._writer, work)


class Timed:
    """A caller whose outcomes tell how much virtual time they took, as production tells the real one."""

    def __init__(self, services, clock):
        self._services, self._clock, self.unavailable = services, clock, services.unavailable

    async def call(self, *args, **more):
        began = self._clock.seconds()
        outcome = await self._services.call(*args, **more)
        return outcome._replace(ms=round((self._clock.seconds() - began) * 1000, 3))


class Production:
    """One database, in which the runs of cases are done as in production."""

    def __init__(self, folder, keeping=None):
        self.folder = folder
        self.url = f"sqlite:///{folder / 'runs.db'}"
        self.database = open_database(self.url, keeping=keeping or Keeping())
        migrate.upgrade(self.database)

    def run(self, job, **outside):
        """Do the run of a case and return its id.

        Args:
            job: the case.
            cancel_after: virtual seconds after which it is cancelled.
            left_in_peace: a service whose breaker other runs have opened.
            killed_after: virtual seconds after which the process is killed, and another takes over.
            stops_after: virtual seconds after which it is left as it stands.
        """
        setting = cases.setting(job.loaded.suite, job.case)
        with contained(), asyncio.Runner(loop_factory=VirtualLoop) as loop:
            return loop.run(self._run(setting, job.loaded.project, **outside))

    async def _run(
        self, setting, project, *, cancel_after=None, killed_after=None, stops_after=None, left_in_peace=None
    ):
        scripts, clock = stage.Scripts(setting), VirtualClock(setting.clock, seed=setting.seed)
        decider = ScriptedDecider(scripts.model, clock=clock, most_calls=100)
        services = ScriptedServices(project.catalog, scripts.services, clock=clock, most_calls=200)
        self._prepare(project, clock)
        if left_in_peace is not None:
            _open(services._services._lines[left_in_peace].circuit)
        async with decider, services:
            parts = Parts(
                database=Waited(self.database),
                catalog=project.catalog,
                caller=Timed(services, clock),
                decider=decider,
                clock=clock,
                new_id=Ids(setting.seed + hash(setting.case.id) % 10_000, clock).new,
                worker="one",
                lease_seconds=_LONG,
                look_seconds=_LONG,
            )
            async with _dispatching(parts) as dispatcher:
                request = RunRequest(
                    workflow=setting.workflow, goal=setting.case.goal, input=setting.case.input
                )
                begun = await intake.begin(request, parts, dispatcher, started_by="test")
                outside = _Outside(begun.run.id, parts, dispatcher, scripts, setting)
                if cancel_after is not None:
                    outside.cancel_at(setting.clock + timedelta(seconds=cancel_after))
                if stops_after is not None:
                    await clock.sleep(stops_after)
                elif killed_after is None:
                    await outside.until_the_end()
                else:
                    await outside.killed(setting.clock + timedelta(seconds=killed_after))
            if killed_after is not None:
                parts.worker = "two"
                async with _dispatching(parts) as dispatcher:
                    await outside.taken_over(dispatcher)
        return begun.run.id

    def _prepare(self, project, clock):
        self.database.write_sync(catalogs.keep, project.catalog, clock.now())
        for workflow in project.workflows.values():
            self.database.write_sync(workflows.register, workflow, source="", now=clock.now())

    def get(self, run_id):
        return self.database.read_sync(runs.get, run_id)

    def dump(self):
        """Return all that the database holds."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as db:
            return list(db.iterdump())

    def decisions(self, run_id):
        return self.database.read_sync(decisions.of_run, run_id)

    def tamper(self):
        """Change a record of the log as whoever holds the file can."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as db, db:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                db.execute(f'DROP TRIGGER "{name}"')
            db.execute("UPDATE log SET body = CAST(replace(CAST(body AS TEXT), 'refund', 'reship') AS BLOB)")


def _open(circuit):
    for _ in range(5):
        circuit.settle(circuit.admit(), Outcome(kind="not_sent", code="connect"))


class _Outside:
    """What happens around a run: persons answer, events arrive, somebody cancels it."""

    def __init__(self, run_id, parts, dispatcher, scripts, setting):
        self.run_id, self.parts, self.dispatcher = run_id, parts, dispatcher
        self.people = ScriptedPeople(scripts.people)
        self.overrides = ScriptedOverrides(scripts.overrides)
        self.answered = set()
        self.due = []
        for told in setting.case.events:
            self.due.append((setting.clock + told.after, partial(self._arrive, told)))

    def cancel_at(self, moment):
        self.due.append((moment, self._cancel))

    async def until_the_end(self):
        clock = self.parts.clock
        for _ in range(10_000):
            await self._happen()
            if self.dispatcher.is_moving(self.run_id):
                await self.dispatcher.signals.wait(self.run_id, 0.05, until_stopped=True)
                continue
            run = await self.parts.database.read(runs.get, self.run_id)
            if run.ended:
                return
            asked = await self.parts.database.read(questions.unsealed, self.run_id)
            self.people.hear(asked)
            made = await self.parts.database.read(decisions.of_run, self.run_id)
            self.overrides.hear(each.model_dump(mode="json") for each in made)
            planned, instead = self.people.next(asked), self.overrides.next()
            moments = [
                moment
                for moment in (
                    run.wake_at,
                    planned and planned.at,
                    instead and instead.at,
                    *(at for at, _ in self.due),
                )
                if moment
            ]
            if not moments:
                return
            await clock.until(min(moments))
            if planned is not None and planned.at <= clock.now():
                given = people.answered(asked[planned.decision_id], planned).answer
                await self.parts.database.write(questions.answer, planned.decision_id, given)
            elif instead is not None and instead.at <= clock.now():
                await self._override(instead)
            await self.dispatcher.take(self.run_id)

    async def killed(self, moment):
        """End the process at a moment without a word."""
        await self.parts.clock.until(moment)
        self.dispatcher._leases.held[self.run_id].task.cancel()

    async def taken_over(self, dispatcher):
        self.dispatcher = dispatcher
        await dispatcher.take(self.run_id)
        await self.until_the_end()

    async def _happen(self):
        now = self.parts.clock.now()
        for each in [each for each in self.due if each[0] <= now]:
            self.due.remove(each)
            await each[1]()

    async def _cancel(self):
        await self.parts.database.write(runs.request_cancel, self.run_id, self.parts.clock.now())
        self.dispatcher.cancel(self.run_id)
        await self.dispatcher.take(self.run_id)

    async def _override(self, planned):
        self.overrides.tried(planned)
        told = planned.answer
        wanted = OverrideRequest(to=told.override, comment=told.comment)
        await overriding.override(
            planned.decision.decision_id, wanted, self.parts, self.dispatcher, actor=told.actor
        )

    async def _arrive(self, told):
        fields = told.model_dump(exclude={"after", "id", "taken"})
        event = Event(**fields, id=told.id or new_id())
        await arrivals.arrive(event, self.parts, self.dispatcher, tenant="default", received_by="test")


@asynccontextmanager
async def _dispatching(parts):
    dispatcher = Dispatcher(parts)
    await dispatcher.start(claim=False)
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


@pytest.fixture
def production(tmp_path):
    """Return a database in which runs are done."""
    made = Production(tmp_path)
    with made.database:
        yield made
