"""Rounds: work that is done again and again while a process serves, and goes on whatever goes wrong in it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from planner.errors import PlannerError

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[Any]]


class Rounds:
    """Work of one process, each piece at its own interval."""

    def __init__(self, name: str) -> None:
        """Make them.

        Args:
            name: what is looked after, for the log.
        """
        self._name = name
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def going(self) -> bool:
        """Tell whether any work is done."""
        return bool(self._tasks)

    def every(self, seconds: float, work: Work) -> None:
        """Do the work now, and again so many seconds after each time."""
        self._tasks.append(asyncio.create_task(self._again(seconds, work)))

    async def stop(self) -> None:
        """Do none any more; what is under way is cut off."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def tried(self, work: Work) -> None:
        """Do the work once, and write down what goes wrong."""
        try:
            await work()
        except (PlannerError, OSError) as exc:
            log.warning("%s could not be looked after", self._name, extra={"error": str(exc)})
        except Exception:
            log.exception("looking after %s failed; it is tried again", self._name)

    async def _again(self, seconds: float, work: Work) -> None:
        while True:
            await self.tried(work)
            await asyncio.sleep(seconds)
