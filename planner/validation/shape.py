"""Shape: what does not have the form of a workflow, and what can be read in spite of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from planner.definition import (
    KINDS,
    AnyStep,
    Budget,
    Call,
    Case,
    Decide,
    Fail,
    Foreach,
    Option,
    Parallel,
    Receive,
    Recover,
    RunWorkflow,
    Set,
    Start,
    Step,
    Substitute,
    Switch,
    Wait,
    Workflow,
    kind_of,
)
from planner.permits import Permit
from planner.validation.candidates import either, listed, near
from planner.validation.sequences import escaped
from tools.operations import Retry
from tools.problems import Problem
from tools.records import Record

_STEP: TypeAdapter[AnyStep] = TypeAdapter(Step)
_CLASSES: dict[str, type[Record]] = {
    "call": Call,
    "decide": Decide,
    "switch": Switch,
    "set": Set,
    "parallel": Parallel,
    "foreach": Foreach,
    "run": RunWorkflow,
    "wait": Wait,
    "receive": Receive,
    "fail": Fail,
}
_INNER: dict[str, type[Record]] = {
    "retry": Retry,
    "recover": Recover,
    "substitutes": Substitute,
    "options": Option,
    "switch": Case,
    "budget": Budget,
    "permit": Permit,
    "on": Start,
}
_KINDS_OF_VALUE = {
    "string_type": "a text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
_PATTERNS = {
    "workflow": ("bad-name", "Write lower-case letters, digits and `-`, beginning with a letter."),
    "version": ("bad-version", "Write a semantic version, such as `1.2.0`."),
}
_NAME = ("bad-name", "Write lower-case letters, digits and `_`, beginning with a letter, 63 at most.")
_DURATION = "Write an ISO 8601 duration, such as `PT30S`, `PT5M` or `P2D`."


class Salvaged(NamedTuple):
    """What could be read of a workflow whose shape is wrong in places."""

    workflow: Workflow
    broken: frozenset[str]
    """JSON pointers of the steps of which nothing is known but their name."""


class _Where(NamedTuple):
    """A place in the document, and what kind of thing stands there."""

    pointer: str
    kind: str
    """Kind of the step it is in, or `` outside steps."""
    parts: tuple[str, ...]
    """The rest of the way, inside the step or the workflow."""


def shape_problems(invalid: ValidationError) -> list[Problem]:
    """Return what pydantic found, in the words of workflows."""
    errors = [(error, _where(error["loc"])) for error in invalid.errors(include_url=False)]
    extra = {where.pointer for error, where in errors if error["type"] == "extra_forbidden"}
    return [
        _problem(error, where)
        for error, where in errors
        if not (error["type"] == "missing" and _misspelt(where.pointer, extra))
        and not (error["type"] == "too_short" and _echoed(where.pointer, errors))
    ]


def _echoed(pointer: str, errors: list[tuple[ErrorDetails, _Where]]) -> bool:
    """Tell whether a list counts as too short only because its items are wrong."""
    return any(where.pointer.startswith(f"{pointer}/") for _, where in errors)


def _misspelt(pointer: str, extra: set[str]) -> bool:
    """Tell whether a field that is missing is one of the unknown fields beside it, misspelt."""
    parent, _, name = pointer.rpartition("/")
    beside = [other.rpartition("/")[2] for other in extra if other.rpartition("/")[0] == parent]
    return bool(near(name, beside))


def _where(loc: tuple[int | str, ...]) -> _Where:
    parts = tuple(str(part) for part in loc if part != "[key]")
    if len(parts) < 2 or parts[0] != "steps":  # noqa: PLR2004 -- `steps` and the name of one
        return _Where(_pointer(parts), "", parts)
    taken, kind = ["steps"], ""
    rest = parts[1:]
    while rest:
        taken.append(rest[0])
        kind, rest = (rest[1], rest[2:]) if len(rest) > 1 else ("step", ())
        deeper = {"parallel": 2, "foreach": 1}.get(kind, 0)
        if not deeper or rest[:1] != ({"parallel": "parallel", "foreach": "steps"}[kind],):
            break
        if len(rest) <= deeper:
            break
        taken += rest[:deeper]
        rest = rest[deeper:]
    return _Where(_pointer((*taken, *rest)), kind, tuple(rest))


def _pointer(parts: tuple[str, ...] | list[str]) -> str:
    return "".join(f"/{escaped(part)}" for part in parts)


def _problem(error: ErrorDetails, where: _Where) -> Problem:
    for beginning, write in _WRITERS.items():
        if error["type"].startswith(beginning):
            return write(error, where)
    if error["type"] in _KINDS_OF_VALUE:
        return _ill_typed(error, where)
    remedy = error["msg"].replace("Input should", "It should")
    return _said(where, "bad-value", f"{_shown(error['input'])} is not allowed here.", f"{remedy}.")


def _said(where: _Where, code: str, message: str, remedy: str) -> Problem:
    return Problem(path=where.pointer, code=code, message=message, remedy=remedy)


def _kindless(error: ErrorDetails, where: _Where) -> Problem:
    value = error["input"]
    name = where.pointer.rpartition("/")[2]
    if not isinstance(value, Mapping):
        return _said(
            where,
            "wrong-type",
            f"Step '{name}' is {_shown(value)}, not a mapping.",
            "Write its kind and fields.",
        )
    found = [kind for kind in KINDS if kind in value]
    if found:
        return _said(
            where,
            "step-kind",
            f"Step '{name}' has {listed(found)}, which are kinds of steps.",
            "Keep one of them; a step does one thing.",
        )
    likely = [(key, kind) for key in value for kind in near(str(key), KINDS)[:1]]
    hint = f" Did you mean '{likely[0][1]}' by '{likely[0][0]}'?" if likely else ""
    return _said(
        where,
        "step-kind",
        f"Step '{name}' does not say what kind of step it is.",
        f"Give it one of {listed(KINDS)}.{hint}",
    )


def _unknown_key(_error: ErrorDetails, where: _Where) -> Problem:
    name, known = where.parts[-1], _keys(where)
    likely = near(name, known)
    return _said(
        where,
        "unknown-key",
        f"{_owner(where)} has no field '{name}'.",
        f"Did you mean {either(likely)}?" if likely else f"Its fields are {listed(known)}.",
    )


def _owner(where: _Where) -> str:
    if len(where.parts) > 1:
        words = {
            "options": "an option",
            "switch": "a case",
            "substitutes": "a substitute",
            "on": "an event of `on`",
        }
        return f"`{where.parts[-2]}`" if where.parts[0] not in words else words[where.parts[0]].capitalize()
    return f"A {where.kind} step" if where.kind else "A workflow"


def _keys(where: _Where) -> list[str]:
    model = _CLASSES.get(where.kind, Workflow)
    if len(where.parts) > 1:
        model = _INNER.get(where.parts[0], model)
    return [item.alias or name for name, item in model.model_fields.items()]


def _lacking(_error: ErrorDetails, where: _Where) -> Problem:
    return Problem(
        path=where.pointer.rpartition("/")[0],
        code="missing-key",
        message=f"{_owner(where)} lacks `{where.parts[-1]}`.",
        remedy=f"Add `{where.parts[-1]}`.",
    )


def _no_duration(error: ErrorDetails, where: _Where) -> Problem:
    return _said(where, "bad-duration", f"{_shown(error['input'])} is no duration.", _DURATION)


def _too_few(error: ErrorDetails, where: _Where) -> Problem:
    least = error.get("ctx", {}).get("min_length", 1)
    return _said(where, "bad-value", f"{_shown(error['input'])} is too little.", f"Write at least {least}.")


def _ill_named(error: ErrorDetails, where: _Where) -> Problem:
    last = where.parts[-1] if where.parts else ""
    code, remedy = _NAME if error["loc"][-1] == "[key]" else _PATTERNS.get(last, _NAME)
    word = "version" if code == "bad-version" else "name"
    return _said(where, code, f"{_shown(error['input'])} is no {word}.", remedy)


def _ill_typed(error: ErrorDetails, where: _Where) -> Problem:
    value, wanted = error["input"], _KINDS_OF_VALUE[error["type"]]
    quoted = isinstance(value, (bool, int, float)) and wanted == "a text"
    remedy = f'Write it in quotes: "{str(value).lower()}".' if quoted else f"Write {wanted}."
    if quoted and where.parts[-1:] == ("version",):
        remedy = _PATTERNS["version"][1]
    return _said(where, "wrong-type", f"Found {_shown(value)} where {wanted} is wanted.", remedy)


def _shown(value: Any) -> str:
    words: dict[type, Callable[[Any], str]] = {
        dict: lambda fields: "a mapping" if fields else "an empty mapping",
        list: lambda items: "a list" if items else "an empty list",
        type(None): lambda _: "nothing",
        bool: lambda truth: str(truth).lower(),
    }
    text = words.get(type(value), repr)(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 -- a sentence stays readable


_WRITERS: dict[str, Callable[[ErrorDetails, _Where], Problem]] = {
    "union_tag": _kindless,
    "extra_forbidden": _unknown_key,
    "missing": _lacking,
    "string_pattern_mismatch": _ill_named,
    "time_delta": _no_duration,
    "too_short": _too_few,
}


def salvage(document: Mapping[str, Any]) -> Salvaged | None:
    """Return what can be read of a workflow, with a place-holder for what cannot; None without steps."""
    raw = document.get("steps")
    if not isinstance(raw, Mapping) or not raw:
        return None
    broken: set[str] = set()
    steps = _steps(raw, "/steps", broken)
    fields: dict[str, Any] = {"workflow": "unnamed", "steps": {"placeholder": Set(set={})}}
    for key in ("workflow", "version", "goal", "input", "on", "permit", "budget", "on_failure", "output"):
        if key in document and _fits({**fields, key: document[key]}):
            fields[key] = document[key]
    whole = Workflow.model_validate(fields)
    told = whole.model_fields_set
    return Salvaged(Workflow.model_construct(told, **{**dict(whole), "steps": steps}), frozenset(broken))


def _fits(fields: dict[str, Any]) -> bool:
    try:
        Workflow.model_validate(fields)
    except ValidationError:
        return False
    return True


def _steps(raw: Mapping[Any, Any], pointer: str, broken: set[str]) -> dict[str, AnyStep]:
    return {str(name): _step(value, f"{pointer}/{escaped(str(name))}", broken) for name, value in raw.items()}


def _step(value: Any, pointer: str, broken: set[str]) -> AnyStep:
    kind = kind_of(value)
    if kind in {"parallel", "foreach"} and (nested := dict(_bodies(value, kind, pointer))):
        inner = {place: _steps(body, place, broken) for place, body in nested.items()}
        return _holder(value, pointer, inner, broken)
    try:
        return _STEP.validate_python(value)
    except ValidationError:
        broken.add(pointer)
        return Set(set={})


def _bodies(value: Mapping[str, Any], kind: str, pointer: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    bodies = value[kind] if kind == "parallel" else {"": value.get("steps")}
    if not isinstance(bodies, Mapping):
        return
    for branch, body in bodies.items():
        if isinstance(body, Mapping) and body:
            yield f"{pointer}/parallel/{escaped(str(branch))}" if branch else f"{pointer}/steps", body


def _holder(
    value: Mapping[str, Any], pointer: str, inner: dict[str, dict[str, AnyStep]], broken: set[str]
) -> AnyStep:
    """Return a parallel or foreach with its steps, even where some of them or itself is broken."""
    body = {"only": Set(set={})}
    try:
        if "foreach" in value:
            shallow: AnyStep = Foreach.model_validate({**value, "steps": body})
        else:
            branches = dict.fromkeys(value["parallel"], body)
            shallow = Parallel.model_validate({**value, "parallel": branches})
        if isinstance(shallow, Parallel) and len(inner) < len(shallow.parallel):
            broken.add(pointer)
    except ValidationError:
        broken.add(pointer)
        shallow = (
            Foreach(foreach="[]", steps=body) if "foreach" in value else Parallel(parallel={"only": body})
        )
    fields = dict(shallow)
    if isinstance(shallow, Foreach):
        return Foreach.model_construct(**{**fields, "steps": next(iter(inner.values()))})
    named = {place.rpartition("/")[2]: steps for place, steps in inner.items()}
    return Parallel.model_construct(**{**fields, "parallel": named})
