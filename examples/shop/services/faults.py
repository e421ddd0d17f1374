"""Faults: what a service was told to do wrong, and the route that does it."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, Literal

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.types import Receive, Scope, Send

from examples.shop.services.documents import Document, Json, Problem, unacceptable

Kind = Literal["refuse", "status", "timeout_before", "timeout_after", "wrong", "slow", "reset"]

HANG_SECONDS = 5.0
"""Longer than any caller in the shop's catalogue waits."""

SLOW_SECONDS = 0.5

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Fault(Document):
    """One thing to do wrong, so many times."""

    operation: str
    kind: Kind
    status: int | None = None
    """For `refuse` and `status`; otherwise 422 and 503."""
    times: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(ge=0, le=600)] | None = None
    """For `timeout_before`, `timeout_after` and `slow`."""
    body: Json | None = None
    """For `wrong`: fields that replace the right ones."""

    @property
    def pause(self) -> float:
        if self.seconds is not None:
            return self.seconds
        return SLOW_SECONDS if self.kind == "slow" else HANG_SECONDS


class Faults:
    """The faults that are still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    @property
    def waiting(self) -> tuple[Fault, ...]:
        return tuple(self._waiting)

    def add(self, fault: Fault, operations: Iterable[str]) -> None:
        known = sorted(operations)
        if fault.operation not in known:
            raise unacceptable(f"there is no operation {fault.operation!r}; there are {', '.join(known)}")
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, operation: str) -> Fault | None:
        """Return the first fault of this operation, which then has one time less to come."""
        for index, fault in enumerate(self._waiting):
            if fault.operation == operation:
                left = fault.model_copy(update={"times": fault.times - 1})
                self._waiting[index : index + 1] = [left] if left.times else []
                return fault
        return None


class FaultyRoute(APIRoute):
    """A route that first looks whether it was told to fail."""

    def get_route_handler(self) -> Endpoint:
        handle = super().get_route_handler()

        async def handle_or_fail(request: Request) -> Response:
            faults: Faults = request.app.state.faults
            fault = faults.take(self.operation_id or "")
            return await (perform(fault, handle, request) if fault else handle(request))

        return handle_or_fail


async def perform(fault: Fault, handle: Endpoint, request: Request) -> Response:
    """Do what the fault says; `refuse`, `status` and `timeout_before` leave the service as it was."""
    if fault.kind in {"refuse", "status"}:
        return _problem(fault)
    if fault.kind in {"timeout_before", "slow"}:
        await asyncio.sleep(fault.pause)
    if fault.kind == "timeout_before":
        return _problem(fault)
    response = await handle(request)
    if fault.kind == "timeout_after":
        await asyncio.sleep(fault.pause)
    if fault.kind == "wrong":
        return _wrong(response, fault.body)
    return Silence() if fault.kind == "reset" else response


class Silence(Response):
    """No answer at all: the connection is reset."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        cycle: Any = getattr(receive, "__self__", None)  # uvicorn's, which alone knows the connection
        transport: asyncio.Transport = cycle.transport
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await receive()


def _problem(fault: Fault) -> Response:
    status = fault.status or {"refuse": 422, "status": 503}.get(fault.kind, 504)
    title = "refused" if fault.kind == "refuse" else "unavailable"
    problem = Problem(title=title, status=status, detail=f"{fault.operation} was told to fail: {fault.kind}")
    return Response(problem.model_dump_json(), status, media_type="application/problem+json")


def _wrong(response: Response, body: Json | None) -> Response:
    right: Json = orjson.loads(response.body)
    wrong = right | body if body else {name: _spoil(value) for name, value in right.items()}
    return Response(orjson.dumps(wrong), response.status_code, media_type="application/json")


def _spoil(value: Any) -> Any:
    """Return another value of the same type, so that a schema holds and a check does not."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"not {value}" if isinstance(value, str) else value
