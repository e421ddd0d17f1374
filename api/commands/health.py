"""Health: one check for each thing that the planner stands on; nothing is made, and no secret is told."""

import asyncio
import importlib
import os
import platform
import re
import socket
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata, util
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from api.commands import importing
from api.commands.version import DISTRIBUTION
from planner import keeping, project
from planner import settings as environment
from planner.errors import DefinitionInvalid, SettingsInvalid, StoreUnavailable
from planner.seals import Seals
from planner.settings import Settings
from planner.store import keyfiles, migrate, opening
from planner.store.database import open_database
from tools import listings
from tools.access import SecretName, Service
from tools.catalog import Catalog
from tools.errors import CatalogInvalid, SecretMissing
from tools.listings import Listing
from tools.records import Record

OLDEST_PYTHON = (3, 11)
OWN_PACKAGES = ("planner", "tools", "graphs", "api", "evals")
CONNECT_SECONDS = 1.0
_MODULES = {
    "common-expression-language": "cel",
    "jsonschema-rs": "jsonschema_rs",
    "pydantic-settings": "pydantic_settings",
    "pyyaml": "yaml",
    "sse-starlette": "sse_starlette",
}
"""Modules whose name differs from that of their distribution."""
_REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")
_PORTS = {"http": 80, "https": 443}


class Finding(Record):
    """What one check found."""

    about: str
    """What was looked at."""
    state: Literal["ok", "warning", "broken"]
    """Whether it works, limits what can be done, or stops the planner."""
    says: str
    """What was found, in one sentence, and what would be right."""


def python() -> Finding:
    """Tell whether this Python is new enough."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding(about="python", state="broken", says=f"{version} is too old; 3.11 or later is needed")
    return Finding(about="python", state="ok", says=f"{version} at {sys.executable}")


def dependencies() -> Iterator[Finding]:
    """Tell which packages that we need cannot be imported."""
    try:
        needed = _needed()
    except metadata.PackageNotFoundError:
        says = f"{DISTRIBUTION} is not installed, so what it needs is not known; it runs from its sources"
        yield Finding(about="packages", state="warning", says=says)
        return
    broken = 0
    for name in needed:
        why = _unimportable(_MODULES.get(name, name))
        if why is not None:
            broken += 1
            yield Finding(about="packages", state="broken", says=f"{name} cannot be imported: {why}")
    if not broken:
        says = f"all {len(needed)} that are needed can be imported"
        yield Finding(about="packages", state="ok", says=says)


def _needed() -> list[str]:
    """Return the distributions that ours requires here, those of extras left out."""
    found = []
    for line in metadata.requires(DISTRIBUTION) or ():
        _, _, marker = line.partition(";")
        name = _REQUIREMENT.match(line)
        if name is not None and _is_for_here(marker.replace('"', "'")):
            found.append(name.group().lower())
    return sorted(found)


def _is_for_here(marker: str) -> bool:
    """Tell whether a requirement counts on this machine; of markers we use these only."""
    is_windows = sys.platform == "win32"
    other_system = "!= 'win32'" if is_windows else "== 'win32'"
    return "extra" not in marker and other_system not in marker


def _unimportable(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except ImportError as exc:
        return str(exc)
    return None


def packages() -> Iterator[Finding]:
    """Tell whether a stranger's package stands where one of ours should."""
    ours = Path(__file__).resolve().parents[2]
    for name in OWN_PACKAGES:
        spec = util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or not origin.is_relative_to(ours):
            says = f"the package {name!r} is not ours: it comes from {origin or 'nowhere'}"
            yield Finding(about="own packages", state="broken", says=says)
    owners = metadata.packages_distributions()
    for name in OWN_PACKAGES:
        others = sorted({owner for owner in owners.get(name, ()) if owner != DISTRIBUTION})
        if others:
            says = f"{', '.join(others)} installs a package {name!r}, too; remove it from this environment"
            yield Finding(about="own packages", state="broken", says=says)
            return
    yield Finding(about="own packages", state="ok", says=f"{', '.join(OWN_PACKAGES)} at {ours}")


