"""Descriptors: what a protobuf schema says of services and messages, read from a descriptor set."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from google.protobuf import (
    any_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from tools.errors import CatalogInvalid
from tools.problems import Problem

_MODULES = (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
_BROUGHT: Mapping[str, bytes] = {
    module.DESCRIPTOR.name: module.DESCRIPTOR.serialized_pb for module in _MODULES
}
"""Files that protobuf itself brings, so that a set may leave them out."""
_MADE = "Make one with `protoc --include_imports --descriptor_set_out=FILE`."
_CACHED = 512


class Types(NamedTuple):
    """What one descriptor set holds."""

    pool: DescriptorPool
    files: Mapping[str, FileDescriptorProto]
    """By name; what others need stands before them."""

    def message(self, name: str) -> Descriptor:
        """Return the message of this full name; raise KeyError where there is none."""
        return self.pool.FindMessageTypeByName(name)

    def new(self, name: str) -> Message:
        """Return an empty message of this full name; raise KeyError where there is none."""
        return message_factory.GetMessageClass(self.message(name))()

    def methods(self) -> Iterator[MethodDescriptor]:
        """Return the methods of all services, in the order of their files."""
        for file in self.files.values():
            for service in file.service:
                yield from self.pool.FindServiceByName(_within(file.package, service.name)).methods


def read(data: bytes) -> Types:
    """Return what a serialised FileDescriptorSet holds; raise CatalogInvalid where it is none, or partial."""
    try:
        found = FileDescriptorSet.FromString(data)
    except DecodeError:
        raise _invalid("no-descriptors", "This is no protobuf descriptor set.", _MADE) from None
    if not found.file:
        raise _invalid("no-descriptors", "The descriptor set holds no file.", _MADE)
    return _types({file.name: file for file in found.file})


@lru_cache(maxsize=_CACHED)
def unpacked(text: str) -> Types:
    """Return what `packed` made."""
    return read(base64.b64decode(text))


def packed(types: Types, names: Iterable[str]) -> str:
    """Return, in base64, a descriptor set of these messages and all that they hold, and of nothing else."""
    reached = _reached(types.message(name) for name in names)
    kept: list[FileDescriptorProto] = []
    for file in types.files.values():
        cut = _cut_file(file, types, reached)
        if cut is not None:
            # What a file got through others' public imports is named here itself.
            cut.dependency.extend(other.name for other in kept)
            kept.append(cut)
    whole = FileDescriptorSet(file=kept).SerializeToString(deterministic=True)
    return base64.b64encode(whole).decode()


def _types(given: Mapping[str, FileDescriptorProto]) -> Types:
    files: dict[str, FileDescriptorProto] = {}
    for name in given:
        _order(name, given, files, ())
    pool = DescriptorPool()
    for file in files.values():
        try:
            pool.Add(file)
        except TypeError as exc:
            why = f"The file {file.name!r} of the descriptor set cannot be used: {exc}."
            raise _invalid("no-descriptors", why, _MADE) from None
    return Types(pool, files)


def _order(
    name: str,
    given: Mapping[str, FileDescriptorProto],
    files: dict[str, FileDescriptorProto],
    way: tuple[str, ...],
) -> None:
    """Put a file behind all that it needs; raise CatalogInvalid where something is missing or circular."""
    if name in files:
        return
    if name in way:
        raise _invalid("no-descriptors", f"The file {name!r} of the descriptor set needs itself.", _MADE)
    file = given.get(name)
    if file is None and name in _BROUGHT:
        file = FileDescriptorProto.FromString(_BROUGHT[name])
    if file is None:
        why = f"The descriptor set names {name!r}, and does not hold it."
        raise _invalid("no-descriptors", why, _MADE)
    for needed in file.dependency:
        _order(needed, given, files, (*way, name))
    files[name] = file


def _reached(messages: Iterable[Descriptor]) -> set[str]:
    """Return the full names of messages and enums that these hold, themselves included."""
    waiting = list(messages)
    reached = {message.full_name for message in waiting}
    while waiting:
        for field in waiting.pop().fields:
            held = field.message_type or field.enum_type
            if held is not None and held.full_name not in reached:
                reached.add(held.full_name)
                waiting += [field.message_type] if field.message_type else []
    return reached


def _cut_file(file: FileDescriptorProto, types: Types, reached: set[str]) -> FileDescriptorProto | None:
    """Return the file with what was reached alone; None where that is nothing."""
    cut = FileDescriptorProto(name=file.name, package=file.package)
    if file.syntax:
        cut.syntax = file.syntax
    if file.HasField("edition"):
        cut.edition = file.edition
    if file.options.HasField("features"):
        cut.options.features.CopyFrom(file.options.features)
    messages = (_cut(message, file.package, types, reached) for message in file.message_type)
    cut.message_type.extend(message for message in messages if message is not None)
    cut.enum_type.extend(enum for enum in file.enum_type if _within(file.package, enum.name) in reached)
    return cut if cut.message_type or cut.enum_type else None


def _cut(message: DescriptorProto, scope: str, types: Types, reached: set[str]) -> DescriptorProto | None:
    """Return a message with what was reached of it; one that only stands around others loses its fields."""
    name = _within(scope, message.name)
    cut = DescriptorProto()
    cut.CopyFrom(message)
    for part in ("nested_type", "enum_type", "extension"):
        cut.ClearField(part)
    nested = (_cut(inner, name, types, reached) for inner in message.nested_type)
    cut.nested_type.extend(inner for inner in nested if inner is not None)
    cut.enum_type.extend(enum for enum in message.enum_type if _within(name, enum.name) in reached)
    if name not in reached:
        cut.ClearField("field")
        cut.ClearField("oneof_decl")
        return cut if cut.nested_type or cut.enum_type else None
    for field in cut.field:
        # The compiler writes this name, and a server's reflection leaves it out.
        field.json_name = types.message(name).fields_by_name[field.name].json_name
    return cut


def _within(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name


def _invalid(code: str, message: str, remedy: str) -> CatalogInvalid:
    return CatalogInvalid([Problem(path="", code=code, message=message, remedy=remedy)])
