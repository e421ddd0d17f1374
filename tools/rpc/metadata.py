"""Metadata: what goes along with a gRPC call, as names and texts."""

import re
from collections.abc import Iterable

from tools.access import Service
from tools.credentials import Credentials
from tools.requests import Unbuildable

_NAME = re.compile(r"[0-9a-z_.-]+")

Metadata = tuple[tuple[str, str], ...]


def metadata(service: Service, seen: Credentials, more: Iterable[tuple[str, str]] = ()) -> Metadata:
    """Return a service's headers, what identifies the caller, and `more`; raise Unbuildable for misfits."""
    return tuple(_pair(*each) for each in (*service.headers.items(), *seen.headers, *more))


def _pair(name: str, value: str) -> tuple[str, str]:
    if not _NAME.fullmatch(name.lower()) or name.lower().endswith("-bin"):
        raise Unbuildable(f"{name!r} cannot be the name of gRPC metadata")
    if not value.isascii() or not value.isprintable():
        raise Unbuildable(f"the value of {name!r} holds characters that no gRPC metadata may carry")
    return name.lower(), value
