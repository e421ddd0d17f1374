"""The route over gRPC: unary calls of a service's methods, and how far they got when they break."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from grpc import StatusCode, aio

from tools import requests, responses
from tools.access import Service
from tools.credentials import Credentials, credentials
from tools.http import Fence
from tools.operations import GrpcBinding, Operation
from tools.outcomes import Outcome, OutcomeClass
from tools.requests import Unbuildable
from tools.routes import Reach
from tools.rpc import descriptors
from tools.rpc.channels import Channels, Unreached
from tools.rpc.metadata import Metadata, metadata
from tools.rpc.statuses import STATUSES

_PUSHBACK = "grpc-retry-pushback-ms"
_TOO_LARGE = "CLIENT: Received message larger than max"


@dataclass
class RpcWork:
    """One call that is ready to be sent."""

    operation: Operation
    binding: GrpcBinding
    arguments: Mapping[str, Any]
    message: bytes
    metadata: Metadata
    channels: Channels
    seen: Credentials
    fence: Fence | None = None
    sent: bool = False
    """Whether any byte may have reached the service."""

    async def make(self, seconds: float, leave: Callable[[], None]) -> Outcome:
        """Return what became of the call."""
        until = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(until):
                return await self._send(until)
        except TimeoutError:
            if self.sent:
                return self._failed("unknown", "timeout", f"gave no answer within {seconds:.3g} s")
            return self._failed("not_sent", "connect_timeout", f"could not be reached within {seconds:g} s")
        finally:
            leave()

    async def _send(self, until: float) -> Outcome:
        try:
            channel = await self.channels.ready()
        except Unreached:
            why = (
                f"could not be reached: no gRPC connection to {self.channels.target.removeprefix('dns:///')}"
            )
            return self._failed("not_sent", "connect", why)
        if self.fence is not None:
            await self.fence()
        self.sent = True
        method = channel.unary_unary(self.binding.path)
        left = max(0.0, until - asyncio.get_running_loop().time())
        try:
            answer = await method(self.message, timeout=left, metadata=self.metadata, wait_for_ready=False)
        except aio.AioRpcError as exc:
            if exc.code() is StatusCode.UNAVAILABLE:
                self.channels.forget(channel)
            return self._refused(exc)
        if not isinstance(answer, bytes):
            return self._failed("unknown", "protocol", "said that all is well, and sent no answer")
        return self._answered(answer)

    def _answered(self, answer: bytes) -> Outcome:
        types = descriptors.unpacked(self.binding.descriptors)
        message = types.new(self.binding.response)
        try:
            message.ParseFromString(answer)
            output = json_format.MessageToDict(
                message, always_print_fields_with_no_presence=True, descriptor_pool=types.pool
            )
        except (DecodeError, json_format.Error, TypeError) as exc:
            return self._failed(
                "applied_bad", "body", f"answered something that is no {message.DESCRIPTOR.name}: {exc}"
            )
        return responses.judge(self.operation, self.seen.veil(output), self.arguments)

    def _refused(self, exc: aio.AioRpcError) -> Outcome:
        code, details = exc.code(), exc.details() or ""
        if code is StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in details:
            return self._failed("unknown", "too_large", "sent an answer larger than is taken")
        if code is StatusCode.DEADLINE_EXCEEDED:
            return self._failed("unknown", "timeout", f"gave no answer in time: {details}")
        status = STATUSES[code.name]
        said = f": {details}" if details else ""
        failed = self._failed(status.kind, f"grpc_{code.name.lower()}", f"answered {code.name}{said}")
        return failed._replace(status=status.http, retry_after=_pause(exc))

    def _failed(self, kind: OutcomeClass, code: str, why: str) -> Outcome:
        error = responses.escaped(self.seen.veil_text(f"{self.operation.name} {why}"))
        return Outcome(kind=kind, code=code, error=error)


class RpcRoute:
    """The way to one service over gRPC."""

    def __init__(self, service: Service, reach: Reach) -> None:
        self._service, self._reach = service, reach
        self._channels: Channels | None = None

    def prepare(
        self, operation: Operation, arguments: Mapping[str, Any], *, key: str | None, fence: Fence | None
    ) -> RpcWork:
        """Return one call, checked and ready."""
        binding = operation.binding
        if not isinstance(binding, GrpcBinding):
            raise TypeError(f"{operation.name} is not called over gRPC")
        requests.check(operation, arguments)
        message = _message(binding, arguments)
        seen = credentials(self._service, self._reach.secret)
        more = [] if key is None else [(operation.key_header, key)]
        told = metadata(self._service, seen, more)
        if self._channels is None:
            self._channels = Channels(self._service, self._reach.most_bytes)
        return RpcWork(operation, binding, arguments, message, told, self._channels, seen, fence)

    async def close(self) -> None:
        """Close the connections."""
        channels, self._channels = self._channels, None
        if channels is not None:
            await channels.close()


def _message(binding: GrpcBinding, arguments: Mapping[str, Any]) -> bytes:
    """Return the request that the arguments make; raise Unbuildable where they make none."""
    types = descriptors.unpacked(binding.descriptors)
    value = arguments if binding.argument is None else arguments[binding.argument]
    try:
        made = json_format.ParseDict(value, types.new(binding.request), descriptor_pool=types.pool)
    except (json_format.ParseError, TypeError, ValueError) as exc:
        raise Unbuildable(f"the arguments make no {binding.request}: {exc}") from None
    whole: bytes = made.SerializeToString()
    return whole


def _pause(exc: aio.AioRpcError) -> float | None:
    """Return the seconds that a service asks to be left alone."""
    for name, value in exc.trailing_metadata() or ():
        if name == _PUSHBACK:
            with suppress(ValueError):
                return max(0.0, int(value) / 1000)
    return None