def sqlite() -> Finding:
    """Tell the version of SQLite, and whether it has full-text search."""
    version = sqlite3.sqlite_version
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(text)")
        connection.close()
    except sqlite3.OperationalError as exc:
        return Finding(about="sqlite", state="broken", says=f"{version} lacks FTS5: {exc}")
    return Finding(about="sqlite", state="ok", says=f"{version} with FTS5")


def settings(config: Settings) -> Finding:
    """Tell which project is meant."""
    folder = config.project.resolve()
    if not config.catalog_file.exists() and not config.workflows_folder.is_dir():
        says = f"{folder} holds neither catalog.yaml nor workflows/; name a project with --project"
        return Finding(about="project", state="warning", says=says)
    return Finding(about="project", state="ok", says=str(folder))


def database(config: Settings) -> Finding:
    """Tell whether runs can be kept, without making anything."""
    file = opening.file_of(config.database_url)
    if file is not None and not file.exists():
        return _not_made(file)
    try:
        with open_database(config.database_url) as store:
            name, found, wanted = store.name, migrate.current(store), migrate.head()
            waits = bool(migrate.pending(store))
            if not waits:
                migrate.check(store)
                store.write_sync(_nothing)
    except StoreUnavailable as exc:
        return Finding(about="database", state="broken", says=str(exc))
    if not waits:
        return Finding(about="database", state="ok", says=f"{name} can be written, schema {found}")
    says = (
        f"{name} has the schema {found or 'of an empty file'}, this program {wanted}; run `planner migrate`"
    )
    return Finding(about="database", state="warning", says=says)


def sealing(config: Settings) -> Finding:
    """Tell whether secrets in the values of runs can be sealed, without making a key."""
    if not config.masking.active:
        return Finding(about="sealing", state="ok", says="masking is off, so nothing is sealed")
    try:
        kept = keeping.for_reading(config)
    except (SettingsInvalid, StoreUnavailable) as exc:
        return Finding(about="sealing", state="broken", says=str(exc))
    file = keyfiles.beside(config.database_url)
    if kept.seals is None and file is None:
        state: Literal["warning", "broken"] = "broken" if config.sealing.required else "warning"
        return Finding(about="sealing", state=state, says=keeping.UNSEALED.format(name=config.sealing.key))
    if kept.seals is None:
        says = f"{file} does not exist yet; a key is made there when it is first needed"
        return Finding(about="sealing", state="ok", says=says)
    if environment.secret(config.sealing.key) is None and file is not None:
        return _key_file(file, kept.seals)
    return Finding(
        about="sealing", state="ok", says=f"{config.sealing.key} seals with the key {kept.seals.key_id}"
    )


def _key_file(file: Path, found: Seals) -> Finding:
    if keyfiles.is_open_to_others(file):
        says = f"others on this machine can read the key in {file}; close it with `chmod 600 {file}`"
        return Finding(about="sealing", state="warning", says=says)
    return Finding(about="sealing", state="ok", says=f"{file} holds the key {found.key_id}")


def _nothing(_tx: Any) -> None:
    """Write nothing, in a transaction that holds the lock for writing."""


