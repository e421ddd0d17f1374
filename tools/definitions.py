"""Definitions: the schemas of a service's document as JSON Schema 2020-12 that stands alone."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tools import validators
from tools.pointers import follow
from tools.problems import Problem
from tools.references import Broken, Located, References
from tools.wording import hint, show

Direction = Literal["request", "response"]

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
# Published documents use the words of programming languages; what they mean is plain.
_MEANT = {
    "bool": "boolean",
    "date": "string",
    "datetime": "string",
    "dict": "object",
    "double": "number",
    "float": "number",
    "int": "integer",
    "list": "array",
    "long": "integer",
    "map": "object",
    "str": "string",
    "text": "string",
    "uuid": "string",
}
_ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"dependentSchemas", "patternProperties", "properties"})
_DROPPED = frozenset(
    {
        "$anchor",
        "$defs",
        "$id",
        "$schema",
        "definitions",
        "discriminator",
        "example",
        "externalDocs",
        "nullable",
        "xml",
    }
)
_LABEL = "x-label"
"""The one extension that is kept: what a value must be kept from."""
_HIDDEN: dict[Direction, str] = {"request": "readOnly", "response": "writeOnly"}
_SHAPES: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_BINARY = {
    "type": "object",
    "description": "Bytes.",
    "properties": {"base64": {"type": "string"}, "content_type": {"type": "string"}},
    "required": ["base64"],
    "additionalProperties": False,
}


class Definitions:
    """Converts schemas on one way, requests or answers; every named schema once."""

    def __init__(self, references: References, direction: Direction, *, siblings: bool) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        """What was read although it is wrong."""
        self._references, self._hidden = references, _HIDDEN[direction]
        self._is_request = direction == "request"
        self._siblings = siblings
        self._names: dict[tuple[str, str], str] = {}
        self._schemas: dict[str, Any] = {}

    def convert(self, located: Located) -> Any:
        """Return the schema in JSON Schema 2020-12, its references pointing below `#/$defs`."""
        schema = located.value
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping):
            self.note(located, "wrong-type", "A schema must be an object.", "Write an object, such as {}.")
            return True
        if isinstance(schema.get("$ref"), str):
            return self._reference(located)
        found = {
            key: value
            for name in schema
            if name not in _DROPPED and (name == _LABEL or not name.startswith("x-"))
            for key, value in self._keyword(name, located.child(name))
        }
        if "oneOf" in found and "anyOf" not in found:
            # Published forms overlap (`integer` and `number`, objects without required fields), and what fits
            # two of them is what their authors meant.
            found["anyOf"] = found.pop("oneOf")
        self._show(found, located)
        return self._nullable(self._repaired(found, located), schema)

    def bundle(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema together with every definition that it needs."""
        needed: dict[str, Any] = {}
        waiting = list(_references(schema))
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed[name] = self._schemas[name]
                waiting += _references(self._schemas[name])
        return {**schema, "$defs": dict(sorted(needed.items()))} if needed else dict(schema)

    def behind(self, schema: Any) -> Any:
        """Return the converted schema that a converted reference stands for."""
        return follow(schema, {"$defs": self._schemas})

    def _reference(self, located: Located) -> dict[str, Any]:
        try:
            name = self._name(located)
        except Broken as exc:
            self.problems.append(exc.problem)
            return {}
        reference = {"$ref": f"#/$defs/{name}"}
        rest = {key: value for key, value in located.value.items() if key != "$ref"}
        if not self._siblings or not rest:
            return reference
        beside = self.convert(Located(rest, located.base, located.path))
        return {**beside, **reference}

    def _name(self, located: Located) -> str:
        target = self._references.target(located, located.value["$ref"])
        key = (target.base, target.path)
        if key not in self._names:
            self._names[key] = name = self._free_name(target.path)
            self._schemas[name] = True
            self._schemas[name] = self.convert(target)
        return self._names[key]

    def _free_name(self, path: str) -> str:
        stem = _NOT_A_NAME.sub("_", path.rsplit("/", 1)[-1].replace("~1", "/")).strip("_") or "Schema"
        name, number = stem, 2
        while name in self._schemas:
            name, number = f"{stem}_{number}", number + 1
        return name

    def _keyword(self, name: str, located: Located) -> Iterator[tuple[str, Any]]:
        value = located.value
        wanted = _shape(name, value)
        if wanted is not None and not isinstance(value, wanted):
            # `required: true` beside a type is an old habit that says nothing here.
            if not (name == "required" and isinstance(value, bool)):
                remedy = f"It must be {_SHAPES[wanted]}."
                self.note(located, "wrong-type", f"`{name}` is {show(value)}.", remedy)
        elif name in _ONE and not isinstance(value, list):
            yield name, self.convert(located)
        elif name in _LIST or name == "items":
            items = [self.convert(located.child(index)) for index in range(len(value))]
            yield ("prefixItems" if name == "items" else name), items
        elif name in _NAMED:
            yield name, {key: self.convert(located.child(key)) for key in value}
        else:
            yield from self._plain(name, located)

    def _plain(self, name: str, located: Located) -> Iterator[tuple[str, Any]]:
        if name == "type":
            yield from self._type(located)
        # A dialect of regular expressions that the validator cannot read must not cost the operation.
        elif name != "pattern" or not validators.faults({"pattern": located.value}):
            yield name, located.value

    def _type(self, located: Located) -> Iterator[tuple[str, Any]]:
        if located.value == "file":
            yield "type", "string"
            yield "format", "binary"
            return
        is_list = isinstance(located.value, list)
        given = [str(name) for name in (located.value if is_list else [located.value])]
        names = list(dict.fromkeys(self._type_name(name, located) for name in given))
        if names and "any" not in names:
            yield "type", names if is_list else names[0]

    def _type_name(self, name: str, located: Located) -> str:
        """Return the type that is meant; `any`, with a warning, where nobody can tell."""
        meant = name if name in _TYPES else _MEANT.get(name, "any")
        if meant != name:
            said = "any value is taken" if meant == "any" else f"it is read as {meant!r}"
            remedy = f"Write {meant!r}." if name in _MEANT else hint(name, _TYPES)
            self._warn(located, "unknown-type", f"There is no type {name!r}; {said}.", remedy)
        return meant

    def _repaired(self, schema: dict[str, Any], located: Located) -> dict[str, Any]:
        for name, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(schema.get(name), bool):
                is_exclusive = schema.pop(name)
                if is_exclusive and limit in schema:
                    schema[name] = schema.pop(limit)
        if schema.get("enum") and "type" in schema:
            self._agree(schema, located)
        if "required" in schema:
            schema["required"] = self._visible(schema["required"], located.child("properties"))
        if self._is_request and schema.get("format") == "binary" and schema.get("type") == "string":
            return {"anyOf": [schema, _BINARY]}
        return schema

    def _agree(self, schema: dict[str, Any], located: Located) -> None:
        """Drop a type that none of the listed values has, since no value at all would fit."""
        if not any(validators.valid({"type": schema["type"]}, value) for value in schema["enum"]):
            message = f"No value of `enum` has the type {schema['type']!r}; the values count."
            self._warn(located.child("type"), "wrong-type", message, "Let the type fit the values.")
            del schema["type"]

    def _visible(self, required: list[Any], properties: Located) -> list[str]:
        """Return the required names without those that only the other side may write."""
        names = dict.fromkeys(str(name) for name in required)
        return [name for name in names if not self._is_hidden(properties.child(name))]

    def _is_hidden(self, located: Located) -> bool:
        try:
            found = self._references.follow(located).value
        except Broken:
            return False
        return any(
            isinstance(schema, Mapping) and schema.get(self._hidden) is True
            for schema in (located.value, found)
        )

    def _show(self, schema: dict[str, Any], located: Located) -> None:
        if "example" in located.value and "examples" not in schema:
            schema["examples"] = [located.value["example"]]
        elif not isinstance(schema.get("examples", []), list):
            del schema["examples"]

    def _nullable(self, schema: dict[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
        if source.get("nullable") is not True and source.get("x-nullable") is not True:
            return schema
        types = schema.get("type")
        if types is None:
            limited = schema.keys() & {"allOf", "anyOf", "enum", "not", "oneOf", "properties"}
            return {"anyOf": [schema, {"type": "null"}]} if limited else schema
        names = types if isinstance(types, list) else [types]
        schema["type"] = [*names, *(["null"] if "null" not in names else [])]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema

    def _warn(self, located: Located, code: str, message: str, remedy: str) -> None:
        self.warnings.append(Problem(path=located.path, code=code, message=message, remedy=remedy))

    def note(self, located: Located, code: str, message: str, remedy: str) -> None:
        """Remember a problem."""
        self.problems.append(Problem(path=located.path, code=code, message=message, remedy=remedy))


def _shape(name: str, value: Any) -> type | None:
    """Return the kind of value that a keyword must have; None where the validator will tell."""
    if name in _LIST or name in {"enum", "required"}:
        return list
    if name == "$ref":
        return str
    if name in _NAMED:
        return dict
    is_free = isinstance(value, bool) or (name == "items" and isinstance(value, list))
    return dict if name in _ONE and not is_free else None


def _references(schema: Any) -> Iterator[str]:
    """Return the names that the parts of a converted schema refer to."""
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        yield str(schema["$ref"]).removeprefix("#/$defs/")
    for name, value in schema.items():
        if name in _ONE:
            yield from _references(value)
        elif name in _LIST:
            yield from (found for member in value for found in _references(member))
        elif name in _NAMED:
            yield from (found for field in value.values() for found in _references(field))
