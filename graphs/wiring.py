"""Wiring: the one place where the real parts are joined; server, command line and evals open the same."""

import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphs import demoting
from graphs.arrivals import Arrivals
from graphs.delivering import Deliverer
from graphs.dispatch import Dispatcher
from graphs.embeddings import Embeddings
from graphs.notary import Notary
from graphs.parts import Parts
from graphs.planning import Tools
from graphs.replanning import Replans
from graphs.scheduling import Scheduler
from graphs.simulating import Explorer
from planner import clock, keeping, settings
from planner.clock import SystemClock
from planner.decisions import Decider
from planner.definition import Workflow
from planner.log import detectors
from planner.log.echoes import Echoes
from planner.log.masking import Masking
from planner.model import adapter, embedder
from planner.model.adapter import Model, NoModel
from planner.project import load_catalog, load_workflows
from planner.settings import Settings
from planner.store import catalogs, migrate, workflows
from planner.store.database import Database, open_database
from tools.catalog import Catalog
from tools.services import Services


@dataclass(frozen=True)
class Opened:
    """Everything a process works with, open."""

    settings: Settings
    parts: Parts
    dispatcher: Dispatcher
    services: Services
    scheduler: Scheduler
    planning: Tools


@asynccontextmanager
async def open_services(config: Settings, *, dispatch: bool = True) -> AsyncIterator[Opened]:
    """Open database, catalogue, services, model and dispatcher; close them in reverse.

    Args:
        config: the settings.
        dispatch: whether this process moves runs.

    Raises:
        CatalogInvalid: the catalogue has problems.
        DefinitionInvalid: a workflow of the project has problems.
        VersionTaken: a workflow file changed without a new version.
        StoreUnavailable: the database cannot be used.
        SettingsInvalid: a key that seals secrets cannot be used, or is required and missing.
    """
    async with AsyncExitStack() as stack:
        found = load_catalog(config)
        worker = f"{socket.gethostname()}-{os.getpid()}-{clock.new_id()[-6:]}"
        database = stack.enter_context(_database(config, worker))
        ticking = SystemClock()
        services = await stack.enter_async_context(
            Services(found, secret=settings.secret, mask=partial(_masked, config.masking))
        )
        asked: Model | NoModel = adapter.from_settings(config.model, clock=ticking)
        decider: Decider = await stack.enter_async_context(asked)
        parts = Parts(
            database=database,
            catalog=found,
            caller=services,
            decider=decider,
            clock=ticking,
            new_id=clock.new_id,
            worker=worker,
            lease_seconds=config.lease_seconds,
            concurrency=config.concurrency,
            look_seconds=config.look_seconds,
            recovery_choices=config.recovery_choices,
            has_model=config.model.configured,
            tenants=config.tenants,
            permits=config.permits,
            most_queued=config.most_queued,
            most_running=config.most_running,
            policy=config.planning,
        )
        await database.write(catalogs.keep, found, ticking.now())
        await database.write(_register, load_workflows(config, found), ticking.now())
        embeddings = await stack.enter_async_context(_embeddings(config, found, database))
        planning = await _planning(parts, config, embeddings)
        dispatcher = Dispatcher(parts)
        scheduler = Scheduler(parts, dispatcher)
        for each in _looking_after(config, parts, dispatcher, scheduler) if dispatch else ():
            await each.start()
            stack.push_async_callback(each.stop)
        yield Opened(config, parts, dispatcher, services, scheduler, planning)


@asynccontextmanager
async def open_embeddings(config: Settings, found: Catalog) -> AsyncIterator[Embeddings | None]:
    """Open a catalogue's vectors and the database that keeps them; None where none are made.

    Raises:
        StoreUnavailable: the database cannot be used.
        SettingsInvalid: a key that seals secrets cannot be used, or is required and missing.
    """
    if not config.embeddings.name:
        yield None
        return
    with _database(config, f"search-{clock.new_id()[-6:]}") as database:
        async with _embeddings(config, found, database) as opened:
            yield opened


@asynccontextmanager
async def _embeddings(
    config: Settings, found: Catalog, database: Database
) -> AsyncIterator[Embeddings | None]:
    told, ticking = config.embeddings, SystemClock()
    made = embedder.from_settings(config.model, told, clock=ticking)
    if made is None:
        yield None
        return
    async with made as asked:
        yield Embeddings(found, asked, database, clock=ticking, told=told)


def _looking_after(
    config: Settings, parts: Parts, dispatcher: Dispatcher, scheduler: Scheduler
) -> Iterator[Notary | Dispatcher | Scheduler | Deliverer | Arrivals]:
    """Yield what is done beside requests while the process serves, in the order in which it begins."""
    hooks = config.webhooks
    yield Notary(parts.database, config, parts.clock)
    yield dispatcher
    yield scheduler
    yield Deliverer(parts, private=hooks.private, kept_days=hooks.kept_days)
    yield Arrivals(parts, dispatcher, kept_days=config.retention.events_days)


async def _planning(parts: Parts, config: Settings, embeddings: Embeddings | None) -> Tools:
    """Return what planning works with; look at promoted workflows, and let runs of plans be replanned."""
    await demoting.review(parts)
    simulate = Explorer(config.project)
    parts.replanner = Replans(parts, simulate)
    return Tools(simulate, config.planning, embeddings)


@contextmanager
def _database(config: Settings, worker: str) -> Iterator[Database]:
    """Yield the database with a schema that this program can work on."""
    kept = keeping.for_running(config)
    with open_database(config.database_url, instance=worker, keeping=kept) as database:
        migrate.upgrade(database, to="pre")  # processes of before may still be at work
        migrate.check(database)
        yield database


def _masked(policy: Masking, error: str, arguments: Mapping[str, Any]) -> str:
    """Return what a service complains of without secrets, nor those that it was sent."""
    return Echoes(policy, [arguments]).scrub(detectors.scrub(error, policy.detectors).text)


def _register(tx: Any, read: dict[str, tuple[Workflow, str]], now: Any) -> None:
    for workflow, text in read.values():
        workflows.register(tx, workflow, source=text, now=now)
