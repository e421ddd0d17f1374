"""Arguments: what is handed to operations and workflows, against the schemas of their input."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from planner.definition import Call, RunWorkflow, Workflow
from planner.validation.candidates import meant, near, places
from planner.validation.sequences import Sequence, escaped
from planner.validation.sites import Site
from planner.validation.values import Scope, items, wording
from tools import schemas
from tools.catalog import Catalog
from tools.operations import JsonSchema
from tools.pointers import parts
from tools.problems import Problem

_CODES = {"missing-field": "missing-argument", "unknown-field": "unknown-argument"}


class Handed(NamedTuple):
    """Arguments, and the schema that they have to fit."""

    pointer: str
    """JSON pointer to the arguments."""
    sequence: Sequence
    step: str
    """The step that hands them over."""
    values: Mapping[str, Any]
    receiver: str
    """Who takes them, for people."""
    schema: JsonSchema


def operations(everything: list[Sequence], catalog: Catalog) -> list[Problem]:
    """Return a problem for each operation that the catalogue does not hold, however often it is called."""
    unknown: dict[str, list[str]] = {}
    for pointer, name in _calls(everything):
        if name not in catalog.operations:
            unknown.setdefault(name, []).append(pointer)
    return [_unknown_operation(name, pointers, catalog) for name, pointers in unknown.items()]


def _calls(everything: list[Sequence]) -> Iterator[tuple[str, str]]:
    for sequence in everything:
        for name, step in sequence.sound():
            if isinstance(step, Call):
                yield sequence.at(name, "call"), step.call
                for place, substitute in enumerate(step.substitutes):
                    yield sequence.at(name, "substitutes", str(place), "call"), substitute.call


def _unknown_operation(name: str, pointers: list[str], catalog: Catalog) -> Problem:
    known = list(catalog.operations)
    service = name.partition(".")[0]
    same = [other for other in known if other.startswith(f"{service}.")]
    likely = near(name, known)
    return Problem(
        path=pointers[0],
        code="unknown-operation",
        message=f"The catalogue holds no operation '{name}'{places(len(pointers))}.",
        remedy=meant(name, known if likely or not same else same, what="operations"),
    )


def handed(
    everything: list[Sequence], catalog: Catalog | None, workflows: Mapping[str, Workflow]
) -> list[Handed]:
    """Return every mapping of arguments whose receiver is known."""
    return [
        item
        for sequence in everything
        for name, step in sequence.sound()
        for item in (*_to_operations(sequence, name, catalog), *_to_workflow(sequence, name, workflows))
    ]


def _to_operations(sequence: Sequence, name: str, catalog: Catalog | None) -> Iterator[Handed]:
    step = sequence.steps[name]
    if not isinstance(step, Call) or catalog is None:
        return
    given = [(sequence.at(name, "with"), step.call, step.with_)]
    given += [
        (sequence.at(name, "substitutes", str(place), "with"), substitute.call, substitute.with_)
        for place, substitute in enumerate(step.substitutes)
    ]
    for pointer, call, values in given:
        operation = catalog.operations.get(call)
        if operation is not None:
            yield Handed(pointer, sequence, name, values, f"operation '{call}'", operation.input)


def _to_workflow(sequence: Sequence, name: str, workflows: Mapping[str, Workflow]) -> Iterator[Handed]:
    step = sequence.steps[name]
    if isinstance(step, RunWorkflow):
        nested = workflows.get(step.run)
        if nested is not None and step.version in {None, nested.version}:
            pointer = sequence.at(name, "with")
            yield Handed(pointer, sequence, name, step.with_, f"workflow '{step.run}'", nested.input)


def problems(item: Handed, found: list[Site], scope: Scope) -> list[Problem]:
    """Return what is wrong with the arguments; `found` are the sites of that step."""
    inside = [site for site in found if _within(site.pointer, item.pointer)]
    by_schema = _by_schema(item, inside)
    typed = (_typed(site, item, scope) for site in inside if site.error is None)
    return [*by_schema, *(problem for problem in typed if problem is not None)]


def _within(pointer: str, around: str) -> bool:
    return pointer == around or pointer.startswith(f"{around}/")


def _by_schema(item: Handed, inside: list[Site]) -> list[Problem]:
    """Return what the schema says of the literal parts, and of what is missing or too much."""
    unknown = [name for name in item.values if _undeclared(item, name)]
    found = [_unknown_argument(item, name) for name in unknown]
    told = {problem.path for problem in found}
    said = schemas.problems(item.schema, dict(item.values), path=item.pointer)
    lacking = [problem.path for problem in said if problem.code == "missing-field"]
    for problem in said:
        computed = any(_within(site.pointer, problem.path) for site in inside)
        if problem.path in told or (computed and problem.code not in _CODES):
            continue
        if problem.code == "missing-field" and _misspelt(problem.path, unknown, lacking):
            continue
        found.append(_translated(problem, item))
    return found


def _misspelt(path: str, unknown: list[str], lacking: list[str]) -> bool:
    """Tell whether a missing argument is there under an unknown name: one like it, or the only one."""
    return bool(near(parts(path)[-1], unknown)) or len(unknown) == len(lacking) == 1


def _undeclared(item: Handed, name: str) -> bool:
    strict = bool(item.schema.get("properties"))
    return schemas.at(item.schema, (name,), strict=strict).state == "absent"


def _unknown_argument(item: Handed, name: str) -> Problem:
    known = schemas.at(item.schema, (name,), strict=True).known
    return Problem(
        path=f"{item.pointer}/{escaped(name)}",
        code="unknown-argument",
        message=f"{_started(item.receiver)} takes no argument '{name}'.",
        remedy=meant(name, tuple(known), what="arguments"),
    )


def _started(text: str) -> str:
    return text[:1].upper() + text[1:]


def _translated(problem: Problem, item: Handed) -> Problem:
    name = ".".join(parts(problem.path)[len(parts(item.pointer)) :])
    if problem.code == "missing-field":
        return Problem(
            path=problem.path.rpartition("/")[0],
            code="missing-argument",
            message=f"{_started(item.receiver)} needs the argument '{name}'.",
            remedy=f"Add `{name}` to `with`.",
        )
    return Problem(
        path=problem.path,
        code=_CODES.get(problem.code, "ill-typed-argument"),
        message=f"Argument '{name}' of {item.receiver}: {problem.message}",
        remedy=problem.remedy or "Write a value that fits the schema.",
    )


def _typed(site: Site, item: Handed, scope: Scope) -> Problem | None:
    """Return a problem where an expression surely gives another type than the argument has, or any."""
    fields = parts(site.pointer)[len(parts(item.pointer)) :]
    sink = _sink(item.schema, fields)
    source = scope.source(site)
    if sink and source is None and scope.is_open(site):
        return _undecided(site, item, fields, sink)
    if sink is None or source is None or schemas.accepts(sink, source) != "no":
        return None
    return Problem(
        path=site.pointer,
        code="ill-typed-argument",
        message=f"Argument '{'.'.join(fields)}' of {item.receiver} takes {wording(sink)},"
        f" but `{site.text}` gives {wording(source)}.",
        remedy=_conversion(site, sink),
    )


def _undecided(site: Site, item: Handed, fields: tuple[str, ...], sink: JsonSchema) -> Problem:
    return Problem(
        path=site.pointer,
        code="undecided-type",
        severity="undecided",
        message=f"Argument '{'.'.join(fields)}' of {item.receiver} takes {wording(sink)},"
        f" and nothing tells what `{site.text}` gives.",
        remedy="Close the schema of the answer that it reads, or convert the value.",
    )


def _sink(schema: JsonSchema, fields: tuple[str, ...]) -> JsonSchema | None:
    """Return the schema of one argument, or of a part of it; None where nothing is told."""
    for name in fields:
        if name.isdecimal() and (inner := items(schema)):
            schema = inner
            continue
        looked = schemas.at(schema, (name,), strict=False)
        if looked.state != "found" or looked.schema is None:
            return None
        schema = looked.schema
    return schema


def _conversion(site: Site, sink: JsonSchema) -> str:
    functions = {"string": "string", "integer": "int", "number": "double"}
    wanted = sink.get("type")
    if not site.alone:
        return "Write the expression alone, with no text around it, so that it keeps its type."
    if isinstance(wanted, str) and wanted in functions:
        return f"Name another field, or convert it: `${{{functions[wanted]}({site.codes[0].source})}}`."
    return "Name a field of the right type."
