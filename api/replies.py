"""Replies: JSON that can carry whatever a service once answered."""

import json
from typing import Any

import orjson
from fastapi.responses import JSONResponse


class Reply(JSONResponse):
    """A JSON answer; quick, and without loss for what the quick writer refuses."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        try:
            return orjson.dumps(content)
        except TypeError:
            # Services do answer integers beyond 64 bits and lone surrogates.
            return json.dumps(content).encode()
