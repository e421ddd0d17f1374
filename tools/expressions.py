"""Expressions: CEL between `${` and `}`, compiled once and evaluated on what they name."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import cel
import orjson

from tools.errors import ExpressionError

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
      |(?P<text>(?:[rR][bB]?|[bB][rR]?)?(?:\"{3}(?:.|\n)*?\"{3}|'{3}(?:.|\n)*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
      |(?P<chain>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)
      |(?P<number>\d[\w.]*)
      |(?P<dot>\.)
      |(?P<other>\S)""",
    re.VERBOSE,
)
_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_PLAIN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_WORDS = frozenset({"true", "false", "null", "in"})
_TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"})
_OPEN = "${"


class Reference(NamedTuple):
    """A dotted name that an expression reads."""

    root: str
    fields: tuple[str, ...]


class Expression:
    """One compiled CEL expression."""

    def __init__(self, source: str) -> None:
        self.source = source.strip()
        try:
            self._program = cel.compile(self.source)
        except ValueError as exc:
            raise ExpressionError(self.source, _syntax(exc)) from exc
        self.references = _references(self.source)
        self.functions = tuple(name for name in self._program.functions() if name[0].isalpha())
        self.names = tuple(sorted({reference.root for reference in self.references}))
        self._chain = tuple(self.source.split(".")) if self._is_plain() else ()

    def _is_plain(self) -> bool:
        return _PLAIN.fullmatch(self.source) is not None and self.source not in _WORDS

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value over `values`; raise ExpressionError that says why there is none."""
        try:
            if self._chain:
                return _walk(self._chain, values)
            return _json(self._program.execute({name: values[name] for name in self.names}))
        except KeyError as exc:
            raise ExpressionError(self.source, f"there is no {exc.args[0]!r} in the data") from exc
        except (TypeError, ValueError, RuntimeError, ZeroDivisionError, IndexError, OverflowError) as exc:
            raise ExpressionError(self.source, _numbers(str(exc))) from exc


class Template:
    """A JSON value whose strings may hold expressions; a string that is one expression keeps its type."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.expressions: tuple[Expression, ...] = ()
        self._render = self._compile(value)

    @property
    def names(self) -> frozenset[str]:
        """Names that any expression in it reads."""
        return frozenset(name for expression in self.expressions for name in expression.names)

    def render(self, values: Mapping[str, Any]) -> Any:
        """Return the value with every expression evaluated over `values`."""
        return self._render(values)

    def _compile(self, value: Any) -> Callable[[Mapping[str, Any]], Any]:
        if isinstance(value, str) and _OPEN in value:
            return self._compile_text(value)
        if isinstance(value, Mapping):
            fields = {str(name): self._compile(item) for name, item in value.items()}
            return lambda values: {name: item(values) for name, item in fields.items()}
        if isinstance(value, (list, tuple)):
            items = [self._compile(item) for item in value]
            return lambda values: [item(values) for item in items]
        return lambda _values: value

    def _compile_text(self, text: str) -> Callable[[Mapping[str, Any]], Any]:
        parts = [expression(part) if is_code else part for is_code, part in split(text)]
        self.expressions += tuple(part for part in parts if isinstance(part, Expression))
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return parts[0].evaluate
        return lambda values: "".join(
            _text(part.evaluate(values)) if isinstance(part, Expression) else part for part in parts
        )


@lru_cache(maxsize=4096)
def expression(source: str) -> Expression:
    """Return the compiled expression; equal sources share one."""
    return Expression(source)


def condition(text: str) -> Expression:
    """Return the expression of a guard, written with or without `${` and `}`."""
    parts = split(text)
    if len(parts) == 1:
        return expression(parts[0][1])
    raise ExpressionError(text, "a condition is one expression, with no text around it")


def reading(root: str, *fields: str) -> str:
    """Return the expression that reads a field, whatever it is called: `order.total`, `order["1st"]`."""
    steps = (f".{name}" if _is_selector(name) else f"[{orjson.dumps(name).decode()}]" for name in fields)
    return f"{root}{''.join(steps)}"


def _is_selector(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name not in _WORDS


def split(text: str) -> list[tuple[bool, str]]:
    """Cut text into (is expression, part); raise ExpressionError where `${` is never closed."""
    parts: list[tuple[bool, str]] = []
    position = 0
    while (start := text.find(_OPEN, position)) >= 0:
        if start > position:
            parts.append((False, text[position:start]))
        end = _closing(text, start + len(_OPEN))
        parts.append((True, text[start + len(_OPEN) : end]))
        position = end + 1
    if position < len(text) or not parts:
        parts.append((False, text[position:]))
    return parts


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return a template's text in which expressions read other names: each root in `names` is replaced."""
    return "".join(f"${{{_renamed(part, names)}}}" if is_code else part for is_code, part in split(text))


def tokens(source: str) -> list[re.Match[str]]:
    """Return the words and signs of an expression in order; dotted names are one, and signs single."""
    return [token for token in _TOKEN.finditer(source) if token.lastgroup != "comment"]


def _closing(text: str, start: int) -> int:
    depth = 1
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth == 0:
            return token.start()
    raise ExpressionError(text, "`${` is not closed by `}`")


def _references(source: str) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(reference for _, reference in _read(source)))


