"""Briefs: what a model is asked when a goal is planned, and how its answer is read. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from planner.definition import Budget
from planner.planning.constraints import CHANGES, EFFECTS, MOST_FORBIDDEN, Constraints
from planner.planning.frame import Frame, namesakes
from planner.planning.signatures import Signature
from planner.planning.sketch import MOST_STEPS, Sketch, faults
from planner.validation import shape_problems
from tools.errors import ExpressionError
from tools.expressions import condition
from tools.operations import Operation
from tools.problems import Problem

MOST_WANTED = 12
MOST_KINDS = 200
"""Kinds that a model may name at most; operations are never cut here."""
_TEXT = {"type": "string"}
_VALUE = {"anyOf": [_TEXT, {"type": "number"}, {"type": "boolean"}]}
_BUDGET = {
    "type": "object",
    "properties": {
        "model_calls": {"type": "integer", "minimum": 0},
        "tokens": {"type": "integer", "minimum": 0},
        "cost_usd": {"type": "number", "minimum": 0},
        "duration": {"type": "number", "minimum": 0, "description": "seconds"},
    },
}
_DECIDERS = ("model", "rule", "person")
_OF_CALL = ("id", "call", "when", "then")
_OF_DECISION = ("id", "question", "by", "given", "otherwise", "when")


class Framed(NamedTuple):
    """What a model made of a goal."""

    frame: Frame
    questions: tuple[str, ...]
    """What it could not tell; a goal without wants is unclear."""


class Sketched(NamedTuple):
    """What a model sketched."""

    sketch: Sketch | None
    problems: tuple[Problem, ...]
    """Why it is no sketch."""


def listed(operations: Iterable[Operation], signatures: Mapping[str, Signature]) -> list[dict[str, Any]]:
    """Return operations as a model reads them."""
    return [
        {
            "operation": item.name,
            "does": item.summary,
            "effect": item.effect,
            "needs": {each.name: each.kind for each in signatures[item.name].arguments if each.required},
            "gives": [field.kinds[0] for field in signatures[item.name].fields],
        }
        for item in operations
    ]


def frame_schema(operations: Sequence[str], signatures: Mapping[str, Signature]) -> dict[str, Any]:
    """Return the form of a frame; only what the catalogue has can be wanted."""
    given = {kind for name in operations for field in signatures[name].fields for kind in field.kinds}
    wanted = [*operations, *sorted(given)[:MOST_KINDS]]
    services = dict.fromkeys(name.partition(".")[0] for name in operations)
    forbidden = [CHANGES, *EFFECTS, *services, *operations]
    known = {
        "type": "object",
        "properties": {"name": _TEXT, "value": _VALUE},
        "required": ["name", "value"],
    }
    return {
        "type": "object",
        "properties": {
            "want": {"type": "array", "items": {"type": "string", "enum": wanted}},
            "have": {"type": "array", "items": known},
            "questions": {"type": "array", "items": _TEXT},
            "forbid": {"type": "array", "items": {"type": "string", "enum": forbidden}},
            "steps": {"type": "integer", "minimum": 1},
            "budget": _BUDGET,
        },
        "required": ["want", "have", "questions"],
    }


def read_frame(goal: str, value: Mapping[str, Any], known: Mapping[str, Any]) -> Framed:
    """Return the frame that a model told; what a person told counts before what it read.

    Limits that it read can only be added to those of a person.
    """
    told: dict[str, Any] = {}
    for item in value.get("have") or ():
        if not namesakes([str(item["name"]), *told, *known]):
            told[str(item["name"])] = item["value"]
    want = tuple(dict.fromkeys(value.get("want") or ()))[:MOST_WANTED]
    questions = tuple(str(each) for each in value.get("questions") or ())
    limits = Constraints(forbid=tuple(value.get("forbid") or ())[:MOST_FORBIDDEN], steps=value.get("steps"))
    budget = Budget.model_validate(_without_nulls(value.get("budget") or {}))
    frame = Frame(goal=goal, want=want, have={**told, **known}, constraints=limits, budget=budget)
    return Framed(frame, questions)


def sketch_schema(operations: Sequence[str]) -> dict[str, Any]:
    """Return the form of a sketch; only these operations can be called."""
    pair = {
        "type": "object",
        "properties": {"name": _TEXT, "value": _VALUE},
        "required": ["name", "value"],
    }
    option = {
        "type": "object",
        "properties": {"id": _TEXT, "means": _TEXT, "when": _TEXT, "then": _TEXT},
        "required": ["id", "means"],
    }
    step = {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "call": {"type": "string", "enum": list(operations)},
            "with": {"type": "array", "items": pair},
            "question": _TEXT,
            "by": {"type": "string", "enum": list(_DECIDERS)},
            "given": {"type": "array", "items": _TEXT},
            "options": {"type": "array", "items": option},
            "otherwise": _TEXT,
            "when": _TEXT,
            "then": _TEXT,
        },
        "required": ["id"],
    }
    return {
        "type": "object",
        "properties": {
            "steps": {"type": "array", "items": step},
            "output": {"type": "array", "items": pair},
        },
        "required": ["steps", "output"],
    }


def read_sketch(value: Mapping[str, Any]) -> Sketched:
    """Return the sketch that a model told, or why no definition can be made of what it told."""
    steps = [_step(item) for item in (value.get("steps") or ())[:MOST_STEPS]]
    names = {str(step.get("id")) for step in steps} | {"input", "run"}
    output = {
        str(item["name"]): _as_expression(str(item["value"]), names) for item in value.get("output") or ()
    }
    try:
        read = Sketch.model_validate({"steps": steps, "output": output})
    except ValidationError as invalid:
        return Sketched(None, tuple(shape_problems(invalid)))
    found = faults(read)
    return Sketched(None if found else read, found)


def written(sketch: Sketch) -> dict[str, Any]:
    """Return a sketch as a model would have told it."""
    told = sketch.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "steps": [_told(step) for step in told["steps"]],
        "output": _pairs(told["output"]),
    }


def _as_expression(text: str, names: Collection[str]) -> str:
    """Return a text that reads a step, and only lacks `${` and `}`, with them."""
    try:
        read = () if "${" in text else condition(text).names
    except ExpressionError:
        return text
    return f"${{{text}}}" if read and set(read) <= set(names) else text


def _step(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return one step as the sketch's model has it: only what belongs to its kind, and without nulls."""
    told = _without_nulls(item)
    if "call" not in told and "question" in told:
        options = [_without_nulls(option) for option in told.get("options", ())]
        return {"kind": "decide"} | _only(told, _OF_DECISION) | {"options": options}
    arguments = {str(each["name"]): each["value"] for each in told.get("with", ())}
    return {"kind": "call", "with": arguments} | _only(told, _OF_CALL)


def _without_nulls(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _only(item: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: item[name] for name in names if name in item}


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in step.items() if name != "kind"}
    return plain | ({"with": _pairs(plain["with"])} if "with" in plain else {})


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]
