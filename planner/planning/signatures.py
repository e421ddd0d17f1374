"""Signatures: of which kinds an operation's arguments and answers are, read from its schemas and names. Pure.

A kind is a thing (`order`), one of its fields (`order.total`), a list of things (`order[]`), or a bare word
(`sku`) that a field of that name stands in for. Whoever knows better says so in the catalogue, under `kinds`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from planner.planning.reach import Producer
from tools import lookups, schemas
from tools.operations import HttpBinding, JsonSchema, Operation
from tools.pointers import target

CACHED = 100_000
"""Names that are taken apart once; a catalogue repeats the same few thousand."""
DEEPEST = 3
"""How far into an answer its fields are read."""


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


GENERAL = _words_of(
    "code comment content count data date description format id items key kind label language limit message "
    "mode name note number offset order page query reason reference result results size sort state status "
    "subject success text time title to total type value version"
)
"""Words that say nothing by themselves: a `status` is no other thing's status."""
COSTS: Mapping[str, float] = {"read": 1, "idempotent": 10, "keyed": 10, "write": 20, "irreversible": 100}
"""What a call counts for by its effect class, so that looking comes before doing."""
_VERBS = _words_of(
    "add cancel change charge check confirm create delete do fetch find get list look make patch place post "
    "put read remove search send set show start stop submit track update"
)
_PLAIN = frozenset({"type", "properties", "required", "additionalProperties", "$defs"})
"""Keywords of an object schema whose properties alone say what a field is."""
_SAME = _words_of("cookie movie news series species")
_ID = re.compile(r"^(.+?)_?ids?$")
_LETTERS = re.compile(r"[^\W_]+")
"""Words in scripts that have no small and capital letters to tell words apart by."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class Argument(NamedTuple):
    """One argument of an operation."""

    name: str
    kind: str
    schema: JsonSchema
    """Able to stand alone."""
    required: bool

    @property
    def fixed(self) -> tuple[Any, ...]:
        """Return the one value that it can have, as its schema says; nothing where there are others."""
        if "const" in self.schema:
            return (self.schema["const"],)
        allowed = self.schema.get("enum", ())
        return tuple(allowed) if len(allowed) == 1 else ()


class Field(NamedTuple):
    """A part of an operation's answer; the whole where the path is empty."""

    path: tuple[str, ...]
    kinds: tuple[str, ...]
    """Kinds that it can stand for, the most telling first."""
    certain: bool
    """Whether every answer holds it, as far as the schema says."""


class Signature(NamedTuple):
    """What an operation takes and gives."""

    operation: str
    entity: str
    """What it is about, such as `order`."""
    arguments: tuple[Argument, ...]
    fields: tuple[Field, ...]
    cost: float
    listed: frozenset[str] = frozenset()
    """Kinds of the fields of things in lists of the answer; one thing must be picked for a value."""

    @property
    def producer(self) -> Producer:
        """Return the operation as composition sees it; that it was called is of a kind of its own."""
        needs = frozenset(item.kind for item in self.arguments if item.required and not item.fixed)
        gives = frozenset(kind for field in self.fields for kind in field.kinds)
        return Producer(self.operation, needs, gives | {self.operation}, self.cost)


def sign(operation: Operation) -> Signature:
    """Return the signature of an operation."""
    entity = _entity(operation)
    required = set(operation.input.get("required", ()))
    arguments = tuple(
        Argument(name, _argument(operation, name, schema), _standing(operation, name), name in required)
        for name, schema in _properties(operation.input, operation.input)
    )
    output = operation.output or {}
    fields = tuple(_fields(output, output, entity, declared=operation.kinds))
    listed = frozenset(_listed(output, output, entity))
    return Signature(operation.name, entity, arguments, fields, COSTS[operation.effect], listed)


@lru_cache(maxsize=CACHED)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters, however they are joined."""
    if not name.isascii():
        return tuple(word.lower() for word in _LETTERS.findall(name))
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=CACHED)
def snake(name: str) -> str:
    """Return a name with its words joined by `_`."""
    return "_".join(words(name)) or name


@lru_cache(maxsize=CACHED)
def singular(word: str) -> str:
    """Return the English singular of a word, as far as its ending tells."""
    if word in _SAME or word.removesuffix("s") in _SAME:
        return word if word in _SAME else word.removesuffix("s")
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    is_plural = word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if is_plural and len(word) > 2 else word  # noqa: PLR2004 - no word of two letters is one


@lru_cache(maxsize=CACHED)
def field_kinds(entity: str, name: str) -> tuple[str, ...]:
    """Return the kinds of a field of a thing by its name: `payment_id` of an order is a `payment.id`."""
    plain = snake(name)
    if plain == "id":
        return (f"{entity}.id",)
    if (found := _ID.match(plain)) and plain.endswith(("_id", "id")):
        return (f"{singular(found.group(1))}.id", f"{entity}.{plain}")
    own = f"{entity}.{plain}"
    return (own,) if plain in GENERAL else (own, plain)


def _argument(operation: Operation, name: str, schema: JsonSchema) -> str:
    """Return the kind of one argument."""
    told = operation.kinds.get(name) or schema.get("x-kind")
    if isinstance(told, str):
        return told
    resolved = _resolved(schema, operation.input)
    if thing := _thing(schema, operation.input):
        return thing
    if resolved.get("type") == "array" and (each := _thing(resolved.get("items", {}), operation.input)):
        return f"{each}[]"
    kinds = field_kinds(_owner(operation, name), name)
    return kinds[0] if kinds[0].endswith(".id") else kinds[-1]


def _standing(operation: Operation, name: str) -> JsonSchema:
    """Return the schema of an argument, able to stand alone."""
    whole = operation.input
    if _PLAIN.issuperset(whole):
        return lookups.standing(whole["properties"][name], whole)
    return schemas.at(whole, (name,)).schema or {}


def _owner(operation: Operation, name: str) -> str:
    """Return what an argument belongs to: what stands before it in the path, else the operation's thing."""
    if isinstance(operation.binding, HttpBinding):
        segments = [part for part in operation.binding.path.split("/") if part]
        wire = operation.binding.names.get(name, name)
        for place, segment in enumerate(segments):
            if segment == f"{{{wire}}}" and place and not segments[place - 1].startswith("{"):
                return singular(snake(segments[place - 1]))
    return _entity(operation)


