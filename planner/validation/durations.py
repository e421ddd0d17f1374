"""Durations: ISO 8601 texts and numbers of seconds."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from planner.definition import AnyStep, Call, Decide, Receive, Workflow
from planner.validation.sequences import Sequence
from tools.problems import Problem

_DURATION = TypeAdapter(timedelta)


def seconds(value: Any) -> float | None:
    """Return a duration in seconds, or None where the value is none: negative ones are not."""
    if isinstance(value, bool):
        return None
    try:
        found = _DURATION.validate_python(value).total_seconds()
    except (ValidationError, OverflowError):
        return None
    return found if found >= 0 else None


def problems(workflow: Workflow, everything: list[Sequence]) -> list[Problem]:
    """Return a problem for each duration that goes back in time."""
    found = [("/budget/duration", workflow.budget.duration)]
    found += [
        item
        for sequence in everything
        for name, step in sequence.sound()
        for item in _durations(sequence.at(name), step)
    ]
    return [
        _negative(pointer, value) for pointer, value in found if value is not None and value < timedelta(0)
    ]


def _durations(pointer: str, step: AnyStep) -> Iterator[tuple[str, timedelta | None]]:
    if isinstance(step, Decide):
        yield f"{pointer}/within", step.within
        yield f"{pointer}/override_within", step.override_within
    if isinstance(step, Receive):
        yield f"{pointer}/within", step.within
        yield f"{pointer}/early", step.early
    if isinstance(step, Call):
        yield f"{pointer}/timeout", step.timeout
        if step.recover is not None:
            yield f"{pointer}/recover/within", step.recover.within
        if step.retry is not None:
            yield f"{pointer}/retry/initial", step.retry.initial
            yield f"{pointer}/retry/max", step.retry.max


def _negative(pointer: str, value: timedelta) -> Problem:
    return Problem(
        path=pointer,
        code="bad-duration",
        message=f"A duration of {value.total_seconds():g} seconds goes back in time.",
        remedy="Write an ISO 8601 duration without the minus, such as `PT30S` or `P2D`.",
    )
