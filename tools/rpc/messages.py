"""Messages: protobuf messages as JSON Schema 2020-12, by the JSON mapping of proto3."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Literal

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

Direction = Literal["request", "response"]

_INT32 = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_UINT32 = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_TEXT = {"type": "string"}
_SIGNED, _UNSIGNED = r"^-?[0-9]{1,19}$", r"^[0-9]{1,20}$"
_SCALARS: Mapping[int, dict[str, Any]] = {
    FieldDescriptor.CPPTYPE_INT32: _INT32,
    FieldDescriptor.CPPTYPE_UINT32: _UINT32,
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
}
_LONG: Mapping[int, str] = {
    FieldDescriptor.CPPTYPE_INT64: _SIGNED,
    FieldDescriptor.CPPTYPE_UINT64: _UNSIGNED,
}
_KEYS: Mapping[int, str] = {
    FieldDescriptor.CPPTYPE_BOOL: "^(true|false)$",
    FieldDescriptor.CPPTYPE_INT32: _SIGNED,
    FieldDescriptor.CPPTYPE_INT64: _SIGNED,
    FieldDescriptor.CPPTYPE_UINT32: _UNSIGNED,
    FieldDescriptor.CPPTYPE_UINT64: _UNSIGNED,
}
_BYTES = {"type": "string", "contentEncoding": "base64"}
_WELL_KNOWN: Mapping[str, dict[str, Any]] = {
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": _TEXT},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": _TEXT,
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Value": {},
}
_WRAPPERS = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)
_BEHAVIOUR, _REQUIRED = 1052, 2
"""The option `google.api.field_behavior`, and its value for fields that a request must have."""
_NULL = "google.protobuf.NullValue"


def is_whole(message: Descriptor) -> bool:
    """Tell whether the JSON form of a message is not an object with the message's own fields."""
    return message.full_name in _WELL_KNOWN or message.full_name in _WRAPPERS


def schema(message: Descriptor, direction: Direction) -> dict[str, Any]:
    """Return the JSON Schema of a message, with the definitions that it needs.

    In a request every field may be left out but those that proto2 or `google.api.field_behavior` requires.
    An answer has all its fields but those that can be told to be absent (messages, members of a `oneof`,
    `optional` fields).
    """
    return _Writer(direction).whole(message)


class _Writer:
    """Writes schemas of one direction; every message that others hold once, under `$defs`."""

    def __init__(self, direction: Direction) -> None:
        self._is_request = direction == "request"
        self._names: dict[str, str] = {}
        self._defined: dict[str, Any] = {}

    def whole(self, message: Descriptor) -> dict[str, Any]:
        """Return the schema that stands alone."""
        plain = self._plain(message)
        made = self._object(message) if plain is None else plain
        return {**made, "$defs": dict(sorted(self._defined.items()))} if self._defined else made

    def _plain(self, message: Descriptor) -> dict[str, Any] | None:
        """Return the schema of a message that JSON writes in a way of its own; None for any other."""
        if message.full_name in _WRAPPERS:
            return self._single(message.fields_by_name["value"])
        found = _WELL_KNOWN.get(message.full_name)
        return None if found is None else dict(found)

    def _object(self, message: Descriptor) -> dict[str, Any]:
        fields = sorted(message.fields, key=lambda field: field.number)
        made: dict[str, Any] = {
            "title": message.name,
            "type": "object",
            "properties": {field.json_name: self._field(field) for field in fields},
            "required": [field.json_name for field in fields if self._is_required(field)],
            "additionalProperties": False,
        }
        if self._is_request and (pairs := list(_exclusive(message))):
            made["not"] = {"anyOf": [{"required": pair} for pair in pairs]}
        return made

    def _is_required(self, field: FieldDescriptor) -> bool:
        if self._is_request:
            return field.is_required or _REQUIRED in _behaviours(field)
        return field.is_required or not field.has_presence

    def _field(self, field: FieldDescriptor) -> dict[str, Any]:
        if _is_map(field):
            entry = field.message_type.fields_by_name
            made = {"type": "object", "additionalProperties": self._single(entry["value"])}
            pattern = _KEYS.get(entry["key"].cpp_type)
            return {**made, "propertyNames": {"pattern": pattern}} if pattern else made
        single = self._single(field)
        return {"type": "array", "items": single} if field.is_repeated else single

    def _single(self, field: FieldDescriptor) -> dict[str, Any]:
        if field.message_type is not None:
            plain = self._plain(field.message_type)
            return self._reference(field.message_type) if plain is None else plain
        if field.enum_type is not None:
            return _enum(field.enum_type)
        if field.cpp_type in _LONG:
            # JSON's numbers are too short for these, so the mapping writes texts; in requests both are taken.
            types = ["string", "integer"] if self._is_request else "string"
            return {"type": types, "pattern": _LONG[field.cpp_type]}
        if field.type == FieldDescriptor.TYPE_BYTES:
            return dict(_BYTES)
        return dict(_SCALARS.get(field.cpp_type, _TEXT))

    def _reference(self, message: Descriptor) -> dict[str, Any]:
        name = self._names.get(message.full_name)
        if name is None:
            taken = self._names.values()
            name = message.name if message.name not in taken else message.full_name
            self._names[message.full_name] = name
            self._defined[name] = self._object(message)
        return {"$ref": f"#/$defs/{name}"}


def _behaviours(field: FieldDescriptor) -> set[int]:
    """Return what `google.api.field_behavior` says of a field, whose definition no set needs to hold."""
    found: set[int] = set()
    for option in UnknownFieldSet(field.GetOptions()):
        if option.field_number == _BEHAVIOUR:
            # Packed values come as bytes, each below 128.
            found |= set(option.data) if isinstance(option.data, bytes) else {option.data}
    return found


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _enum(enum: EnumDescriptor) -> dict[str, Any]:
    if enum.full_name == _NULL:
        return {"type": "null"}
    return {"type": "string", "enum": [value.name for value in enum.values]}


def _exclusive(message: Descriptor) -> Iterator[list[str]]:
    """Return the pairs of fields of which one may be given."""
    for oneof in message.oneofs:
        yield from (list(pair) for pair in combinations([field.json_name for field in oneof.fields], 2))
