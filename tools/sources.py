"""Sources: what the file of a service offers, read by the kind of source that the catalogue names.

Each kind has a reader here, under the name of its field in the catalogue's file. How operations of a kind are
called is told in `tools/routes.py`, which also says all that a new kind needs.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tools import asyncapi, catalog_file, openapi
from tools.catalog_file import EventsEntry, ServiceEntry
from tools.errors import CatalogInvalid
from tools.mcp import listing
from tools.omissions import Omission
from tools.operations import Operation
from tools.problems import Problem
from tools.references import DOCUMENT_LIMITS


class Offer(NamedTuple):
    """What a source holds."""

    operations: tuple[Operation, ...] = ()
    """Each named `service.operation`; the second part is what contracts go by."""
    base_url: str | None = None
    """Where the service is, if the source tells."""
    warnings: tuple[Problem, ...] = ()
    """What was read although it is wrong, with file and line."""
    omissions: tuple[Omission, ...] = ()
    """What no operation was made of."""


Reader = Callable[[Path, str, ServiceEntry], Offer]
"""Returns what a service's file offers, whole or not at all, given the service's name and its entry.

It raises CatalogInvalid with every problem, with file and line where there are any, and DocumentInvalid where
the file is no YAML or JSON that can be taken."""


def read(kind: str, path: Path, service: str, entry: ServiceEntry) -> Offer:
    """Return what the file of this kind offers; raise as its Reader does."""
    return _READERS[kind](path, service, entry)


def announced(path: Path, entry: EventsEntry) -> asyncapi.Found:
    """Return the events that an AsyncAPI document announces; raise as a Reader does."""
    document = catalog_file.document(path, limits=DOCUMENT_LIMITS)
    try:
        return asyncapi.read(document.data, folder=path.parent, types=entry.types)
    except CatalogInvalid as exc:
        raise CatalogInvalid([document.locate(problem) for problem in exc.problems]) from exc


def _openapi(path: Path, service: str, _entry: ServiceEntry) -> Offer:
    document = catalog_file.document(path, limits=DOCUMENT_LIMITS)
    warnings: list[Problem] = []
    try:
        found = openapi.read(document.data, service=service, folder=path.parent, warnings=warnings)
        base_url = openapi.base_url(document.data)
    except CatalogInvalid as exc:
        raise CatalogInvalid([document.locate(problem) for problem in exc.problems]) from exc
    return Offer(tuple(found), base_url, tuple(map(document.locate, warnings)))


def _grpc(path: Path, service: str, _entry: ServiceEntry) -> Offer:
    try:
        methods = importlib.import_module("tools.rpc.methods")
    except ModuleNotFoundError as exc:
        raise CatalogInvalid([_missing(exc.name, path, extra="grpc")]) from exc
    try:
        found = methods.read(path.read_bytes(), service=service)
    except OSError as exc:
        raise CatalogInvalid([catalog_file.unreadable(path, str(exc.strerror))]) from exc
    except CatalogInvalid as exc:
        raise CatalogInvalid([each.model_copy(update={"file": str(path)}) for each in exc.problems]) from exc
    return Offer(tuple(found.operations), omissions=tuple(found.omissions))


def _missing(package: str | None, path: Path, *, extra: str) -> Problem:
    return Problem(
        path="",
        code="missing-package",
        message=f"Reading this file needs the package {package!r}.",
        remedy=f"Install it with `pip install workflow-planner[{extra}]`.",
        file=str(path),
    )


def _mcp(path: Path, service: str, entry: ServiceEntry) -> Offer:
    document = catalog_file.document(path, limits=DOCUMENT_LIMITS)
    try:
        found = listing.read(document.data, service=service, entry=entry)
    except CatalogInvalid as exc:
        raise CatalogInvalid([document.locate(problem) for problem in exc.problems]) from exc
    return Offer(found.operations, None, tuple(map(document.locate, found.warnings)))


_READERS: Mapping[str, Reader] = {"openapi": _openapi, "grpc": _grpc, "mcp": _mcp}
