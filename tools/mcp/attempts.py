"""Attempts: one call of a tool on its way, and how far it got."""

from contextvars import ContextVar
from dataclasses import dataclass

from tools.calls import Report
from tools.http import Fence
from tools.mcp.errors import Held


@dataclass
class Attempt:
    """How far one call has got; whoever carries it tells."""

    fence: Fence | None = None
    """Awaited before the first byte leaves; what it raises keeps the call from being sent."""
    sent: bool = False
    """Whether any byte may have reached the server."""
    is_over: bool = False
    """Whether nobody waits any more; nothing may leave from then on."""
    refusal: BaseException | None = None
    """What the fence raised."""
    status: int | None = None
    """HTTP status of the answer, where there was one."""
    retry_after: float | None = None
    """Seconds after which the server asked to be called again."""
    broken: Exception | None = None
    """Why the connection broke."""
    is_too_large: bool = False
    """Whether the answer was longer than is read."""

    async def leave(self) -> None:
        """Let the call be sent now; raise Held where it may not."""
        if self.fence is not None and not self.is_over:
            with Report() as report:
                await self.fence()
            self.refusal = report.error
        if self.is_over or self.refusal is not None:
            raise Held
        self.sent = True

    def again(self) -> None:
        """Forget what was sent, since the server did nothing with it."""
        self.sent, self.status, self.broken = False, None, None


current: ContextVar[Attempt | None] = ContextVar("current", default=None)
"""The call that the running code belongs to; the vendor's tasks inherit it from whoever calls."""
