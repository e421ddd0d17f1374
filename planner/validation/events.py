"""Events: what begins runs by itself, and steps that receive something."""

from collections.abc import Iterator
from typing import Any

from planner.definition import Receive, Start, Workflow
from planner.validation.candidates import listed, meant
from planner.validation.sequences import Sequence, escaped
from planner.validation.values import Leaf, event, follow
from tools import expressions
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import Expression
from tools.problems import Problem
from tools.wording import nearest

_NAME = "event"


def problems(workflow: Workflow, everything: list[Sequence], catalog: Catalog | None) -> list[Problem]:
    """Return what is wrong with `on`, with types of events, and where no event comes in time."""
    found = [
        problem
        for place, start in enumerate(workflow.on)
        for problem in _of_start(f"/on/{place}", start, workflow.input, event(start.event, catalog))
    ]
    if catalog is not None and catalog.announcements:
        found += _unannounced(workflow, everything, catalog)
    found += [
        _never_late(sequence, name)
        for sequence in everything
        for name, step in sequence.sound()
        if isinstance(step, Receive) and step.otherwise is not None and step.within is None
    ]
    return found


def _never_late(sequence: Sequence, name: str) -> Problem:
    return Problem(
        path=sequence.at(name, "otherwise"),
        code="never-late",
        message=f"Step '{name}' waits for ever, so it never goes to its `otherwise`.",
        remedy="Say `within` which time the event must come, or take `otherwise` out.",
    )


def _unannounced(workflow: Workflow, everything: list[Sequence], catalog: Catalog) -> Iterator[Problem]:
    """Return a problem for each type that looks like one that is announced, and is none."""
    named = [(f"/on/{place}/event", start.event) for place, start in enumerate(workflow.on)]
    named += [
        (sequence.at(name, "receive"), step.receive)
        for sequence in everything
        for name, step in sequence.sound()
        if isinstance(step, Receive)
    ]
    for pointer, kind in named:
        near = nearest(kind, catalog.announcements, count=1)
        if kind not in catalog.announcements and near:
            yield Problem(
                path=pointer,
                code="unknown-event",
                message=f"No document of the catalogue announces the event '{kind}'.",
                remedy=f"Did you mean '{near[0]}'? Others may be received, too.",
                severity="warning",
            )


def _of_start(pointer: str, start: Start, schema: dict[str, Any], told: Leaf) -> Iterator[Problem]:
    if start.when is not None:
        yield from _unreadable(f"{pointer}/when", start.when, told, alone=True)
    yield from _texts(f"{pointer}/input", start.input, told)
    declared, required = schema.get("properties"), schema.get("required")
    for name in required if isinstance(required, list) else ():
        if name not in start.input:
            yield Problem(
                path=f"{pointer}/input",
                code="missing-argument",
                message=f"The workflow needs `{name}` in its input, which this event does not give.",
                remedy=f"Add `{name}`, such as `${{event.data.{name}}}`.",
            )
    if isinstance(declared, dict):
        for name in start.input.keys() - declared.keys():
            yield Problem(
                path=f"{pointer}/input/{escaped(name)}",
                code="unknown-argument",
                message=f"The workflow's input has no field '{name}'.",
                remedy=meant(name, list(declared), what="fields"),
            )


def _texts(pointer: str, value: Any, told: Leaf) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _unreadable(pointer, value, told, alone=False)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(f"{pointer}/{escaped(str(name))}", item, told)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _texts(f"{pointer}/{place}", item, told)


def _unreadable(pointer: str, text: str, told: Leaf, *, alone: bool) -> Iterator[Problem]:
    try:
        codes = [expressions.condition(text)] if alone else _codes(text)
    except ExpressionError as wrong:
        message = f"The expression cannot be read: {wrong}."
        remedy = "Write CEL between `${` and `}`, such as `${event.data.total > 0.0}`."
        yield Problem(path=pointer, code="bad-expression", message=message, remedy=remedy)
        return
    unknown = sorted({name for code in codes for name in code.names} - {_NAME})
    if unknown:
        yield Problem(
            path=pointer,
            code="unknown-name",
            message=f"Nothing is called {listed(unknown)} before the run begins.",
            remedy="Only `event` is there: its `data`, `type`, `source`, `id`, `subject` and `time`.",
        )
    references = {each for code in codes for each in code.references if each.root == _NAME}
    for reference in sorted(references):
        came = follow(told, reference.fields)
        if came.state == "absent":
            owner = ".".join((_NAME, *reference.fields[: came.depth]))
            gone = reference.fields[came.depth]
            yield Problem(
                path=pointer,
                code="unknown-field",
                message=f"'{owner}' has no field '{gone}'.",
                remedy=meant(gone, came.known, what="fields"),
            )


def _codes(text: str) -> list[Expression]:
    return [expressions.expression(part) for is_code, part in expressions.split(text) if is_code]
