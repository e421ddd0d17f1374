"""Guards: conditions, lists and durations that surely give something else, and hopeless comparisons."""

import re
from collections.abc import Iterator
from typing import Any

from planner.validation import mixtures
from planner.validation.candidates import either, listed, meant, near
from planner.validation.durations import seconds
from planner.validation.sites import Site
from planner.validation.values import Scope, wording
from tools import expressions, moments, schemas
from tools.errors import ExpressionError
from tools.operations import JsonSchema
from tools.problems import Problem

_TEXT = r"""(?:"(?P<{0}>[^"\\]*)"|'(?P<{1}>[^'\\]*)')"""
_CHAIN = r"(?P<{0}>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_COMPARED = (
    re.compile(rf"(?<![\w.'\"]){_CHAIN.format('chain')}\s*(?:==|!=)\s*{_TEXT.format('double', 'single')}"),
    re.compile(rf"{_TEXT.format('double', 'single')}\s*(?:==|!=)\s*{_CHAIN.format('chain')}(?![\w.(])"),
)
_WANTED: dict[str, tuple[str, JsonSchema, str, str]] = {
    "condition": (
        "not-boolean",
        {"type": "boolean"},
        "true or false",
        "Write a comparison, such as `${order.total > 0.0}`.",
    ),
    "list": ("not-a-list", {"type": "array"}, "a list", "Name a list, such as `${order.lines}`."),
    "duration": (
        "bad-duration",
        {"type": ["string", "integer", "number"]},
        "a duration",
        "Write a duration (`PT30S`, `P2D`), a number of seconds, or a moment (`2027-01-01T08:00:00Z`).",
    ),
}
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_TAILED_NUMBER = re.compile(r"(?<![\w.])\d+\.[A-Za-z_]")
# fmt: off
FUNCTIONS = frozenset({
    "size", "contains", "startsWith", "endsWith", "matches", "string", "int", "uint", "double", "bytes",
    "timestamp", "duration", "type", "dyn", "getFullYear", "getMonth", "getDate", "getDayOfMonth",
    "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds", "has",
    "all", "exists", "exists_one", "map", "filter",
})
# fmt: on
"""What an expression can call; the last six are macros."""


def problems(site: Site, scope: Scope) -> list[Problem]:
    """Return what is wrong with the values at one site, whatever takes them."""
    if site.error is not None:
        return [site.error]
    if any(_TAILED_NUMBER.search(_QUOTED.sub("", code.source)) for code in site.codes):
        return [_tailed(site)]
    if called := _unknown_functions(site):
        return called
    typed = _ill_typed(site, scope)
    return [*([typed] if typed else []), *_impossible(site, scope), *mixtures.problems(site, scope)]


def _tailed(site: Site) -> Problem:
    return Problem(
        path=site.pointer,
        code="bad-expression",
        message=f"`{site.text}` asks a number for a field.",
        remedy="Write a decimal number with digits on both sides, such as `200.0`.",
    )


def _ill_typed(site: Site, scope: Scope) -> Problem | None:
    if site.role == "duration" and not site.codes:
        return None if _is_wait(site.text) else _wrong(site, f"{site.text!r}")
    if site.role not in _WANTED:
        return None
    source = scope.source(site)
    if source is None:
        return None
    constant = site.constant()
    if site.role == "duration" and constant is not None:
        return None if _is_wait(constant.value) else _wrong(site, f"{constant.value!r}")
    if schemas.accepts(_WANTED[site.role][1], source) == "no":
        return _wrong(site, wording(source))
    return None


def _is_wait(value: Any) -> bool:
    return seconds(value) is not None or moments.moment(value) is not None


def _wrong(site: Site, found: str) -> Problem:
    code, _, wanted, remedy = _WANTED[site.role]
    message = f"`{site.text}` gives {found} where {wanted} is wanted."
    return Problem(path=site.pointer, code=code, message=message, remedy=remedy)


def _impossible(site: Site, scope: Scope) -> Iterator[Problem]:
    """Yield comparisons of a value that has a closed list of texts with a text that is none of them."""
    for code in site.codes:
        for pattern in _COMPARED:
            for match in pattern.finditer(code.source):
                text = match["double"] if match["double"] is not None else match["single"]
                values = _values(match["chain"], site, scope)
                if values and text not in values:
                    yield Problem(
                        path=site.pointer,
                        code="unknown-value",
                        message=f"'{match['chain']}' is never '{text}'.",
                        remedy=meant(text, values, what="values"),
                    )


def _values(chain: str, site: Site, scope: Scope) -> list[str]:
    try:
        schema = scope.schema(site.sequence, expressions.expression(chain))
    except ExpressionError:
        return []
    values = (schema or {}).get("enum", [])
    return values if all(isinstance(value, str) for value in values) else []


def _unknown_functions(site: Site) -> list[Problem]:
    return [
        Problem(
            path=site.pointer,
            code="unknown-function",
            message=f"`{code.source}` calls '{name}', which does not exist.",
            remedy=f"Did you mean {either(likely)}?"
            if (likely := near(name, FUNCTIONS))
            else f"The functions are {listed(sorted(FUNCTIONS))}.",
        )
        for code in site.codes
        for name in code.functions
        if name not in FUNCTIONS
    ]
