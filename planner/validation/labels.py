"""Labels: what schemas say that a value must be kept from, and how it flows with data."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from planner.definition import Call, Foreach, Parallel, RunWorkflow, Set, Workflow
from planner.validation.sequels import inner
from planner.validation.sequences import Sequence, sequences
from tools import expressions, pointers, schemas
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import Expression, Reference
from tools.labels import ANNOTATION
from tools.operations import JsonSchema

SECRET, PERSONAL, UNTRUSTED = "secret", "personal", "untrusted"
INPUT = "input"
_ASKED = re.compile(r"\bhas\s*\([^()]*\)")
_PARTS = ("properties", "patternProperties")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")


class Label(NamedTuple):
    """A word that sticks to a value, and where the value came from."""

    word: str
    origin: str
    """Name of the service that gave it, or `input`."""


Labels = frozenset[Label]
NONE: Labels = frozenset()


def declared(schema: JsonSchema | None, fields: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the labels of the value that fields lead to: its own, those around it and those inside it.

    `format: password` and `writeOnly` label a value as secret.
    """
    found: set[str] = set()
    here = schema
    for depth in range(len(fields)):
        found |= set(_own(here, schema or {}))
        here = schemas.at(schema or {}, fields[: depth + 1]).schema
    return frozenset(found | set(_inside(here, here or {}, set())))


def _own(schema: Any, root: JsonSchema) -> Iterator[str]:
    resolved = pointers.follow(schema, root)
    for part in (resolved, *_members(resolved)):
        if isinstance(part, Mapping):
            words = part.get(ANNOTATION, ())
            yield from [words] if isinstance(words, str) else words
            if part.get("format") == "password" or part.get("writeOnly") is True:
                yield SECRET


def _members(schema: Any) -> Iterator[Any]:
    if isinstance(schema, Mapping):
        yield from schema.get("allOf", ())


def _inside(schema: Any, root: JsonSchema, seen: set[str]) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in seen:
            return
        seen.add(reference)
    yield from _own(schema, root)
    resolved = pointers.follow(schema, root)
    if isinstance(resolved, Mapping):
        for part in _subschemas(resolved):
            yield from _inside(part, root, seen)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[Any]:
    for word in _PARTS:
        yield from schema.get(word, {}).values()
    for word in _LISTS:
        yield from schema.get(word, ())
    yield from (schema[word] for word in _SINGLE if word in schema)


class Flow:
    """The labels of everything that expressions of one workflow can read."""

    def __init__(
        self,
        workflow: Workflow,
        catalog: Catalog,
        workflows: Mapping[str, Workflow],
        *,
        around: frozenset[str] = frozenset(),
    ) -> None:
        self._workflow, self._catalog, self._workflows = workflow, catalog, workflows
        self._around = around | {workflow.workflow}
        self._asked: set[tuple[int, str, tuple[str, ...]]] = set()

    def of(self, sequence: Sequence, code: Expression) -> Labels:
        """Return the labels of an expression's value; asking with has() whether it is there reads nothing."""
        source = _ASKED.sub("true", code.source)
        try:
            references = expressions.expression(source).references
        except ExpressionError:
            references = code.references
        return NONE.union(*(self._reference(sequence, each) for each in references))

    def of_value(self, sequence: Sequence, value: Any) -> Labels:
        """Return the labels of a template's value."""
        try:
            codes = expressions.Template(value).expressions
        except ExpressionError:
            return NONE
        return NONE.union(*(self.of(sequence, code) for code in codes))

    def _reference(self, sequence: Sequence, reference: Reference) -> Labels:
        root, fields = reference
        if root == INPUT:
            return frozenset(Label(word, INPUT) for word in declared(self._workflow.input, fields))
        for around in sequence.outward():
            if root in around.steps:
                return self._step(around, root, fields)
            if root == "item" and around.looped and around.parent is not None:
                step = around.parent.steps[around.owner]
                return self.of_value(around.parent, step.foreach) if isinstance(step, Foreach) else NONE
        return NONE

    def _step(self, sequence: Sequence, name: str, fields: tuple[str, ...]) -> Labels:
        key = (id(sequence), name, fields)
        if key in self._asked or name in sequence.broken:  # round a cycle nothing is added
            return NONE
        self._asked.add(key)
        try:
            return self._value(sequence, name, fields)
        finally:
            self._asked.discard(key)

    def _value(self, sequence: Sequence, name: str, fields: tuple[str, ...]) -> Labels:
        step = sequence.steps[name]
        if isinstance(step, Call):
            return self._answers(step, fields)
        if isinstance(step, Set):
            return self._set(sequence, step.set, fields)
        if isinstance(step, (Parallel, Foreach)):
            return self._nested(sequence, name, fields)
        return self._run(step) if isinstance(step, RunWorkflow) else NONE

    def _answers(self, step: Call, fields: tuple[str, ...]) -> Labels:
        found: set[Label] = set()
        for call in (step.call, *(other.call for other in step.substitutes)):
            operation = self._catalog.operations.get(call)
            if operation is not None:
                found |= {Label(word, operation.service) for word in declared(operation.output, fields)}
        return frozenset(found)

    def _set(self, sequence: Sequence, values: Mapping[str, Any], fields: tuple[str, ...]) -> Labels:
        value: Any = values
        for name in fields:
            if not isinstance(value, Mapping) or name not in value:
                break
            value = value[name]
        return self.of_value(sequence, dict(value) if isinstance(value, Mapping) else value)

    def _nested(self, sequence: Sequence, name: str, fields: tuple[str, ...]) -> Labels:
        step, found = sequence.steps[name], NONE
        for child in sequence.children.get(name, ()):
            if isinstance(step, Parallel) and fields and child.branch != fields[0]:
                continue
            rest = fields[1:] if isinstance(step, Parallel) else ()
            names = [rest[0]] if rest and rest[0] in child.steps else list(child.steps)
            found = found.union(*(self._step(child, each, rest[1:]) for each in names))
        return found

    def _run(self, step: RunWorkflow) -> Labels:
        nested = self._workflows.get(step.run)
        if nested is None or step.run in self._around:
            return NONE
        flow = Flow(nested, self._catalog, self._workflows, around=self._around)
        return flow.of_value(sequences(nested)[0], nested.output)


def is_labelled(workflow: Workflow, everything: list[Sequence], catalog: Catalog) -> bool:
    """Tell whether any value that the workflow can read bears a label, so that flows are worth following."""
    calls = {
        call
        for sequence, name in inner(everything[0])
        if isinstance(step := sequence.steps[name], Call)
        for call in (step.call, *(other.call for other in step.substitutes))
    }
    outputs = (catalog.operations[call].output for call in calls if call in catalog.operations)
    has_runs = any(isinstance(sequence.steps[name], RunWorkflow) for sequence, name in inner(everything[0]))
    return has_runs or bool(declared(workflow.input)) or any(declared(output) for output in outputs)
