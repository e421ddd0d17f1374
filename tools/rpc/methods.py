"""Methods: the operations of gRPC services, from their descriptors."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodOptions

from tools.identifiers import camel_case, identifier
from tools.omissions import Omission
from tools.operations import EffectClass, EffectSource, GrpcBinding, JsonSchema, Operation
from tools.rpc import descriptors, messages
from tools.rpc.descriptors import Types

WHOLE = "body"
"""The argument that is the whole request, where that is no object with fields of its own."""

_OWN = "grpc."
"""Package of the services that belong to gRPC itself, such as reflection and health."""
_EFFECTS: Mapping[int, EffectClass] = {
    MethodOptions.NO_SIDE_EFFECTS: "read",
    MethodOptions.IDEMPOTENT: "idempotent",
}
_LONGEST_SUMMARY = 200
_SERVICE, _METHOD = 6, 2
"""Numbers of these fields in the paths of comments."""


class Found(NamedTuple):
    """What the services of a descriptor set can do."""

    operations: list[Operation]
    omissions: list[Omission]


def read(data: bytes, *, service: str) -> Found:
    """Return the operations of a serialised descriptor set; raise CatalogInvalid where it is none."""
    types = descriptors.read(data)
    omissions: list[Omission] = []
    callable_methods: list[MethodDescriptor] = []
    for method in types.methods():
        if why := _unfit(method):
            omissions.append(Omission(method.full_name, why))
        else:
            callable_methods.append(method)
    names = _names(callable_methods)
    comments = dict(_comments(types.files.values()))
    operations = [
        _operation(method, f"{service}.{names[method.full_name]}", types, comments)
        for method in callable_methods
    ]
    return Found(sorted(operations, key=lambda operation: operation.name), omissions)


def _unfit(method: MethodDescriptor) -> str | None:
    """Return why no operation can be made of a method."""
    if method.full_name.startswith(_OWN):
        return "belongs to gRPC itself"
    ways = [
        name
        for name, streams in (("requests", method.client_streaming), ("answers", method.server_streaming))
        if streams
    ]
    return f"streams its {' and '.join(ways)}; a step makes one call with one answer" if ways else None


def _names(methods: list[MethodDescriptor]) -> dict[str, str]:
    """Return the short name of each method by its full one, with its service where others have it too."""
    counts = Counter(method.name for method in methods)
    names: dict[str, str] = {}
    for method in methods:
        service = method.containing_service.name
        wanted = method.name if counts[method.name] == 1 else camel_case(f"{service} {method.name}")
        names[method.full_name] = identifier(wanted, method="call", path=wanted, taken=set(names.values()))
    return names


def _operation(method: MethodDescriptor, name: str, types: Types, comments: Mapping[str, str]) -> Operation:
    request, response = method.input_type, method.output_type
    taken = messages.schema(request, "request")
    is_whole = messages.is_whole(request)
    effect, source = _effect(method)
    binding = GrpcBinding(
        path=f"/{method.containing_service.full_name}/{method.name}",
        request=request.full_name,
        response=response.full_name,
        argument=WHOLE if is_whole else None,
        descriptors=descriptors.packed(types, (request.full_name, response.full_name)),
    )
    return Operation(
        name=name,
        service=name.partition(".")[0],
        summary=comments.get(method.full_name, f"{method.containing_service.name} {method.name}"),
        input=_wrapped(taken) if is_whole else taken,
        output=messages.schema(response, "response"),
        effect=effect,
        effect_source=source,
        binding=binding,
    )


def _wrapped(taken: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "properties": {WHOLE: taken},
        "required": [WHOLE],
        "additionalProperties": False,
    }


def _effect(method: MethodDescriptor) -> tuple[EffectClass, EffectSource]:
    told = _EFFECTS.get(method.GetOptions().idempotency_level)
    return (told, "guessed") if told else ("write", "default")


def _comments(files: Iterable[FileDescriptorProto]) -> Iterator[tuple[str, str]]:
    """Return the first line of the comment before each method that has one."""
    for file in files:
        for location in file.source_code_info.location:
            lines = location.leading_comments.strip().splitlines()
            match list(location.path):
                case [service, index, method, number] if (service, method) == (_SERVICE, _METHOD) and lines:
                    owner = file.service[index]
                    full = ".".join(filter(None, (file.package, owner.name, owner.method[number].name)))
                    yield full, lines[0].strip()[:_LONGEST_SUMMARY]
