"""Mixtures: arithmetic between whole and decimal numbers, which CEL refuses when the run comes to it."""

import re
from collections.abc import Iterator

from planner.validation.sites import Site
from planner.validation.values import Scope
from tools import expressions
from tools.errors import ExpressionError
from tools.problems import Problem

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_CHAIN = r"(?P<chain>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)"
_NUMBER = r"(?P<number>\d+(?:\.\d+)?)"
_SIGN = r"\s*[-+*/%]\s*"
_PATTERNS = (
    re.compile(rf"(?<![\w.\]\)]){_CHAIN}{_SIGN}{_NUMBER}(?![\w.])"),
    re.compile(rf"(?<![\w.\]\)]){_NUMBER}{_SIGN}{_CHAIN}(?![\w.(\[])"),
)


def problems(site: Site, scope: Scope) -> Iterator[Problem]:
    """Yield arithmetic between a field of one kind of number and a literal of the other."""
    for code in site.codes:
        source = _QUOTED.sub("''", code.source)
        for match in (found for pattern in _PATTERNS for found in pattern.finditer(source)):
            kind = _kind(match["chain"], site, scope)
            decimal = "." in match["number"]
            if (kind == "integer" and decimal) or (kind == "number" and not decimal):
                yield _mixed(site, match["chain"], match["number"])


def _kind(chain: str, site: Site, scope: Scope) -> object:
    try:
        schema = scope.schema(site.sequence, expressions.expression(chain))
    except ExpressionError:
        return None
    return (schema or {}).get("type")


def _mixed(site: Site, chain: str, number: str) -> Problem:
    is_decimal = "." in number
    remedy = f"Write `double({chain})`." if is_decimal else f"Write `{number}.0` for `{number}`."
    words = ("a whole number", "a decimal one") if is_decimal else ("a decimal number", "a whole one")
    return Problem(
        path=site.pointer,
        code="mixed-numbers",
        message=f"'{chain}' is {words[0]} and {number} {words[1]}; arithmetic does not mix them.",
        remedy=remedy,
    )
