"""Values: what an expression can name at each step, and what is known of its form."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, Union

from planner.definition import (
    AnyStep,
    Call,
    Decide,
    Foreach,
    Parallel,
    Receive,
    Set,
    Switch,
    Wait,
    Workflow,
)
from planner.validation.sequences import Sequence
from planner.validation.sites import Site
from tools import expressions, lookups, pointers, schemas
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import Expression
from tools.operations import JsonSchema

_PLAIN = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*")
_CONVERTED = re.compile(r"(string|int|double|size)\((.*)\)", re.DOTALL)
_CONVERSIONS = {"string": "string", "int": "integer", "double": "number", "size": "integer"}


class Leaf(NamedTuple):
    """A value described by a JSON Schema."""

    schema: JsonSchema
    strict: bool = False
    """Whether fields that the schema does not declare count as absent."""


class Fields(NamedTuple):
    """A mapping whose every field is known."""

    names: Mapping[str, "Shape"]


Shape = Union[Leaf, Fields]  # noqa: UP007 -- a forward reference inside a NamedTuple

ANYTHING = Leaf({})
TEXT = Leaf({"type": "string"})
RUN = Fields(dict.fromkeys(("id", "goal", "workflow", "version", "started_at"), TEXT))

EVENT = Leaf(
    {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "source": {"type": "string"},
            "type": {"type": "string"},
            "data": {},
        },
        "required": ["id", "source", "type"],
    }
)
"""An event; further attributes are its sender's."""


def event(kind: str, catalog: Catalog | None) -> Leaf:
    """Return what is known of events of a type: their data, too, where a document announces it."""
    announced = None if catalog is None else catalog.announcements.get(kind)
    if announced is None or announced.data is None:
        return EVENT
    data = {name: part for name, part in announced.data.items() if name != "$defs"}
    schema = EVENT.schema | {
        "properties": {**EVENT.schema["properties"], "data": data},
        "required": [*EVENT.schema["required"], "data"],
        "$defs": announced.data.get("$defs", {}),
    }
    return Leaf(schema)


class Found(NamedTuple):
    """What following the fields of a reference came to."""

    state: Literal["found", "absent", "open"]
    shape: Shape = ANYTHING
    depth: int = 0
    """How many of the fields were there."""
    known: tuple[str, ...] = ()
    """The fields that are there where one is absent."""


class Scope:
    """Every name that expressions can use in one workflow."""

    def __init__(self, workflow: Workflow, catalog: Catalog | None) -> None:
        self._catalog = catalog
        usable = not schemas.faults(workflow.input)
        self._input = Leaf(_with_required(workflow.input), strict=True) if usable else ANYTHING
        self._shapes: dict[tuple[int, str], Shape] = {}
        self._names: dict[int, dict[str, Sequence | None]] = {}

    def names(self, sequence: Sequence) -> dict[str, Sequence | None]:
        """Return every name visible in a sequence: a step with where it stands, a value with None."""
        if id(sequence) in self._names:
            return self._names[id(sequence)]
        found: dict[str, Sequence | None] = {"input": None, "run": None}
        for around in reversed(list(sequence.outward())):
            if around.looped:
                found |= {"item": None, "index": None}
            found |= dict.fromkeys(around.steps, around)
        self._names[id(sequence)] = found
        return found

    def follow(self, sequence: Sequence, root: str, fields: tuple[str, ...]) -> Found:
        """Return what a reference that stands in `sequence` comes to."""
        return follow(self._root(sequence, root), fields)

    def at(self, site: Site, root: str, fields: tuple[str, ...]) -> Found:
        """Return what a reference comes to at a site, which may bring names of its own."""
        if root in site.brings:
            return follow(self.step(site.sequence, site.step), fields)
        return self.follow(site.sequence, root, fields)

    def schema(self, sequence: Sequence, code: Expression) -> JsonSchema | None:
        """Return what is known of the value of an expression, or None."""
        if _PLAIN.fullmatch(code.source) and code.references:
            reference = code.references[0]
            found = self.follow(sequence, reference.root, reference.fields)
            return schema_of(found.shape) if found.state == "found" else None
        converted = _CONVERTED.fullmatch(code.source)
        if converted and _whole(converted[2]):
            return {"type": _CONVERSIONS[converted[1]]}
        return None

    def source(self, site: Site) -> JsonSchema | None:
        """Return what is known of the value that a site gives, or None."""
        if not site.alone:
            return {"type": "string"}
        code = site.codes[0]
        if code.names:
            return self.schema(site.sequence, code)
        constant = site.constant()
        return None if constant is None else literal(constant.value)

    def is_open(self, site: Site) -> bool:
        """Tell whether a site reads one value whose form an open schema does not tell."""
        code = site.codes[0]
        if not site.alone or not plain(code.source) or not code.references:
            return False
        reference = code.references[0]
        return self.follow(site.sequence, reference.root, reference.fields).state == "open"

    def _root(self, sequence: Sequence, root: str) -> Shape:
        holder = self.names(sequence).get(root)
        if holder is not None:
            return self.step(holder, root)
        if root == "input":
            return self._input
        if root == "run":
            return RUN
        if root == "index":
            return Leaf({"type": "integer"})
        if root == "event":
            return EVENT
        return self._item(sequence) if root == "item" else ANYTHING

    def _item(self, sequence: Sequence) -> Shape:
        for around in sequence.outward():
            owner = around.parent
            step = None if owner is None else owner.steps[around.owner]
            if owner is not None and isinstance(step, Foreach) and around.owner not in owner.broken:
                try:
                    listed = self.schema(owner, expressions.condition(step.foreach))
                except ExpressionError:
                    return ANYTHING
                return Leaf(items(listed)) if listed is not None else ANYTHING
        return ANYTHING

    def step(self, sequence: Sequence, name: str) -> Shape:
        """Return the form of what a step gives."""
        key = (id(sequence), name)
        if key not in self._shapes:
            self._shapes[key] = ANYTHING  # what a step reads of itself, round a cycle, is not known
            self._shapes[key] = self._output(sequence, name)
        return self._shapes[key]

    def _output(self, sequence: Sequence, name: str) -> Shape:
        if name in sequence.broken:
            return ANYTHING
        step = sequence.steps[name]
        if isinstance(step, Parallel):
            return Fields(dict(self._branches(sequence, name)))
        if isinstance(step, Set):
            return Fields({key: self._value(sequence, value) for key, value in step.set.items()})
        return self._simple(step)

    def _branches(self, sequence: Sequence, name: str) -> Iterator[tuple[str, Shape]]:
        for child in sequence.children.get(name, []):
            yield child.branch, Fields({inner: self.step(child, inner) for inner in child.steps})

    def _simple(self, step: AnyStep) -> Shape:
        if isinstance(step, Call):
            operation = None if self._catalog is None else self._catalog.operations.get(step.call)
            return ANYTHING if operation is None or operation.output is None else Leaf(operation.output)
        if isinstance(step, Decide):
            return _decision(step)
        if isinstance(step, Switch):
            return Fields({"then": TEXT})
        if isinstance(step, Foreach):
            return Leaf({"type": "array"})
        if isinstance(step, Receive):
            return event(step.receive, self._catalog)
        return Fields({}) if isinstance(step, Wait) else ANYTHING

    def _value(self, sequence: Sequence, value: Any) -> Shape:
        if isinstance(value, Mapping):
            return Fields({str(key): self._value(sequence, item) for key, item in value.items()})
        if not isinstance(value, str) or "${" not in value:
            return Leaf(literal(value))
        try:
            parts = expressions.split(value)
            code = expressions.expression(parts[0][1]) if len(parts) == 1 else None
        except ExpressionError:
            return ANYTHING
        if code is None:
            return TEXT
        if _PLAIN.fullmatch(code.source) and code.references:
            reference = code.references[0]
            return self.follow(sequence, reference.root, reference.fields).shape
        return Leaf(self.schema(sequence, code) or {})


