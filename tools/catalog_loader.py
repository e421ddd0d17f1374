"""The catalogue's loader: from a file to services and operations, with every problem at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tools import announcements, catalog_file, contracts, functions, labels, sources
from tools.access import Service
from tools.announcements import Announcement
from tools.catalog_file import Contract, ServiceEntry, Sheet
from tools.contracts import Place
from tools.errors import CatalogInvalid, DocumentInvalid
from tools.omissions import Omission
from tools.operations import Operation
from tools.problems import Problem
from tools.sources import Offer
from tools.wording import hint

_SOURCES = "`openapi`, `grpc`, `mcp` or `python`"
_ADDRESS = "Write `base_url` as an address such as http://127.0.0.1:8101, without user, query or fragment."


class Loaded(NamedTuple):
    """What the files hold."""

    operations: dict[str, Operation]
    services: dict[str, Service]
    warnings: list[Problem]
    """What was read although it is wrong."""
    announcements: dict[str, Announcement]
    """Events that may happen, by type."""
    omissions: list[Omission]
    """What of the documents was not taken."""


class _Imported(NamedTuple):
    """The operations of one service by their short names, and the address its document tells."""

    operations: dict[str, Operation]
    base_url: str | None = None
    is_whole: bool = True
    """False where something could not be read, so that what is missing is no surprise."""


def load(path: Path, *, base_urls: Mapping[str, str]) -> Loaded:
    """Return what the catalogue at `path` holds; raise CatalogInvalid with every problem."""
    return _Loader(base_urls).load(path)


class Declared(NamedTuple):
    """A service as the catalogue's file declares it, whatever its sources hold."""

    entry: ServiceEntry
    service: Service
    folder: Path
    """What the paths of its entry are relative to."""


def declared(path: Path, *, base_urls: Mapping[str, str]) -> list[Declared]:
    """Return the services of a catalogue, their sources unread; raise CatalogInvalid with every problem."""
    problems: list[Problem] = []
    found = [
        Declared(
            entry, _service(sheet, name, entry, base_urls.get(name) or entry.base_url), sheet.path.parent
        )
        for sheet in catalog_file.read(path, problems)
        for name, entry in sheet.content.services.items()
    ]
    if problems:
        raise CatalogInvalid(problems)
    return found


