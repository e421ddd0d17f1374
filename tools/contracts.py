"""Contracts: what a person says of an operation, joined to what was read of it, and checked."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tools import labels, schemas
from tools.catalog_file import Contract, Sheet
from tools.errors import ExpressionError
from tools.expressions import Expression, Template, condition
from tools.operations import HttpBinding, McpBinding, Operation, Reconcile, Undo
from tools.problems import Problem
from tools.wording import either, hint, nearest

Known = Mapping[str, dict[str, Any] | None]
"""The names that an expression may read, each with its schema where there is one."""

_TEXT = {"type": "string"}
_KEPT = ("key_header", "timeout", "retry", "check", "confirm", "summary", "kinds", "lasting")


class Place(NamedTuple):
    """Where a contract stands."""

    sheet: Sheet
    parts: tuple[str, ...]

    def problem(self, *below: str, code: str, message: str, remedy: str = "") -> Problem:
        """Return a problem at or below this place."""
        return self.sheet.problem(*self.parts, *below, code=code, message=message, remedy=remedy)


def applied(operation: Operation, contract: Contract) -> Operation:
    """Return the operation as the contract has it."""
    changes: dict[str, Any] = {
        name: value for name in _KEPT if (value := getattr(contract, name)) is not None
    }
    if contract.effect is not None:
        changes |= {"effect": contract.effect, "effect_source": "declared"}
    if contract.undo is not None:
        call = full_name(contract.undo.call, operation.service)
        changes["undo"] = contract.undo.model_copy(update={"call": call})
    if contract.reconcile is not None:
        call = full_name(contract.reconcile.call, operation.service)
        changes["reconcile"] = contract.reconcile.model_copy(update={"call": call})
    return labels.labelled(_without_key(operation.model_copy(update=changes)), contract.labels)


def lacks_key(operation: Operation, contract: Contract) -> bool:
    """Tell whether a tool is declared `keyed` and has no argument that carries the key."""
    if contract.effect != "keyed" or not isinstance(operation.binding, McpBinding):
        return False
    return (contract.key_header or operation.key_header) not in operation.input.get("properties", {})


def _without_key(operation: Operation) -> Operation:
    """Return the operation without the argument for the idempotency key, which the caller itself sends."""
    binding = operation.binding
    if operation.effect != "keyed":
        return operation
    if isinstance(binding, McpBinding):
        return operation.model_copy(update={"input": _without(operation.input, {operation.key_header})})
    if not isinstance(binding, HttpBinding):
        return operation
    header = operation.key_header.lower()
    keys = {
        name
        for name, place in binding.places.items()
        if place == "header" and binding.names.get(name, name).lower() == header
    }
    kept = {"places": _except(keys, binding.places), "names": _except(keys, binding.names)}
    changed = binding.model_copy(update=kept)
    return operation.model_copy(update={"input": _without(operation.input, keys), "binding": changed})


def _without(schema: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {
        **schema,
        "properties": _except(keys, schema.get("properties", {})),
        "required": [name for name in schema.get("required", ()) if name not in keys],
    }


def _except(names: set[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def full_name(name: str, service: str) -> str:
    """Return the name with its service; a bare name means the same service."""
    return name if "." in name else f"{service}.{name}"


def problems(operation: Operation, operations: Mapping[str, Operation], place: Place) -> Iterator[Problem]:
    """Return what is wrong with the contract of an operation, among all operations."""
    known = {"input": operation.input, "output": operation.output}
    if operation.check is not None:
        yield from _condition(operation.check, known, place, "check")
    if operation.undo is not None:
        yield from _undoable(operation, place)
        yield from _call(operation.undo, operations, place, "undo", known=known)
    if operation.reconcile is not None:
        yield from _reconcile(operation.reconcile, operation, operations, place)


def _undoable(operation: Operation, place: Place) -> Iterator[Problem]:
    reads = operation.effect == "read" and operation.effect_source == "declared"
    if operation.effect == "irreversible" or reads:
        word = "only reads" if reads else "is irreversible"
        yield place.problem(
            "undo",
            code="contradiction",
            message=f"The operation {word} and has an undo.",
            remedy="Declare another effect, such as `write`, or remove the undo.",
        )


def _reconcile(
    reconcile: Reconcile, operation: Operation, operations: Mapping[str, Operation], place: Place
) -> Iterator[Problem]:
    looked = operations.get(reconcile.call)
    if looked is not None and looked.effect != "read":
        yield place.problem(
            "reconcile",
            "call",
            code="contradiction",
            message=f"{reconcile.call!r} is to find something out, but its effect is `{looked.effect}`.",
            remedy="Declare `effect: read` for it, or name an operation that only reads.",
        )
    known: Known = {"input": operation.input, "key": _TEXT}
    yield from _call(reconcile, operations, place, "reconcile", known=known)
    known = {**known, "found": looked.output if looked else None}
    yield from _condition(reconcile.applied_when, known, place, "reconcile", "applied_when")
    yield from _template(reconcile.output, known, place, "reconcile", "output")


def _call(
    call: Undo | Reconcile, operations: Mapping[str, Operation], place: Place, kind: str, *, known: Known
) -> Iterator[Problem]:
    target = operations.get(call.call)
    if target is None:
        near = either(repr(name) for name in nearest(call.call, operations))
        yield place.problem(
            kind,
            "call",
            code="unknown-operation",
            message=f"The catalogue holds no operation {call.call!r}.",
            remedy=f"Did you mean {near}?" if near else "Name one as `service.operation`.",
        )
    else:
        yield from _arguments(call.with_, target, place, kind)
    for name, value in call.with_.items():
        yield from _template(value, known, place, kind, "with", name)


def _arguments(given: Mapping[str, Any], target: Operation, place: Place, kind: str) -> Iterator[Problem]:
    declared = target.input.get("properties", {})
    free = declared.keys() - given.keys()
    unknown = given.keys() - declared.keys() if target.input.get("additionalProperties") is False else set()
    meant = {near for name in unknown for near in nearest(name, free, count=1)}
    for name in sorted(unknown):
        yield place.problem(
            kind,
            "with",
            name,
            code="unknown-argument",
            message=f"{target.name!r} takes no {name!r}.",
            remedy=hint(name, free),
        )
    for name in target.input.get("required", ()):
        if name not in given and name not in meant:
            yield place.problem(
                kind,
                "with",
                code="missing-argument",
                message=f"{target.name!r} needs {name!r}.",
                remedy=f"Add {name!r}.",
            )


def _condition(text: str, known: Known, place: Place, *below: str) -> Iterator[Problem]:
    try:
        expression = condition(text)
    except ExpressionError as exc:
        yield _bad_expression(exc, place, *below)
        return
    yield from _references(expression, known, place, *below)


def _template(value: Any, known: Known, place: Place, *below: str) -> Iterator[Problem]:
    try:
        template = Template(value)
    except ExpressionError as exc:
        yield _bad_expression(exc, place, *below)
        return
    for expression in template.expressions:
        yield from _references(expression, known, place, *below)


def _references(expression: Expression, known: Known, place: Place, *below: str) -> Iterator[Problem]:
    """Return a problem for each name or field that the expression reads and that cannot be there."""
    for root, fields in expression.references:
        if root not in known:
            yield place.problem(
                *below,
                code="unknown-name",
                message=f"The expression reads {root!r}, which does not exist here.",
                remedy=f"It may read {either(f'`{name}`' for name in sorted(known))}.",
            )
            continue
        schema = known[root]
        for length in range(1, len(fields) + 1 if schema is not None else 0):
            found = schemas.at(schema or {}, fields[:length], strict=True)
            if found.state == "absent":
                owner, field = ".".join([root, *fields[: length - 1]]), fields[length - 1]
                yield place.problem(
                    *below,
                    code="unknown-field",
                    message=f"{owner!r} has no field {field!r}.",
                    remedy=hint(field, found.known),
                )
            if found.state != "found":
                break


def _bad_expression(exc: ExpressionError, place: Place, *below: str) -> Problem:
    return place.problem(
        *below,
        code="bad-expression",
        message=f"The expression cannot be read: {exc}.",
        remedy="Write CEL between `${` and `}`.",
    )
