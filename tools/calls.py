"""Calls: run a Python function as an operation, and read what became of it."""

import asyncio
import contextvars
import inspect
import threading
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from tools.failures import CLASSES
from tools.functions import KEY_ARGUMENT
from tools.operations import Operation
from tools.outcomes import Outcome, OutcomeClass
from tools.requests import Unbuildable
from tools.responses import escaped, judge

_LONGEST_CODE = 60
_STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_NAMELESS = inspect.Parameter.POSITIONAL_ONLY


@dataclass
class Report:
    """What a function returned or raised; a context that takes what it raises."""

    value: Any = None
    error: BaseException | None = None
    takes: type[BaseException] = Exception
    """What is kept here; the rest, such as a cancellation, goes on its way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        self.error = error
        return isinstance(error, self.takes)


class Call:
    """A function with the arguments that it will be called with."""

    def __init__(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        self._function = function
        self._arguments = _converted(function, arguments)

    def start(self) -> asyncio.Future[Report]:
        """Return the work, begun: a task for an async function, or else a thread that nobody waits for."""
        if _shape(self._function).is_async:
            return asyncio.get_running_loop().create_task(self._await())
        return self._in_thread()

    async def _await(self) -> Report:
        with Report() as report:
            report.value = await self._function(**self._arguments)
        return report

    def _in_thread(self) -> asyncio.Future[Report]:
        """Run in a daemon thread of its own: a pool's threads are waited for when the process ends."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Report] = loop.create_future()
        context = contextvars.copy_context()
        report = Report(takes=BaseException)

        def settle() -> None:
            if not future.done():
                future.set_result(report)

        def work() -> None:
            try:
                with report:
                    report.value = context.run(self._function, **self._arguments)
            finally:
                with suppress(RuntimeError):  # the loop has been closed meanwhile
                    loop.call_soon_threadsafe(settle)

        threading.Thread(target=work, name=getattr(self._function, "__name__", None), daemon=True).start()
        return future


def with_key(operation: Operation, function: Callable[..., Any], key: str) -> dict[str, Any]:
    """Return the argument that carries the idempotency key; raise Unbuildable where none can."""
    taken = inspect.signature(function).parameters
    for name in (operation.key_header, KEY_ARGUMENT):
        if name in taken:
            return {name: key}
    raise Unbuildable(
        f"{operation.name} is declared `keyed`, but its function takes no {KEY_ARGUMENT!r}; "
        "add that parameter or declare another effect"
    )


def classify(operation: Operation, report: Report, arguments: Mapping[str, Any]) -> Outcome:
    """Return what the function's end says became of the call."""
    if report.error is not None:
        return _raised(operation, report.error)
    try:
        output = to_jsonable_python(report.value, by_alias=True)
    except (PydanticSerializationError, ValueError) as exc:
        error = escaped(f"{operation.name} returned something that has no JSON form: {exc}")
        return Outcome(kind="applied_bad", code="body", error=error)
    return judge(operation, output, arguments)


def _raised(operation: Operation, error: BaseException) -> Outcome:
    kind = getattr(error, "planner_outcome", None)
    told = kind in CLASSES
    code, status, pause = (getattr(error, name, None) for name in ("code", "status", "retry_after"))
    return Outcome(
        kind=cast("OutcomeClass", kind) if told else "unknown",
        code=code[:_LONGEST_CODE] if told and isinstance(code, str) else "exception",
        status=status if told and isinstance(status, int) else None,
        retry_after=float(pause) if told and isinstance(pause, (int, float)) else None,
        error=escaped(f"{operation.name} raised {type(error).__name__}: {error}"),
    )


class _Shape(NamedTuple):
    """What a function takes, read once: reading it costs far more than most calls."""

    signature: inspect.Signature
    required: frozenset[str]
    """Parameters that have no default."""
    accepted: frozenset[str]
    """Parameters that an argument reaches by its name."""
    adapters: Mapping[str, TypeAdapter[Any]]
    """By the names of the arguments that bear a type."""
    is_async: bool

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise TypeError where the function cannot be called so; asking the signature itself costs a lot."""
        if not self.required <= arguments.keys() <= self.accepted:
            self.signature.bind(**arguments)


@lru_cache(maxsize=1024)
def _shape(function: Callable[..., Any]) -> _Shape:
    described = _described(function)
    hints = typing.get_type_hints(described, include_extras=True)
    signature = inspect.signature(function)
    named = [each for each in signature.parameters.values() if each.kind not in _STARRED]
    return _Shape(
        signature,
        required=frozenset(each.name for each in named if each.default is inspect.Parameter.empty),
        accepted=frozenset(each.name for each in named if each.kind is not _NAMELESS),
        adapters={name: _adapter(hint) for name, hint in hints.items()},
        is_async=inspect.iscoroutinefunction(described),
    )


def _converted(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as the types that the function names; raise Unbuildable with every misfit."""
    try:
        shape = _shape(function)
        shape.check(arguments)
    except (TypeError, NameError) as exc:
        raise Unbuildable(f"the function cannot be called so: {exc}") from None
    misfits: list[str] = []
    converted: dict[str, Any] = {}
    for name, value in arguments.items():
        try:
            adapter = shape.adapters.get(name)
            converted[name] = value if adapter is None else adapter.validate_python(value)
        except ValidationError as exc:
            misfits += [f"{name}: {error['msg']}" for error in exc.errors(include_url=False)]
    if misfits:
        raise Unbuildable("; ".join(misfits))
    return converted


def _adapter(hint: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(hint)
    except (PydanticSchemaGenerationError, PydanticUserError):
        return TypeAdapter(Any)


def _described(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what bears the signature: the function itself, or the `__call__` of an object."""
    return function if inspect.isroutine(function) else type(function).__call__
