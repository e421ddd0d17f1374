"""Listings: files of what services offer, as the running services tell it, and what has changed since.

Runs never ask: they go by the files. A kind of source whose services can be asked has its asker here: a
function of a service and a reach that returns the text of its file, and raises Unlisted or SecretMissing.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tools import sources
from tools.access import Service
from tools.catalog_loader import Declared
from tools.errors import CatalogInvalid, DocumentInvalid, Unlisted
from tools.omissions import Omission
from tools.operations import Operation
from tools.requests import Unbuildable
from tools.routes import Home, Reach
from tools.sources import Offer

Asker = Callable[[Service, Reach], Awaitable[bytes]]

_ASKERS: Mapping[str, Home] = {
    "grpc": Home("tools.rpc.asking", "ask", extra="grpc"),
    "mcp": Home("tools.mcp.asking", "ask", extra="mcp"),
}


class Listing(NamedTuple):
    """What a service offers now, beside what its file holds."""

    service: str
    path: Path
    """The file."""
    text: bytes
    """What the service tells now."""
    operations: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    omissions: tuple[Omission, ...] = ()
    """What no operation was made of."""

    @property
    def differs(self) -> bool:
        """Tell whether the file says anything else of an operation."""
        return bool(self.added or self.changed or self.gone)


def askable(declared: Declared) -> str | None:
    """Return the kind of source by which the service can be asked what it offers; None where it cannot."""
    return next((kind for kind in declared.entry.files if kind in _ASKERS), None)


async def ask(declared: Declared, reach: Reach) -> Listing:
    """Return what a service offers now.

    Raises:
        Unlisted: it cannot be asked, or tells nothing that can be used.
        SecretMissing: it needs a secret that has no value.
    """
    service, kind = declared.service, askable(declared)
    if kind is None:
        raise Unlisted(service.name, "its operations are read from a document, or are functions")
    try:
        asker: Asker = _ASKERS[kind].load()
    except Unbuildable as exc:
        raise Unlisted(service.name, str(exc)) from exc
    text = await asker(service, reach)
    path = declared.folder / declared.entry.files[kind]
    offer = _told(declared, kind, path, text)
    before, now = _read(declared, kind, path), _named(offer)
    return Listing(
        service=service.name,
        path=path,
        text=text,
        operations=len(now),
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.keys() if now[name] != before[name])),
        gone=tuple(sorted(before.keys() - now.keys())),
        omissions=offer.omissions,
    )


def write(listing: Listing) -> None:
    """Put what the service tells now in the place of its file, whole or not at all."""
    listing.path.parent.mkdir(parents=True, exist_ok=True)
    beside = listing.path.with_name(f"{listing.path.name}.new")
    beside.write_bytes(listing.text)
    beside.replace(listing.path)


def _told(declared: Declared, kind: str, path: Path, text: bytes) -> Offer:
    """Return what a text offers, read as the file would be that held it."""
    with TemporaryDirectory() as folder:
        beside = Path(folder, path.name)
        beside.write_bytes(text)
        try:
            return sources.read(kind, beside, declared.service.name, declared.entry)
        except (CatalogInvalid, DocumentInvalid) as exc:
            raise Unlisted(declared.service.name, str(exc.problems[0])) from exc


def _read(declared: Declared, kind: str, path: Path) -> dict[str, Operation]:
    """Return the operations of the file; none where it is not there, or cannot be read."""
    try:
        offer = sources.read(kind, path, declared.service.name, declared.entry)
    except (CatalogInvalid, DocumentInvalid):
        return {}
    return _named(offer)


def _named(offer: Offer) -> dict[str, Operation]:
    return {operation.name: operation for operation in offer.operations}