def _entity(operation: Operation) -> str:
    """Return what an operation is about: the thing it answers with, else the noun of its path or name."""
    output = operation.output or {}
    if thing := _thing(output, output):
        return thing
    if isinstance(operation.binding, HttpBinding):
        nouns = [part for part in operation.binding.path.split("/") if part and not part.startswith("{")]
        if nouns:
            return singular(snake(nouns[-1]))
    spoken = words(operation.name.partition(".")[2])
    told = [word for word in spoken if word not in _VERBS]
    return singular("_".join(told)) if told else singular(snake(operation.service))


def _thing(schema: Any, root: JsonSchema) -> str | None:
    """Return the name of an object schema, from its own reference or title."""
    if not isinstance(schema, dict):
        return None
    resolved = _resolved(schema, root)
    if resolved.get("type") != "object" and "properties" not in resolved:
        return None
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    title = str(schema.get("title") or resolved.get("title") or "")
    name = reference or (title if " " not in title else "")
    return snake(name) if name else None


def _fields(
    schema: Any,
    root: JsonSchema,
    entity: str,
    *,
    declared: Mapping[str, str],
    path: tuple[str, ...] = (),
    certain: bool = True,
) -> Iterator[Field]:
    """Yield a thing, then its fields, those of things in it included."""
    if not isinstance(schema, dict):
        return
    resolved = _resolved(schema, root)
    yield Field(path, _kinds_of(schema, root, entity, declared=declared, path=path), certain)
    if len(path) >= DEEPEST:
        return
    required = set(resolved.get("required", ()))
    for name, inner in _properties(resolved, root):
        below = (*path, name)
        sure = certain and name in required
        thing = _thing(inner, root)
        if thing or _resolved(inner, root).get("properties"):
            about = thing or singular(snake(name))
            yield from _fields(inner, root, about, declared=declared, path=below, certain=sure)
        else:
            yield Field(below, _kinds_of(inner, root, entity, declared=declared, path=below), sure)


def _listed(schema: Any, root: JsonSchema, entity: str, depth: int = 0) -> Iterator[str]:
    """Yield the kinds of the fields of things in lists; unnamed ones are what the operation is about."""
    resolved = _resolved(schema, root)
    if depth > DEEPEST:
        return
    if resolved.get("type") == "array":
        items = resolved.get("items", {})
        for thing in {entity, _thing(items, root) or entity}:
            for name, _ in _properties(_resolved(items, root), root):
                yield from field_kinds(thing, name)
        return
    for name, inner in _properties(resolved, root):
        about = entity if snake(name) in GENERAL else singular(snake(name))
        yield from _listed(inner, root, about, depth + 1)


def _kinds_of(
    schema: Any, root: JsonSchema, entity: str, *, declared: Mapping[str, str], path: tuple[str, ...]
) -> tuple[str, ...]:
    told = declared.get(".".join(("output", *path))) or schema.get("x-kind")
    named = (told,) if isinstance(told, str) else ()
    resolved = _resolved(schema, root)
    if resolved.get("type") == "array":
        each = _thing(resolved.get("items", {}), root)
        by_name = field_kinds(entity, path[-1]) if path else ()
        return (*named, *((f"{each}[]",) if each else ()), *by_name)
    if not path or _thing(schema, root) or resolved.get("properties"):
        return (*named, entity)
    by_name = field_kinds(entity, path[-1])
    if not named:
        return by_name
    # Told what it is, it is not what its name refers to; it stays a field of its thing.
    return (*named, *(kind for kind in by_name if kind.startswith(f"{entity}.")))


def _properties(schema: Mapping[str, Any], root: JsonSchema) -> list[tuple[str, JsonSchema]]:
    found = _resolved(schema, root).get("properties", {})
    return [(name, item) for name, item in found.items() if isinstance(item, dict)]


def _resolved(schema: Any, root: JsonSchema) -> Mapping[str, Any]:
    """Return the schema behind a reference; nothing where it cannot be told."""
    if isinstance(schema, dict) and "$ref" not in schema:
        return schema
    for _ in range(DEEPEST * DEEPEST):
        if not isinstance(schema, dict):
            return {}
        if "$ref" not in schema:
            return schema
        try:
            schema = target(str(schema["$ref"]), root)
        except LookupError:
            return {}
    return {}
