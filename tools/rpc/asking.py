"""Asking: the descriptor set of a running gRPC server, by its own reflection."""

import asyncio
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError
from grpc import StatusCode, aio
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from tools.access import Service
from tools.credentials import credentials
from tools.errors import Unlisted
from tools.requests import Unbuildable
from tools.responses import escaped
from tools.routes import Reach
from tools.rpc.channels import Channels, Unreached
from tools.rpc.metadata import Metadata, metadata

SECONDS = 10.0
"""Longest that a server may take in all."""
MOST_FILES = 2_000

# Both versions have the same messages.
_VERSIONS = ("v1", "v1alpha")
_OWN = "grpc."
"""Package of the services that belong to gRPC itself."""


class _Silent(Exception):
    """The server does not tell; the message says why."""


async def ask(service: Service, reach: Reach) -> bytes:
    """Return the descriptor set of a server's services, without those of gRPC itself.

    Raises:
        Unlisted: it cannot be reached, has no reflection, or tells nothing that can be used.
        SecretMissing: it needs a secret that has no value.
    """
    seen = credentials(service, reach.secret)
    try:
        channels = Channels(service, reach.most_bytes)
        told = metadata(service, seen)
        try:
            async with asyncio.timeout(SECONDS):
                return await _asked(await channels.ready(), told)
        finally:
            await channels.close()
    except TimeoutError as exc:
        raise Unlisted(service.name, f"it gave no answer within {SECONDS:g} s") from exc
    except Unreached as exc:
        raise Unlisted(service.name, f"nothing speaks gRPC at {service.base_url}") from exc
    except aio.AioRpcError as exc:
        why = f"it answered {exc.code().name}: {exc.details()}"
        raise Unlisted(service.name, escaped(seen.veil_text(why))) from exc
    except (Unbuildable, _Silent, DecodeError) as exc:
        raise Unlisted(service.name, escaped(seen.veil_text(str(exc)))) from exc


async def _asked(channel: aio.Channel, told: Metadata) -> bytes:
    for version in _VERSIONS:
        method = channel.unary_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        try:
            return await _Talk(method, told).descriptor_set()
        except aio.AioRpcError as exc:
            if exc.code() is not StatusCode.UNIMPLEMENTED:
                raise
    raise _Silent("it has no reflection; turn that on, or make a descriptor set with protoc")


class _Talk:
    """Questions and their answers, each in a stream of its own.

    Writing into a stream that has ended meanwhile would hide why it has.
    """

    def __init__(self, method: Any, told: Metadata) -> None:
        self._method, self._told = method, told
        self._files: dict[str, FileDescriptorProto] = {}

    async def descriptor_set(self) -> bytes:
        """Return the files of all services with all that they need."""
        listed = (await self._ask(ServerReflectionRequest(list_services=""))).list_services_response.service
        for name in sorted(each.name for each in listed if not each.name.startswith(_OWN)):
            await self._take(ServerReflectionRequest(file_containing_symbol=name))
        while missing := next(self._missing(), None):
            await self._take(ServerReflectionRequest(file_by_filename=missing))
            if missing not in self._files:
                raise _Silent(f"it does not tell its file {missing!r}")
        if not self._files:
            raise _Silent("it has no services")
        whole: bytes = FileDescriptorSet(file=self._files.values()).SerializeToString(deterministic=True)
        return whole

    def _missing(self) -> Iterator[str]:
        for file in self._files.values():
            yield from (name for name in file.dependency if name not in self._files)

    async def _take(self, question: ServerReflectionRequest) -> None:
        for told in (await self._ask(question)).file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(told)
            self._files[file.name] = file
        if len(self._files) > MOST_FILES:
            raise _Silent(f"it tells more than {MOST_FILES} files")

    async def _ask(self, question: ServerReflectionRequest) -> ServerReflectionResponse:
        stream = self._method(question, metadata=self._told)
        try:
            answer = await stream.read()
        finally:
            stream.cancel()
        if answer is aio.EOF:
            raise _Silent("it ended its answers early")
        if answer.HasField("error_response"):
            raise _Silent(f"it refuses to tell: {answer.error_response.error_message}")
        return answer
