"""Expressions: Arazzo's runtime expressions and conditions as CEL."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from planner.definition import RESERVED
from tools import expressions
from tools.errors import ExpressionError
from tools.pointers import parts

_EXPRESSION = re.compile(r"\$[A-Za-z][\w.\-]*(?:\[\d+\][\w.\-]*)*(?:#(?:/[^\s{}()=!<>&|,'\"]*)?)?")
_EMBEDDED = re.compile(r"\{(\$[^{}]+)\}")
_TOKEN = re.compile(rf"'(?:[^']|'')*'|{_EXPRESSION.pattern}|[^'$]+|\$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP = re.compile(r"[.\[\]]+")
_CEL_WORDS = RESERVED | {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"}
_CEL_WORDS |= {"loop", "namespace", "package", "return", "var", "void", "while"}
_STATUS = re.compile(r"\s*\$statusCode\s*==\s*(\d{3})\s*")
_SUCCESS = range(200, 300)


class Untranslatable(Exception):
    """There is no CEL for an expression; the message says why."""


class Scope(NamedTuple):
    """What expressions may read at one place."""

    steps: Mapping[str, str]
    """Our names of steps by theirs."""
    outputs: Mapping[tuple[str, str], str]
    """What a step's output is written as, by the step's id and the output's name."""
    ran: frozenset[str] = frozenset()
    """Ids of the steps that run a workflow, so that their value is that workflow's output."""
    here: str | None = None
    """Id of the step whose answer `$response` and `$outputs` mean."""

    def at(self, step: str) -> "Scope":
        """Return the scope where a step has just been made."""
        return self._replace(here=step)


def template(value: Any, scope: Scope) -> Any:
    """Return a value with its runtime expressions as CEL; raise Untranslatable."""
    if isinstance(value, Mapping):
        return {name: template(item, scope) for name, item in value.items()}
    if isinstance(value, list):
        return [template(item, scope) for item in value]
    if not isinstance(value, str):
        return value
    if _EXPRESSION.fullmatch(value):
        return f"${{{cel(value, scope)}}}"
    if "${" in value:
        raise Untranslatable(f"{value!r} holds `${{`, which begins an expression here")
    return _EMBEDDED.sub(lambda found: f"${{{cel(found.group(1), scope)}}}", value)


def cel(text: str, scope: Scope) -> str:
    """Return the CEL of one runtime expression; raise Untranslatable."""
    head, has_pointer, rest = text.partition("#")
    root, *names = [part for part in _STEP.split(head[1:]) if part]
    below = [*parts(rest)] if has_pointer else []
    match root, names:
        case "inputs", [_, *_]:
            return _path("input", [*names, *below])
        case "steps", [step, "outputs", name, *more]:
            return _path(_output(step, name, scope), [*more, *below])
        case "response", ["body", *more]:
            return _path(_here(scope, text), [*more, *below])
        case "outputs", [name, *more] if scope.here in scope.ran:
            return _path(_here(scope, text), [name, *more, *below])
        case "outputs", [name, *more] if scope.here is not None and (scope.here, name) in scope.outputs:
            return _path(_output(scope.here, name, scope), [*more, *below])
    raise Untranslatable(f"{text} {_why(root, names)}")


def condition(text: str, scope: Scope) -> str | None:
    """Return the CEL of a simple condition; None where success alone fulfils it. Raise Untranslatable."""
    if (told := statuses(text)) is not None:
        if any(status in _SUCCESS for status in told):
            return None
        raise Untranslatable(f"{text}: a step goes on only from an answer of success")
    made = "".join(_token(each, scope) for each in _TOKEN.findall(text)).strip()
    try:
        expressions.expression(made)
    except ExpressionError:
        raise Untranslatable(f"{text} is no condition that can be read") from None
    return made


def matching(pattern: str, context: str, scope: Scope) -> str | None:
    """Return the CEL of a regular expression over a value; None where success alone fulfils it."""
    if context == "$statusCode":
        try:
            fits = [status for status in _SUCCESS if re.search(pattern, str(status))]
        except re.error:
            raise Untranslatable(f"{pattern} is no regular expression that can be read") from None
        if fits:
            return None
        raise Untranslatable(f"{pattern}: a step goes on only from an answer of success")
    quoted = pattern.replace("\\", "\\\\").replace("'", "\\'")
    return f"string({cel(context, scope)}).matches('{quoted}')"


def statuses(text: str) -> list[int] | None:
    """Return the statuses that a condition allows; None where it asks for anything else."""
    found = [_STATUS.fullmatch(part) for part in text.split("||")]
    return [int(each.group(1)) for each in found if each] if all(found) else None


def read_inputs(value: Any) -> Iterator[str]:
    """Return the names of inputs that a value reads, at any depth."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from read_inputs(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from read_inputs(item)
    elif isinstance(value, str):
        yield from re.findall(r"\$inputs\.([A-Za-z_][\w\-]*)", value)


def _token(text: str, scope: Scope) -> str:
    if text.startswith("'"):
        inner = text[1:-1].replace("''", "'").replace("\\", "\\\\").replace("'", "\\'")
        return f"'{inner}'"
    return cel(text, scope) if text.startswith("$") and len(text) > 1 else text


def _output(step: str, name: str, scope: Scope) -> str:
    if (step, name) in scope.outputs:
        # Without itself, so that outputs in a circle come to an end.
        others = {key: source for key, source in scope.outputs.items() if key != (step, name)}
        return cel(scope.outputs[step, name], scope._replace(outputs=others, here=step))
    if step not in scope.steps:
        raise Untranslatable(f"there is no step {step!r}")
    raise Untranslatable(f"step {step!r} declares no output {name!r}")


def _here(scope: Scope, text: str) -> str:
    if scope.here is None:
        raise Untranslatable(f"{text} means nothing here")
    return scope.steps[scope.here]


def _path(root: str, names: list[str]) -> str:
    return root + "".join(_field(name) for name in names)


def _field(name: str) -> str:
    if name.isdecimal():
        return f"[{name}]"
    if _NAME.fullmatch(name) and name not in _CEL_WORDS:
        return f".{name}"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{quoted}']"


_REASONS: Mapping[str, Callable[[list[str]], str]] = {
    "response": lambda names: (
        "reads a header" if names[:1] in (["header"], ["headers"]) else "cannot be read"
    ),
    "statusCode": lambda _: "reads the status, which no step keeps",
    "request": lambda _: "reads what was sent, which no step keeps",
    "url": lambda _: "reads an address, which no step keeps",
    "method": lambda _: "reads a method, which no step keeps",
    "workflows": lambda _: "reads another workflow that no step runs",
}


def _why(root: str, names: list[str]) -> str:
    found = _REASONS.get(root)
    return found(names) if found else "is no expression that is known here"
