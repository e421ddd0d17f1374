"""The catalogue: every operation that a workflow may call, and the services behind them."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import orjson

from tools import catalog_loader
from tools.access import ApiKey, Auth, Basic, Bearer, Breaker, Service
from tools.announcements import Announcement
from tools.errors import OperationUnknown
from tools.omissions import Omission
from tools.operations import Operation
from tools.problems import Problem
from tools.wording import nearest

__all__ = ["ApiKey", "Auth", "Basic", "Bearer", "Breaker", "Catalog", "Service", "load"]

NO_OVERRIDES: Mapping[str, str] = MappingProxyType({})
NO_ANNOUNCEMENTS: Mapping[str, Announcement] = MappingProxyType({})

_DEPLOYMENT = {"base_url", "auth", "process", "verify"}
_PLANNING = {"kinds", "lasting"}
"""What no call depends on."""


class Catalog:
    """Operations by their full name, services by theirs, and the revision of both."""

    def __init__(
        self,
        operations: Mapping[str, Operation],
        services: Mapping[str, Service],
        *,
        warnings: Iterable[Problem] = (),
        announcements: Mapping[str, Announcement] = NO_ANNOUNCEMENTS,
        omissions: Iterable[Omission] = (),
    ) -> None:
        self.operations: Mapping[str, Operation] = dict(operations)
        self.services: Mapping[str, Service] = dict(services)
        self.warnings: tuple[Problem, ...] = tuple(warnings)
        """What was read although it is wrong, such as a type that no standard knows."""
        self.announcements: Mapping[str, Announcement] = dict(announcements)
        """Events that may happen, by type; no run depends on them, so the revision does not either."""
        self.omissions: tuple[Omission, ...] = tuple(omissions)
        """What of the documents was not taken, such as methods that stream."""

    @cached_property
    def revision(self) -> str:
        """What tells its contents apart from others, computed once it is asked for."""
        return _revision(self.operations, self.services)

    def operation(self, name: str) -> Operation:
        """Return the operation; raise OperationUnknown with the nearest names."""
        try:
            return self.operations[name]
        except KeyError:
            raise OperationUnknown(name, nearest(name, self.operations)) from None

    def service(self, operation: Operation) -> Service:
        """Return the service that does this operation."""
        return self.services[operation.service]

    def guessed(self) -> tuple[Operation, ...]:
        """Return the operations whose effect class no person has declared, by name."""
        found = (operation for operation in self.operations.values() if operation.effect_source != "declared")
        return tuple(sorted(found, key=lambda operation: operation.name))


def load(path: Path, *, base_urls: Mapping[str, str] = NO_OVERRIDES) -> Catalog:
    """Read a catalogue and all that it names; raise CatalogInvalid with every problem.

    An address in `base_urls`, by service, takes the place of the one in the file.
    """
    loaded = catalog_loader.load(path, base_urls=base_urls)
    return Catalog(
        loaded.operations,
        loaded.services,
        warnings=loaded.warnings,
        announcements=loaded.announcements,
        omissions=loaded.omissions,
    )


def _revision(operations: Mapping[str, Operation], services: Mapping[str, Service]) -> str:
    content = {
        "operations": {
            name: item.model_dump(mode="json", exclude=_PLANNING) for name, item in operations.items()
        },
        "services": {
            name: item.model_dump(mode="json", exclude=_DEPLOYMENT) for name, item in services.items()
        },
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