def _renamed(source: str, names: Mapping[str, str]) -> str:
    for token, reference in reversed(list(_read(source))):
        start = token.start()
        instead = names.get(reference.root, reference.root)
        source = source[:start] + instead + source[start + len(reference.root) :]
    return source


def _read(source: str) -> Iterator[tuple[re.Match[str], Reference]]:
    """Yield each place at which data is read, in order."""
    found_tokens = tokens(source)
    local = _locals(found_tokens, source)
    before = ""
    for token in found_tokens:
        if token.lastgroup == "chain" and before != ".":
            names = [name.strip() for name in token.group().split(".")]
            called = source[token.end() :].lstrip().startswith("(")
            names = names[:-1] if called else names
            if names and not _is_bound(names, token.start(), local, source):
                yield token, Reference(names[0], tuple(names[1:]))
        before = token.group()


class _Local(NamedTuple):
    """A variable of a comprehension, and the stretch of the source where it is bound."""

    name: str
    start: int
    end: int


def _locals(tokens: list[re.Match[str]], source: str) -> list[_Local]:
    texts = [token.span() for token in tokens if token.lastgroup == "text"]
    macros = [
        macro
        for macro in _MACRO.finditer(source)
        if not any(start < macro.start() < end for start, end in texts)
    ]
    return [_Local(macro.group(1), macro.start(1), _end(tokens, macro.start(1))) for macro in macros]


def _end(tokens: list[re.Match[str]], start: int) -> int:
    """Return where the parenthesis closes that is open at `start`."""
    depth = 1
    for token in tokens:
        if token.start() >= start:
            depth += {"(": 1, ")": -1}.get(token.group(), 0)
            if depth == 0:
                return token.start()
    return start


def _is_bound(names: list[str], position: int, local: list[_Local], source: str) -> bool:
    """Tell whether a name is no part of the data: a word of CEL, a type, or a comprehension's variable."""
    name = names[0]
    if name in _WORDS:
        return True
    if len(names) == 1 and name in _TYPES and "type(" in source:
        return True
    return any(item.name == name and item.start <= position < item.end for item in local)


def _walk(chain: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    value: Any = values[chain[0]]
    for name in chain[1:]:
        if not isinstance(value, Mapping):
            raise TypeError(f"{name!r} was asked of {_kind(value)}, which has no fields")
        value = value[name]
    return value


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        int: "a whole number",
        float: "a number",
        str: "a text",
        list: "a list",
    }
    return names.get(type(value), type(value).__name__)


def _text(value: Any) -> str:
    """Write a value inside a text: null as nothing, a list or an object as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _json(value: Any) -> Any:
    """Return what CEL computed as JSON; raise ValueError for what JSON cannot hold."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("the result is no finite number")
        return value
    if isinstance(value, Mapping):
        # CEL gives the fields in an order that changes from one evaluation to the next.
        return {name: _json(item) for name, item in sorted(_named(value), key=itemgetter(0))}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return _written(value)


def _named(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    return ((str(name), item) for name, item in value.items())


def _written(value: Any) -> str:
    """Return a time or a duration as ISO 8601."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        sign, seconds = ("-", -value) if value < timedelta(0) else ("", value)
        return f"{sign}PT{seconds.total_seconds():.6f}".rstrip("0").rstrip(".") + "S"
    raise ValueError(f"the result is of the type {type(value).__name__}, which JSON cannot hold")


def _syntax(exc: ValueError) -> str:
    text = str(exc).split("ERROR: <input>:", 1)
    if len(text) == 1:
        return str(exc)
    line = text[1].splitlines()[0]
    _, column, rest = line.split(":", 2)
    return (
        f"at character {column}: {rest.strip().removeprefix('Syntax error:').strip().split(' expecting ')[0]}"
    )


def _numbers(message: str) -> str:
    if "does not coerce" not in message:
        return message
    short = message.split(" CEL does not coerce", maxsplit=1)[0].rstrip(".")
    if "string" in short:
        return f"{short}; CEL joins a text with texts only: write string(x) for a number"
    return f"{short}; CEL mixes no whole and decimal numbers: write double(x), int(x), or 2.0 for 2"
