"""What can go wrong between us and an MCP server; none of it leaves this package.

McpError
├── Unreached   no connection could be made, or the one there was has ended
├── Refused     the server answered with an error of the protocol
├── Garbled     the server's answer is none that the protocol knows
└── Held        the call may not be sent any more, or its time is up
"""

from typing import NamedTuple


class Refusal(NamedTuple):
    """An error of the protocol in the place of an answer."""

    code: int
    message: str


class McpError(Exception):
    """A call of a tool had no result."""


class Unreached(McpError):
    """No connection to the server could be made, or the one there was has ended."""


class Refused(McpError):
    """The server answered with an error of the protocol."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


class Garbled(McpError):
    """The server's answer is none that the protocol knows."""


class Held(McpError):
    """The call may not be sent any more, or its time is up."""
