"""Undos: changes that a failing run would have to take back, and whether the catalogue says how."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from planner.definition import Call, Workflow
from planner.validation.sequels import may_fail, sequels
from planner.validation.sequences import Sequence
from planner.validation.values import wording
from tools import expressions, schemas
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import Reference
from tools.operations import JsonSchema, Operation, Undo
from tools.problems import Problem, Severity


class Change(NamedTuple):
    """A call that may change something which a failing run takes back."""

    sequence: Sequence
    name: str
    pointer: str
    """JSON pointer to the name of the operation."""
    arguments: Mapping[str, Any]
    operation: Operation
    severity: Severity
    """How bad it is when it cannot be taken back."""


def problems(
    workflow: Workflow, everything: list[Sequence], catalog: Catalog, *, workflows: Mapping[str, Workflow]
) -> Iterator[Problem]:
    """Yield what is wrong with taking back, where the workflow takes back when it fails.

    A change needs an undo where something that may fail can come after it. Exact for declared contracts; of
    an operation whose effect nobody declared it is undecided. A workflow that says `on_failure: undo`
    promises it; where that is only so because nothing else is said, it is a warning. So it is for operations
    that may be repeated, such as messages.
    """
    for change in changes(workflow, everything, catalog):
        if change.operation.undo is not None:
            yield from _underivable(change, change.operation.undo, catalog)
        elif not change.operation.lasting and change.operation.effect != "irreversible":
            after = [each for each in sequels(change.sequence, change.name) if may_fail(*each, workflows)]
            if after:
                yield _no_undo(change, after[0])


def changes(workflow: Workflow, everything: list[Sequence], catalog: Catalog) -> Iterator[Change]:
    """Yield every call that a failing run would have to take back."""
    if workflow.on_failure == "keep":
        return
    for sequence in everything:
        for name, step in sequence.sound():
            if not isinstance(step, Call) or step.undo == "keep":
                continue
            calls = [(sequence.at(name, "call"), step.call, step.with_)]
            calls += [
                (sequence.at(name, "substitutes", str(place), "call"), other.call, other.with_)
                for place, other in enumerate(step.substitutes)
            ]
            for pointer, call, arguments in calls:
                operation = catalog.operations.get(call)
                if operation is not None and operation.effect != "read":
                    severity = _severity(workflow, operation)
                    yield Change(sequence, name, pointer, arguments, operation, severity)


def _severity(workflow: Workflow, operation: Operation) -> Severity:
    """Return how bad it is that a change stays; what may be repeated is as a rule only a message."""
    if operation.effect_source != "declared":
        return "undecided"
    is_grave = operation.undo is not None or not operation.repeatable
    return "error" if is_grave and "on_failure" in workflow.model_fields_set else "warning"


def _no_undo(change: Change, after: tuple[Sequence, str]) -> Problem:
    operation, failing = change.operation, after[0].full(after[1])
    declared = operation.effect_source == "declared"
    doubt = "" if declared else " Nobody declared what it changes."
    return Problem(
        path=change.pointer,
        code="no-undo",
        severity=change.severity,
        message=f"Nothing takes '{operation.name}' back, and step '{failing}' may fail after it.{doubt}",
        remedy="Declare its `undo` in the catalogue, or `lasting: true` where there is none,"
        " or say `undo: keep` at the step.",
    )


def _underivable(change: Change, undo: Undo, catalog: Catalog) -> Iterator[Problem]:
    target = catalog.operations.get(undo.call)
    if target is None:
        yield _not_derivable(change, f"the catalogue holds no operation '{undo.call}'")
        return
    required = target.input.get("required", ())
    for name in required:
        if name not in undo.with_:
            yield _not_derivable(change, f"'{undo.call}' needs '{name}', which its contract does not give")
    for name, value in undo.with_.items():
        sink = schemas.at(target.input, (name,), strict=True)
        if sink.state == "absent":
            yield _not_derivable(change, f"'{undo.call}' takes no '{name}'")
        elif isinstance(value, str) and "${" in value:
            yield from _of_expression(change, value, sink.schema or {}, needed=name in required)


def _of_expression(change: Change, text: str, sink: JsonSchema, *, needed: bool) -> Iterator[Problem]:
    try:
        parts = expressions.split(text)
        codes = [expressions.expression(part) for is_code, part in parts if is_code]
    except ExpressionError as wrong:
        yield _not_derivable(change, f"{wrong}")
        return
    for reference in (each for code in codes for each in code.references):
        lacking = _lacking(change, reference)
        if lacking and needed and "has(" not in text:
            yield _not_derivable(change, f"`{text}` reads '{lacking}', which may not be there")
            return
    alone = len(parts) == 1 and codes and codes[0].source == ".".join(_chain(codes[0].references))
    source = _schema(change, codes[0].references[0]) if alone else None
    if source is not None and schemas.accepts(sink, source) == "no":
        yield _not_derivable(change, f"`{text}` gives {wording(source)} where {wording(sink)} is wanted")


def _chain(references: tuple[Reference, ...]) -> tuple[str, ...]:
    return (references[0].root, *references[0].fields) if references else ()


def _schema(change: Change, reference: Reference) -> JsonSchema | None:
    given = {"input": change.operation.input, "output": change.operation.output}.get(reference.root)
    return None if given is None else schemas.at(given, reference.fields, strict=True).schema


def _lacking(change: Change, reference: Reference) -> str | None:
    """Return the first field of a reference that a call may leave out, or None where all are surely there."""
    if reference.root == "input" and reference.fields[:1] and reference.fields[0] in change.arguments:
        return None
    here = {"input": change.operation.input, "output": change.operation.output}.get(reference.root)
    for depth, name in enumerate(reference.fields, start=1):
        if here is None or "properties" not in here or "$ref" in here:
            return None
        if name not in here.get("required", ()):
            return ".".join((reference.root, *reference.fields[:depth]))
        here = schemas.at(here, (name,), strict=True).schema
    return None


def _not_derivable(change: Change, why: str) -> Problem:
    return Problem(
        path=change.pointer,
        code="undo-not-derivable",
        severity=change.severity,
        message=f"'{change.operation.name}' could not be taken back: {why}.",
        remedy="Let its `undo` in the catalogue read what the call surely gave or answers.",
    )
