"""Look-ups: what a schema says about a dotted path of fields."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from tools.pointers import target

State = Literal["found", "absent", "open"]

_CONDITIONAL = ("if", "then", "else", "dependentSchemas", "$dynamicRef")


class Lookup(NamedTuple):
    """What a schema says about one path of fields."""

    schema: dict[str, Any] | None
    """The schema of the field, able to stand alone; None unless `state` is `found`."""

    state: State
    """`found`; `absent` where no value of the schema has it; `open` where the schema does not tell."""

    known: tuple[str, ...]
    """Names of the fields where the path ended or failed."""


class _Answer(NamedTuple):
    """What one schema says about one field."""

    state: State
    schemas: tuple[Any, ...]
    known: frozenset[str]
    closed: bool = False


_OPEN = _Answer("open", (), frozenset())
_ABSENT = _Answer("absent", (), frozenset(), closed=True)


def at(schema: Mapping[str, Any], fields: Sequence[str], *, strict: bool = False) -> Lookup:
    """Resolve a path of fields inside a schema; `strict` takes an object with `properties` as closed."""
    finder = _Finder(schema, strict=strict)
    here: Any = schema
    answer = _Answer("found", (schema,), frozenset())
    for field in fields:
        answer = finder.field(here, field, frozenset())
        if answer.state != "found":
            return Lookup(None, answer.state, tuple(sorted(answer.known)))
        here = _one(answer.schemas)
    return Lookup(standing(here, schema), "found", tuple(sorted(answer.known)))


def standing(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of a schema with the definitions that its references need."""
    if schema is root:
        return dict(root)
    if not isinstance(schema, Mapping):
        return {} if schema is not False else {"not": {}}
    references = set(filter(_is_local, _references(schema)))
    if not references:
        return dict(schema)
    named = {name: root[name] for name in ("$defs", "definitions") if name in root}
    if all(reference.startswith(("#/$defs/", "#/definitions/")) for reference in references | _inner(named)):
        return {**schema, **named}
    moved: dict[str, Any] = _moved(schema, "#/$defs/whole")
    return {**moved, "$defs": {"whole": _moved(root, "#/$defs/whole")}}


def together(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return an object schema of properties that stand alone; all are required, no other is allowed."""
    own = {name for name, item in properties.items() if any(map(_is_local, _references(item)))}
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": {
            name: {"$ref": f"#/$defs/{name}"} if name in own else dict(item)
            for name, item in properties.items()
        },
    }
    defs = {name: _moved(properties[name], f"#/$defs/{name}") for name in sorted(own)}
    return {**schema, "$defs": defs} if defs else schema


class _Finder:
    """Finds fields in the parts of one root schema."""

    def __init__(self, root: Mapping[str, Any], *, strict: bool) -> None:
        self._root, self._strict = root, strict

    def field(self, schema: Any, name: str, seen: frozenset[str]) -> _Answer:
        """Return what `schema` says about the field `name`; `seen` holds the references under way."""
        if not isinstance(schema, Mapping):
            return _ABSENT if schema is False else _OPEN
        answers = [self._own(schema, name)]
        if "$ref" in schema:
            answers.append(self._reference(str(schema["$ref"]), name, seen))
        answers += [self.field(member, name, seen) for member in schema.get("allOf", ())]
        answers += [
            self._either([self.field(member, name, seen) for member in schema[keyword]])
            for keyword in ("anyOf", "oneOf")
            if schema.get(keyword)
        ]
        loose = any(keyword in schema for keyword in _CONDITIONAL)
        return self._all(answers, loose=loose, sealed=schema.get("unevaluatedProperties") is False)

    def _reference(self, reference: str, name: str, seen: frozenset[str]) -> _Answer:
        if reference in seen:
            return _OPEN
        try:
            found = target(reference, self._root)
        except LookupError:
            return _OPEN
        return self.field(found, name, seen | {reference})

    def _own(self, schema: Mapping[str, Any], name: str) -> _Answer:
        types = schema.get("type")
        if types is not None and "object" not in ([types] if isinstance(types, str) else types):
            return _ABSENT
        properties = schema.get("properties", {})
        known = frozenset(properties)
        found = [properties[name]] if name in properties else []
        found += [
            value for pattern, value in schema.get("patternProperties", {}).items() if _matches(pattern, name)
        ]
        if found:
            return _Answer("found", tuple(found), known)
        return self._undeclared(schema, known)

    def _undeclared(self, schema: Mapping[str, Any], known: frozenset[str]) -> _Answer:
        rest = schema.get("additionalProperties")
        if isinstance(rest, Mapping) and rest:
            return _Answer("found", (rest,), known)
        if rest is False:
            return _Answer("absent", (), known, closed=True)
        if self._strict and rest is None and known and "patternProperties" not in schema:
            return _Answer("absent", (), known)
        return _Answer("open", (), known)

    def _all(self, answers: list[_Answer], *, loose: bool, sealed: bool) -> _Answer:
        """Join what several schemas say that hold at the same time."""
        known = frozenset[str]().union(*(answer.known for answer in answers))
        found = [schema for answer in answers if answer.state == "found" for schema in answer.schemas]
        if found:
            return _Answer("found", tuple(found), known)
        closed = sealed or any(answer.closed for answer in answers)
        absent = any(answer.state == "absent" for answer in answers) and not loose
        if closed or absent:
            return _Answer("absent", (), known, closed=closed)
        return _Answer("open", (), known)

    def _either(self, answers: list[_Answer]) -> _Answer:
        """Join what several schemas say of which one holds."""
        known = frozenset[str]().union(*(answer.known for answer in answers))
        found = [_one(answer.schemas) for answer in answers if answer.state == "found"]
        if found:
            unsure = [True] if any(answer.state == "open" for answer in answers) else []
            schemas = [*found, *unsure]
            return _Answer("found", (schemas[0] if len(schemas) == 1 else {"anyOf": schemas},), known)
        if all(answer.state == "absent" for answer in answers):
            return _Answer("absent", (), known, closed=all(answer.closed for answer in answers))
        return _Answer("open", (), known)


def _one(schemas: Sequence[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"allOf": list(schemas)}


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _references(item)


def _inner(named: Mapping[str, Any]) -> set[str]:
    return set(filter(_is_local, _references(named)))


def _is_local(reference: str) -> bool:
    return reference.startswith("#")


def _moved(value: Any, below: str) -> Any:
    """Return the schema with its references pointing below another place."""
    if isinstance(value, Mapping):
        return {name: _moved_value(name, item, below) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_moved(item, below) for item in value]
    return value


def _moved_value(name: str, item: Any, below: str) -> Any:
    if name == "$ref" and isinstance(item, str) and _is_local(item):
        return f"{below}{item[1:]}"
    return _moved(item, below)
