"""Wiring: the one place where the real parts are joined; server, command line and evals open the same."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphs.dispatch import Dispatcher
from graphs.parts import Parts
from planner import clock, documents, model, settings
from planner.clock import SystemClock
from planner.decisions import Decider
from planner.definition import Workflow
from planner.errors import DefinitionInvalid
from planner.model import Model, NoModel
from planner.settings import Settings
from planner.store import migrate, workflows
from planner.store.database import open_database
from tools import catalog
from tools.catalog import Catalog
from tools.problems import Problem
from tools.services import Services


@dataclass(frozen=True)
class Opened:
    """Everything a process works with, open."""

    settings: Settings
    parts: Parts
    dispatcher: Dispatcher
    services: Services


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
    """
    async with AsyncExitStack() as stack:
        found = load_catalog(config)
        database = open_database(config.database_url)
        stack.callback(database.close)
        migrate.upgrade(database)
        migrate.check(database)
        ticking = SystemClock()
        services = await stack.enter_async_context(Services(found, secret=settings.secret))
        asked: Model | NoModel = model.from_settings(config.model, clock=ticking)
        decider: Decider = await stack.enter_async_context(asked)
        parts = Parts(
            database=database,
            catalog=found,
            caller=services,
            decider=decider,
            clock=ticking,
            new_id=clock.new_id,
            worker=f"{socket.gethostname()}-{os.getpid()}-{clock.new_id()[-6:]}",
            lease_seconds=config.lease_seconds,
            concurrency=config.concurrency,
            recovery_choices=config.recovery_choices,
            has_model=config.model.configured,
        )
        await database.write(_register, load_workflows(config, found), ticking.now())
        dispatcher = Dispatcher(parts)
        if dispatch:
            await dispatcher.start()
            stack.push_async_callback(dispatcher.stop)
        yield Opened(config, parts, dispatcher, services)


def load_catalog(config: Settings) -> Catalog:
    """Return the project's catalogue; an empty one when the project has none.

    Raises:
        CatalogInvalid: it has problems; every one is told.
    """
    if config.catalog is None and not config.catalog_file.exists():
        return Catalog({}, {})
    return catalog.load(config.catalog_file, base_urls=config.services)


def load_workflows(config: Settings, found: Catalog) -> dict[str, tuple[Workflow, str]]:
    """Return the project's workflows with their text, by file.

    Raises:
        DefinitionInvalid: any of them has problems; every one is told.
    """
    files = sorted(path for path in _files(config.workflows_folder) if path.is_file())
    texts = {str(path): path.read_text(encoding="utf-8") for path in files}
    first = {file: documents.read(text, file=file) for file, text in texts.items()}
    known = {parsed.workflow.workflow: parsed.workflow for parsed in first.values() if parsed.workflow}
    problems: list[Problem] = []
    read: dict[str, tuple[Workflow, str]] = {}
    for file, text in texts.items():
        parsed = documents.check(text, file=file, catalog=found, workflows=known)
        problems += parsed.problems
        if parsed.workflow is not None:
            read[file] = (parsed.workflow, text)
    if problems:
        raise DefinitionInvalid(problems)
    return read


def _files(folder: Path) -> list[Path]:
    return [path for pattern in ("*.yaml", "*.yml", "*.json") for path in folder.glob(pattern)]


def _register(tx: Any, read: dict[str, tuple[Workflow, str]], now: Any) -> None:
    for workflow, text in read.values():
        workflows.register(tx, workflow, source=text, now=now)
