"""Functions: Python functions as operations, their schemas taken from their type hints."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_type_hints

from pydantic import ConfigDict, Field, PydanticUserError, TypeAdapter, create_model
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError

from tools.errors import CatalogInvalid
from tools.operations import FunctionBinding, Operation
from tools.problems import Problem
from tools.wording import hint

KEY_ARGUMENT = "idempotency_key"

_TARGET = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LONGEST_SUMMARY = 200
_NAMELESS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


def load(target: str) -> Callable[..., Any]:
    """Import the function that `module:name` names; raise CatalogInvalid where there is none."""
    if not _TARGET.fullmatch(target):
        raise _invalid(
            "bad-target", f"{target!r} names no function.", "Write it as `package.module:function`."
        )
    module_name, _, path = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except (ImportError, SyntaxError) as exc:
        raise _invalid(
            "unknown-module",
            f"The module {module_name!r} cannot be imported: {exc}.",
            "Install it, or start the program where it can be found.",
        ) from exc
    for name in path.split("."):
        if not hasattr(found, name):
            raise _invalid(
                "unknown-function", f"{module_name!r} has no {path!r}.", hint(name, list(_public(found)))
            )
        found = getattr(found, name)
    if not callable(found):
        raise _invalid("unknown-function", f"{target!r} is no function.", "Name one that can be called.")
    return found  # type: ignore[no-any-return] # what a module holds is known only now


def describe(target: str, *, service: str, name: str, key_argument: str = KEY_ARGUMENT) -> Operation:
    """Return the operation that a function is; raise CatalogInvalid where its signature does not tell.

    The keyword argument that receives the idempotency key is no part of the input.
    """
    function = load(target)
    signature, hints = _signature(function, target)
    problems = list(_unfit(signature, target))
    if problems:
        raise CatalogInvalid(problems)
    takes_key = key_argument in signature.parameters
    return Operation(
        name=f"{service}.{name}",
        service=service,
        summary=_summary(function),
        input=_input(signature, hints, without=key_argument, target=target),
        output=_output(hints, target),
        binding=FunctionBinding(target=target),
        **({"key_header": key_argument} if takes_key else {}),
    )


def _signature(function: Callable[..., Any], target: str) -> tuple[inspect.Signature, dict[str, Any]]:
    try:
        described = function if inspect.isroutine(function) else type(function).__call__
        return inspect.signature(function), get_type_hints(described, include_extras=True)
    except (NameError, TypeError, ValueError) as exc:
        raise _invalid(
            "bad-signature",
            f"The type hints of {target!r} cannot be read: {exc}.",
            "Import every name they use.",
        ) from exc


def _unfit(signature: inspect.Signature, target: str) -> Iterator[Problem]:
    """Return a problem for each parameter that no named argument can reach."""
    for parameter in signature.parameters.values():
        if parameter.kind in _NAMELESS:
            yield _problem(
                "bad-signature",
                f"{target!r} takes {parameter.name!r} by position only.",
                "Arguments are given by name: remove the `/` or `*args`.",
            )


def _input(
    signature: inspect.Signature, hints: dict[str, Any], *, without: str, target: str
) -> dict[str, Any]:
    named = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.name != without and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    is_open = any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()
    )
    fields = {f"argument_{index}": _field(parameter, hints) for index, parameter in enumerate(named)}
    with _Described(target):
        model = create_model(
            "Arguments",
            __config__=ConfigDict(extra="allow" if is_open else "forbid", arbitrary_types_allowed=False),
            **fields,
        )
        schema = model.model_json_schema(mode="validation")
    schema.pop("title", None)
    for name, field in schema.get("properties", {}).items():
        _without_echo(name, field)
    return {"type": "object", "properties": {}, **schema, "additionalProperties": is_open}


def _without_echo(name: str, field: dict[str, Any]) -> None:
    """Drop the title that only repeats the name."""
    if str(field.get("title", "")).replace(" ", "_").lower() == name.lower():
        del field["title"]


def _field(parameter: inspect.Parameter, hints: dict[str, Any]) -> Any:
    hinted = hints.get(parameter.name, Any)
    field = Field(alias=parameter.name)
    if parameter.default is inspect.Parameter.empty:
        return Annotated[hinted, field], ...
    return Annotated[hinted, field], parameter.default


def _output(hints: dict[str, Any], target: str) -> dict[str, Any] | None:
    """Return the schema of the answer; None where the function does not tell."""
    if "return" not in hints or hints["return"] is Any:
        return None
    hinted = hints["return"]
    with _Described(target):
        return TypeAdapter(type(None) if hinted is None else hinted).json_schema(mode="serialization")


class _Described:
    """Turns pydantic's errors about a type hint into ours."""

    def __init__(self, target: str) -> None:
        self._target = target

    def __enter__(self) -> None:
        """Start to describe."""

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        """Raise CatalogInvalid for a hint that has no JSON Schema."""
        if isinstance(exc, (PydanticUserError, PydanticInvalidForJsonSchema, PydanticSchemaGenerationError)):
            reason = str(exc).splitlines()[0]
            raise _invalid(
                "bad-signature",
                f"A type hint of {self._target!r} has no JSON form: {reason}",
                "Use JSON types, dataclasses, TypedDicts or pydantic models.",
            ) from exc


def _summary(function: Callable[..., Any]) -> str:
    lines = (inspect.getdoc(function) or "").strip().splitlines()
    return lines[0].strip()[:_LONGEST_SUMMARY] if lines else ""


def _public(found: Any) -> Iterator[str]:
    """Return the names of what can be called and was defined there."""
    home = getattr(found, "__name__", None)
    for name, value in vars(found).items():
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", home) == home:
            yield name


def _problem(code: str, message: str, remedy: str) -> Problem:
    return Problem(path="", code=code, message=message, remedy=remedy)


def _invalid(code: str, message: str, remedy: str) -> CatalogInvalid:
    return CatalogInvalid([_problem(code, message, remedy)])
