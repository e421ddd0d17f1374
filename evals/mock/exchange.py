"""The exchange: one request to what is served, and what is sent back."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from planner.faults import faulty
from planner.faults.faulty import Serve

_STRANGER = "http://stranger.invalid"
"""Where a fault of a model that leads astray points to."""


class Request:
    """One request, as it came over the wire."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take in the request.

        Args:
            method: in capitals.
            target: path and query, percent-encoded.
            headers: by name in lower case.
            body: as it stands.
        """
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.query = target.partition("?")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def moved(self, path: str) -> "Request":
        """Return the request as whoever serves the rest of the path sees it."""
        target = f"{path}?{self.query}" if self.query else path
        return Request(self.method, target, self.headers, self.body)

    def faulted(self) -> faulty.Request:
        """Return the request in the form that faults of a model's server read."""
        told = faulty.Request(self.json if isinstance(self.json, dict) else {})
        told.path, told.elsewhere = self.path, _STRANGER
        told.key = self.headers.get("authorization", "").removeprefix("Bearer ")
        return told


class Told(NamedTuple):
    """What is sent back."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""
    delay: float = 0.0
    """Seconds before it is sent."""
    raw: Serve | None = None
    """Writes to the connection itself, which is then closed; the other fields but the delay do not count."""


def as_json(status: int, value: Any, content_type: str = "application/json") -> Told:
    """Return a JSON answer."""
    return Told(status, {"content-type": content_type}, json.dumps(value, ensure_ascii=False).encode())
