"""Events: what begins runs by itself, and steps that receive something."""

from collections.abc import Iterator
from typing import Any

from planner.definition import Receive, Start, Workflow
from planner.validation.candidates import listed, meant
from planner.validation.sequences import Sequence, escaped
from tools import expressions
from tools.errors import ExpressionError
from tools.expressions import Expression
from tools.problems import Problem

_NAME = "event"


def problems(workflow: Workflow, everything: list[Sequence]) -> list[Problem]:
    """Return what is wrong with `on`, and with what happens where no event comes in time."""
    found = [
        problem
        for place, start in enumerate(workflow.on)
        for problem in _of_start(f"/on/{place}", start, workflow.input)
    ]
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


def _of_start(pointer: str, start: Start, schema: dict[str, Any]) -> Iterator[Problem]:
    if start.when is not None:
        yield from _unreadable(f"{pointer}/when", start.when, alone=True)
    yield from _texts(f"{pointer}/input", start.input)
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


def _texts(pointer: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _unreadable(pointer, value, alone=False)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(f"{pointer}/{escaped(str(name))}", item)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _texts(f"{pointer}/{place}", item)


def _unreadable(pointer: str, text: str, *, alone: bool) -> Iterator[Problem]:
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


def _codes(text: str) -> list[Expression]:
    return [expressions.expression(part) for is_code, part in expressions.split(text) if is_code]
