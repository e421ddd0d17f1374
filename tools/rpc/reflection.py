"""Reflection: the descriptor set of a running gRPC server, asked of the server itself."""

import queue
from collections.abc import Iterator
from typing import Self

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from tools.errors import CatalogInvalid
from tools.problems import Problem

SECONDS = 10.0
"""Longest that a server may take in all."""
MOST_BYTES = 10_000_000
MOST_FILES = 2_000

# Both versions have the same messages.
_METHODS = tuple(
    f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha")
)
_OWN = "grpc."


def descriptor_set(channel: grpc.Channel, *, seconds: float = SECONDS) -> bytes:
    """Return the serialised descriptor set of all services of a server but those of gRPC itself.

    Raises:
        CatalogInvalid: the server cannot be reached, has no reflection, or tells nothing that can be used.
    """
    *others, last = _METHODS
    for method in others:
        try:
            return _asked(channel, method, seconds)
        except grpc.RpcError as exc:
            if exc.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise _silent(exc) from exc
    try:
        return _asked(channel, last, seconds)
    except grpc.RpcError as exc:
        raise _silent(exc) from exc


def _asked(channel: grpc.Channel, method: str, seconds: float) -> bytes:
    stream = channel.stream_stream(
        method,
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )
    with _Talk(stream, seconds) as talk:
        return talk.descriptor_set()


class _Talk:
    """One stream of questions and answers."""

    def __init__(self, stream: grpc.StreamStreamMultiCallable, seconds: float) -> None:
        self._questions: queue.SimpleQueue[ServerReflectionRequest | None] = queue.SimpleQueue()
        self._answers = stream(iter(self._questions.get, None), timeout=seconds, wait_for_ready=False)
        self._files: dict[str, FileDescriptorProto] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._questions.put(None)
        self._answers.cancel()

    def descriptor_set(self) -> bytes:
        """Return the files of all services with all that they need."""
        listed = self._ask(ServerReflectionRequest(list_services="")).list_services_response.service
        for name in sorted(each.name for each in listed if not each.name.startswith(_OWN)):
            self._take(ServerReflectionRequest(file_containing_symbol=name))
        waiting = list(self._missing())
        while waiting:
            self._take(ServerReflectionRequest(file_by_filename=waiting[0]))
            if waiting[0] not in self._files or len(self._files) > MOST_FILES:
                raise _invalid(f"It did not tell its file {waiting[0]!r}.")
            waiting = list(self._missing())
        if not self._files:
            raise _invalid("It has no services.")
        whole: bytes = FileDescriptorSet(file=self._files.values()).SerializeToString(deterministic=True)
        return whole

    def _missing(self) -> Iterator[str]:
        for file in self._files.values():
            yield from (name for name in file.dependency if name not in self._files)

    def _take(self, question: ServerReflectionRequest) -> None:
        for told in self._ask(question).file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(told)
            self._files[file.name] = file

    def _ask(self, question: ServerReflectionRequest) -> ServerReflectionResponse:
        self._questions.put(question)
        answer: ServerReflectionResponse = next(self._answers)
        if answer.HasField("error_response"):
            raise _invalid(f"It refused to tell: {answer.error_response.error_message}.")
        return answer


def _silent(exc: grpc.RpcError) -> CatalogInvalid:
    if exc.code() is grpc.StatusCode.UNIMPLEMENTED:
        return _invalid("It has no reflection.")
    return _invalid(f"It answered {exc.code().name}: {exc.details()}.")


def _invalid(why: str) -> CatalogInvalid:
    return CatalogInvalid(
        [
            Problem(
                path="",
                code="no-reflection",
                message=f"The server's services cannot be read by reflection. {why}",
                remedy="Turn reflection on, or import a descriptor set.",
            )
        ]
    )
