"""Equations: the equality in a condition by which what comes from outside can be found without trying all."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from tools import expressions
from tools.errors import ExpressionError
from tools.expressions import Expression

_DEPTHS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Equation(NamedTuple):
    """An equality that a condition implies, with everything that one name brings on one side."""

    outside: Expression
    """The side that reads that one name and nothing else."""
    inside: Expression
    """The side that does not read it."""


class _Token(NamedTuple):
    text: str
    start: int
    end: int


def find(condition: Expression, name: str) -> Equation | None:
    """Return the first equality that must hold where the condition does, with `name` alone on one side.

    Only conditions joined by `&&` are looked into: what `||` or `? :` joins need not hold.
    """
    for part in joined(condition.source):
        sides = _sides(part)
        for outside, inside in (sides, reversed(sides)) if sides else ():
            if outside.names == (name,) and name not in inside.names:
                return Equation(outside, inside)
    return None


def digest(value: Any) -> str | None:
    """Return what equal values share, and hardly any other; None for what equality may see in another way.

    Texts, booleans and whole numbers have one; a decimal number without a fraction counts as whole.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, (str, int)):
        return None
    return hashlib.sha256(orjson.dumps([type(value).__name__, str(value)])).hexdigest()[:32]


def solve(side: Expression, values: Mapping[str, Any]) -> str | None:
    """Return the digest of one side's value; None where it has none.

    Raises:
        ExpressionError: the side has no value, so the equation cannot hold.
    """
    return digest(side.evaluate(values))


def joined(source: str) -> list[str]:
    """Return the parts of a condition that `&&` joins; none where something else joins them."""
    cuts, start, before = [], 0, None
    for token in _outermost(source):
        if token.text in {"|", "?"}:
            return []
        if token.text == "&" and before is not None and before.text == "&" and before.end == token.start:
            cuts.append(source[start : before.start])
            start, before = token.end, None
            continue
        before = token
    return [*cuts, source[start:]]


def _sides(part: str) -> tuple[Expression, Expression] | None:
    """Return the two sides of an equality, or None where the part is something else."""
    tokens = list(_outermost(part))
    signs = [token for token in tokens if token.text in {"=", "<", ">", "!", "in"}]
    if [token.text for token in signs] != ["=", "="] or signs[0].end != signs[1].start:
        return None
    try:
        return expressions.expression(part[: signs[0].start]), expressions.expression(part[signs[1].end :])
    except ExpressionError:
        return None


def _outermost(source: str) -> Iterator[_Token]:
    """Yield the tokens that stand in no brackets."""
    depth = 0
    for token in expressions.tokens(source):
        depth += _DEPTHS.get(token.group(), 0)
        if depth == 0 and token.group() not in _DEPTHS:
            yield _Token(token.group(), token.start(), token.end())
