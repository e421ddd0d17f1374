"""The route to Python functions: calls in this process."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tools import calls, functions, requests
from tools.access import Service
from tools.http import Fence
from tools.operations import FunctionBinding, Operation
from tools.outcomes import Outcome
from tools.routes import Reach


class FunctionWork:
    """A function that is ready to be called."""

    def __init__(
        self, operation: Operation, call: calls.Call, arguments: Mapping[str, Any], fence: Fence | None
    ) -> None:
        self.operation = operation
        self._call, self._arguments, self._fence = call, arguments, fence

    async def make(self, seconds: float, leave: Callable[[], None]) -> Outcome:
        """Return what became of the function; a thread that outlives its time keeps its slot."""
        work: asyncio.Future[calls.Report] | None = None
        try:
            if self._fence is not None:
                await self._fence()
            work = self._call.start()
            # Most functions answer at once; those need no timer.
            await asyncio.sleep(0)
            if not work.done():
                await asyncio.wait({work}, timeout=seconds)
            if work.done():
                return calls.classify(self.operation, work.result(), self._arguments)
            error = f"{self.operation.name} did not come back within {seconds:g} s"
            return Outcome(kind="unknown", code="timeout", error=error)
        finally:
            if work is None or work.done():
                leave()
            else:
                work.add_done_callback(lambda _: leave())
                if isinstance(work, asyncio.Task):
                    work.cancel()


class FunctionRoute:
    """The way to the functions of one service, each loaded when first called."""

    def __init__(self, _service: Service, _reach: Reach) -> None:
        self._functions: dict[str, Callable[..., Any]] = {}

    def prepare(
        self, operation: Operation, arguments: Mapping[str, Any], *, key: str | None, fence: Fence | None
    ) -> FunctionWork:
        """Return one call, checked and ready."""
        binding = operation.binding
        if not isinstance(binding, FunctionBinding):
            raise TypeError(f"{operation.name} is no function")
        function = self._functions.get(binding.target)
        if function is None:
            function = self._functions[binding.target] = functions.load(binding.target)
        carried = {} if key is None else calls.with_key(operation, function, key)
        declared = carried.keys() & operation.input.get("properties", {}).keys()
        requests.check(operation, {**arguments, **{name: carried[name] for name in declared}})
        return FunctionWork(operation, calls.Call(function, {**arguments, **carried}), arguments, fence)

    async def close(self) -> None:
        """Let go of the functions."""
        self._functions.clear()