def _not_made(file: Path) -> Finding:
    parent = next(folder for folder in file.resolve().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        says = f"{file} does not exist, and {parent} cannot be written; name another with --database"
        return Finding(about="database", state="broken", says=says)
    return Finding(
        about="database", state="ok", says=f"{file} does not exist yet; it is made when first used"
    )


def catalogue(config: Settings) -> Iterator[Finding]:
    """Tell whether the catalogue and the workflows load, and which services answer."""
    try:
        found = project.load_catalog(config)
    except CatalogInvalid as exc:
        yield Finding(about="catalogue", state="broken", says=_first(exc.problems))
        return
    if not found.operations:
        yield Finding(
            about="catalogue", state="warning", says=f"no operations; there is no {config.catalog_file}"
        )
    else:
        says = f"{len(found.operations)} operations of {len(found.services)} services"
        yield Finding(about="catalogue", state="ok", says=says)
        yield from _guesses(found)
        yield from _doubts(found)
    yield workflows(config, found)
    yield from services(found)
    yield from offers(config)


def _guesses(found: Catalog) -> Iterator[Finding]:
    doubtful = found.guessed()
    if doubtful:
        says = f"{len(doubtful)} effect classes were declared by nobody; see `planner catalog --guessed`"
        yield Finding(about="catalogue", state="warning", says=says)


def _doubts(found: Catalog) -> Iterator[Finding]:
    if found.warnings:
        first = found.warnings[0]
        says = (
            f"{len(found.warnings)} things in documents are wrong and were read all the same, such as {first}"
        )
        yield Finding(about="catalogue", state="warning", says=f"{says}; see `planner catalog`")


def workflows(config: Settings, found: Catalog) -> Finding:
    """Tell whether every workflow of the project can be used."""
    try:
        read = project.load_workflows(config, found)
    except DefinitionInvalid as exc:
        return Finding(about="workflows", state="broken", says=_first(exc.problems))
    if not read:
        return Finding(about="workflows", state="warning", says=f"there is none in {config.workflows_folder}")
    return Finding(about="workflows", state="ok", says=f"{len(read)} in {config.workflows_folder}")


def services(found: Catalog) -> Iterator[Finding]:
    """Tell which services can be connected to, and which lack their secret."""
    known = [service for service in found.services.values() if service.base_url is not None]
    with ThreadPoolExecutor(max_workers=8) as pool:
        reached = list(pool.map(lambda service: unreachable(service.base_url or ""), known))
    for service, why in zip(known, reached, strict=True):
        state: Literal["ok", "warning"] = "ok" if why is None else "warning"
        says = f"{service.name} at {service.base_url} {why or 'can be connected to'}"
        yield Finding(about="service", state=state, says=says)
    for service in found.services.values():
        for name in _secrets(service):
            if environment.secret(name) is None:
                says = f"{service.name} needs the secret {name!r}; set the environment variable {name}"
                yield Finding(about="service", state="warning", says=says)


def _secrets(service: Service) -> Iterator[str]:
    """Return the names of the secrets that a service needs."""
    if service.auth is not None:
        yield service.auth.secret
    for told in service.process.env.values() if service.process is not None else ():
        if isinstance(told, SecretName):
            yield told.secret


def offers(config: Settings) -> Iterator[Finding]:
    """Tell which services offer something else than their files hold; a program is started for it."""
    asked = [each for each in project.declared_services(config) if listings.askable(each) is not None]
    for found in asyncio.run(importing.asked(asked)):
        if isinstance(found, SecretMissing):
            continue  # told above
        if not isinstance(found, Listing):
            yield Finding(about="service", state="warning", says=str(found))
        elif found.differs:
            how = f"see `planner catalog import --check {found.service}`"
            says = f"{found.service} offers something else than {found.path} holds; {how}"
            yield Finding(about="service", state="warning", says=says)
        else:
            says = f"{found.service} offers the {found.operations} operations that {found.path} holds"
            yield Finding(about="service", state="ok", says=says)


def model(config: Settings) -> Finding:
    """Tell whether a model is configured, and whether its server can be connected to; it is asked nothing."""
    told = config.model
    if not told.configured:
        says = "none is configured, so decisions take their `otherwise`; set OPENAI_API_KEY to use one"
        return Finding(about="model", state="warning", says=says)
    what = f"{told.name} at {urlsplit(told.endpoint).netloc}"
    why = unreachable(told.proxy or told.endpoint)
    if why is not None:
        return Finding(
            about="model", state="warning", says=f"{what} {why}, so decisions take their `otherwise`"
        )
    return Finding(about="model", state="ok", says=f"{what} can be connected to")


def unreachable(address: str) -> str | None:
    """Return why no connection to an address can be made, or None when one can."""
    parts = urlsplit(address)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS):
            return None
    except OSError as exc:
        return f"cannot be connected to ({exc.strerror or exc})"


def _first(problems: Sequence[Any]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"