def follow(shape: Shape, fields: tuple[str, ...]) -> Found:
    """Return what the fields lead to inside a value of this form."""
    for depth, name in enumerate(fields):
        if isinstance(shape, Leaf):
            return _in_schema(shape, fields[depth:], depth)
        if name not in shape.names:
            return Found("absent", depth=depth, known=tuple(shape.names))
        shape = shape.names[name]
    return Found("found", shape, len(fields))


def _in_schema(leaf: Leaf, fields: tuple[str, ...], depth: int) -> Found:
    for count in range(1, len(fields) + 1):
        looked = schemas.at(leaf.schema, fields[:count], strict=leaf.strict)
        if looked.state == "absent":
            return Found("absent", depth=depth + count - 1, known=tuple(looked.known))
        if looked.state == "open":
            return Found("open")
    looked = schemas.at(leaf.schema, fields, strict=leaf.strict)
    shape = ANYTHING if looked.schema is None else Leaf(looked.schema, leaf.strict)
    return Found("found", shape, depth + len(fields))


def schema_of(shape: Shape) -> JsonSchema:
    """Return a JSON Schema of a form, as close as it goes."""
    if isinstance(shape, Leaf):
        return shape.schema
    return {
        "type": "object",
        "properties": {name: schema_of(inner) for name, inner in shape.names.items()},
        "required": list(shape.names),
        "additionalProperties": False,
    }


def items(schema: JsonSchema) -> JsonSchema:
    """Return the schema of a list's items, able to stand alone; one that fits all where it is not told."""
    resolved = pointers.follow(schema, schema)
    inner = resolved.get("items") if isinstance(resolved, Mapping) else None
    return lookups.standing(inner, schema) if isinstance(inner, Mapping) else {}


def literal(value: Any) -> JsonSchema:
    """Return a JSON Schema that only this JSON value fits."""
    kinds: dict[type, str] = {
        type(None): "null",
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return {"type": kinds.get(type(value), "string"), "const": value}


def wording(schema: JsonSchema) -> str:
    """Return what a schema stands for as people say it, such as `a text`."""
    words = {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "a mapping",
        "null": "null",
    }
    if "enum" in schema:
        return f"one of {', '.join(repr(value) for value in schema['enum'])}"
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return " or ".join(words.get(kind, kind) for kind in kinds) or "another form"


def plain(source: str) -> bool:
    """Tell whether an expression is one dotted name."""
    return _PLAIN.fullmatch(source) is not None


def _decision(step: Decide) -> Shape:
    return Fields(
        {
            "choice": Leaf({"type": "string", "enum": list(step.options)}),
            "reason": TEXT,
            "decided_by": TEXT,
            "confidence": Leaf({"type": ["number", "object", "null"]}),
            "comment": Leaf({"type": ["string", "null"]}),
        }
    )


def _with_required(schema: JsonSchema) -> JsonSchema:
    """Return the schema with a property for each required name, so that only one of the two is blamed."""
    declared, required = schema.get("properties"), schema.get("required")
    if not isinstance(declared, Mapping) or not isinstance(required, list):
        return schema
    names: dict[str, Any] = {name: {} for name in required if isinstance(name, str) and name not in declared}
    return {**schema, "properties": {**declared, **names}}


def _whole(source: str) -> bool:
    try:
        expressions.expression(source)
    except ExpressionError:
        return False
    return True