class _Loader:
    """Reads one catalogue, and gathers what is wrong with it."""

    def __init__(self, base_urls: Mapping[str, str]) -> None:
        self._base_urls = base_urls
        self._problems: list[Problem] = []
        self._places: dict[str, Place] = {}
        self._loaded = Loaded({}, {}, [], {}, [])

    def load(self, path: Path) -> Loaded:
        """Return everything; raise CatalogInvalid with every problem."""
        for sheet in catalog_file.read(path, self._problems):
            for name, entry in sheet.content.services.items():
                self._service(sheet, name, entry)
            self._events(sheet)
        self._unknown_overrides(path)
        for name, place in self._places.items():
            operation = self._loaded.operations[name]
            self._problems += contracts.problems(operation, self._loaded.operations, place)
        if self._problems:
            raise CatalogInvalid(sorted(self._problems, key=_order))
        return self._loaded

    def _service(self, sheet: Sheet, name: str, entry: ServiceEntry) -> None:
        place = Place(sheet, ("services", name))
        if name in self._loaded.services:
            self._note(place, "duplicate-service", f"The service {name!r} is already defined.", "Rename one.")
            return
        imported = self._imported(sheet, name, entry)
        self._loaded.services[name] = self._access(place, name, entry, imported)
        for short, operation in imported.operations.items():
            self._loaded.operations[f"{name}.{short}"] = operation
        for short, contract in entry.operations.items():
            self._contract(Place(sheet, (*place.parts, "operations", short)), short, contract, imported)

    def _events(self, sheet: Sheet) -> None:
        told: list[Announcement] = [*self._loaded.announcements.values()]
        for index, entry in enumerate(sheet.content.events):
            path = sheet.path.parent / entry.asyncapi
            if not path.is_file():
                where = ("events", index, "asyncapi")
                self._problems.append(sheet.problem(*where, **catalog_file.no_file(path)))
                continue
            try:
                found = sources.announced(path, entry)
            except (CatalogInvalid, DocumentInvalid) as exc:
                self._problems += exc.problems
                continue
            told += found.announcements
            self._loaded.omissions.extend(found.omissions)
        self._loaded.announcements.update(announcements.joined(told))

    def _contract(self, place: Place, short: str, contract: Contract, imported: _Imported) -> None:
        operation = imported.operations.get(short)
        if operation is None:
            # With a broken document every name would be unknown: one problem is enough.
            if imported.is_whole:
                remedy = hint(short, imported.operations)
                self._note(place, "unknown-operation", f"The service has no operation {short!r}.", remedy)
            return
        if contracts.lacks_key(operation, contract):
            key = contract.key_header or operation.key_header
            message = f"The tool takes no argument {key!r} for the idempotency key."
            self._note(place, "no-key-argument", message, "Name the argument that takes it as `key_header`.")
        for lost in labels.lost(operation, contract.labels):
            where = Place(place.sheet, (*place.parts, "labels", lost))
            message = f"The operation has no argument or field {lost!r} that could be labelled."
            self._note(where, "unknown-field", message, "Name an argument, or a field behind `output.`.")
        self._loaded.operations[operation.name] = contracts.applied(operation, contract)
        self._places[operation.name] = place

    def _access(self, place: Place, name: str, entry: ServiceEntry, imported: _Imported) -> Service:
        address = self._base_urls.get(name) or entry.base_url or imported.base_url
        wrong = _wrong_address(address)
        is_program = entry.mcp is not None and bool(entry.mcp.command)
        is_needed = imported.is_whole and bool(entry.files) and not is_program
        if wrong and (address or is_needed):
            below = ("base_url",) if entry.base_url is not None else ()
            self._problems.append(place.problem(*below, code="bad-address", message=wrong, remedy=_ADDRESS))
        return _service(place.sheet, name, entry, address)

    def _imported(self, sheet: Sheet, name: str, entry: ServiceEntry) -> _Imported:
        place = Place(sheet, ("services", name))
        if not entry.files and not entry.python:
            message = f"The service {name!r} has no operations."
            self._note(place, "no-operations", message, f"Add {_SOURCES}.")
        imported = _Imported({}, is_whole=bool(entry.files or entry.python))
        for kind in entry.files:
            imported = self._joined(place, imported, kind, self._document(place, kind, name, entry))
        is_whole = imported.is_whole
        for short, operation in self._functions(place, name, entry):
            if short in imported.operations:
                self._taken(place, "python", short)
            is_whole = is_whole and operation is not None
            if operation is not None:
                imported.operations[short] = operation
        return imported._replace(is_whole=is_whole)

    def _document(self, place: Place, kind: str, name: str, entry: ServiceEntry) -> Offer | None:
        """Return what a file of the service offers; None where it cannot be read."""
        path = place.sheet.path.parent / entry.files[kind]
        if not path.is_file():
            message = f"There is no file {str(path)!r}."
            remedy = "Paths are relative to the file that names them."
            if kind in catalog_file.TOLD:
                remedy = f"Write it with `planner catalog import {name}`."
            self._problems.append(place.problem(kind, code="unknown-file", message=message, remedy=remedy))
            return None
        try:
            return sources.read(kind, path, name, entry)
        except (CatalogInvalid, DocumentInvalid) as exc:
            self._problems += exc.problems
            return None

    def _joined(self, place: Place, known: _Imported, kind: str, offer: Offer | None) -> _Imported:
        if offer is None:
            return known._replace(is_whole=False)
        self._loaded.warnings.extend(offer.warnings)
        self._loaded.omissions.extend(offer.omissions)
        for operation in offer.operations:
            short = operation.name.partition(".")[2]
            if short in known.operations:
                self._taken(place, kind, short)
            known.operations[short] = operation
        return known._replace(base_url=known.base_url or offer.base_url)

    def _taken(self, place: Place, kind: str, short: str) -> None:
        message = f"The service already has an operation {short!r}."
        below = (kind, short) if kind == "python" else (kind,)
        self._problems.append(
            place.problem(*below, code="duplicate-operation", message=message, remedy="Rename it.")
        )

    def _functions(
        self, place: Place, name: str, entry: ServiceEntry
    ) -> Iterator[tuple[str, Operation | None]]:
        for short, target in entry.python.items():
            contract = entry.operations.get(short, Contract())
            key = contract.key_header or functions.KEY_ARGUMENT
            try:
                operation = functions.describe(target, service=name, name=short, key_argument=key)
            except CatalogInvalid as exc:
                self._problems += [
                    place.problem(
                        "python", short, code=found.code, message=found.message, remedy=found.remedy
                    )
                    for found in exc.problems
                ]
                yield short, None
                continue
            if contract.effect == "keyed" and operation.key_header != key:
                message = f"{target!r} takes no argument {key!r} for the idempotency key."
                remedy = "Add the argument, or name another one as `key_header`."
                below = Place(place.sheet, (*place.parts, "operations", short))
                self._note(below, "no-key-argument", message, remedy)
            yield short, operation

    def _unknown_overrides(self, path: Path) -> None:
        for name in self._base_urls.keys() - self._loaded.services.keys():
            self._problems.append(
                Problem(
                    path="",
                    code="unknown-service",
                    message=f"An address is given for {name!r}, which is no service.",
                    remedy=hint(name, self._loaded.services),
                    file=str(path),
                )
            )

    def _note(self, place: Place, code: str, message: str, remedy: str) -> None:
        self._problems.append(place.problem(code=code, message=message, remedy=remedy))


def _service(sheet: Sheet, name: str, entry: ServiceEntry, address: str | None) -> Service:
    return Service(
        name=name,
        base_url=address.rstrip("/") if address else None,
        process=entry.process(sheet.path.parent),
        auth=entry.auth.record() if entry.auth else None,
        headers=entry.headers,
        max_concurrency=entry.max_concurrency,
        breaker=entry.breaker,
        not_processed=entry.not_processed,
        verify=entry.verify,
    )


def _order(problem: Problem) -> tuple[str, int, int]:
    return problem.file or "", problem.line or 0, problem.column or 0


def _wrong_address(address: str | None) -> str | None:
    """Return why calls cannot go to the address; None where they can."""
    if not address:
        return "Neither the catalogue nor the document tells where the service is."
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        return f"{address!r} is no absolute http address."
    if parts.username or parts.password or parts.query or parts.fragment:
        return "The address holds more than a host and a path."
    return None
