"""Selection: which cases are run, by expression, tag and id. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from evals.errors import EvalError
from evals.jobs import Job

_WORD = re.compile(r"\s*(\(|\)|[^\s()]+)")
_SIGNS = frozenset({"and", "or", "not", "(", ")"})

Test = Callable[[str], bool]


class ExpressionWrong(EvalError):
    """An expression that selects cases cannot be read."""

    code = "selection"

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"the expression {text!r} cannot be read: {why}; write words with and, or, not and ( )"
        )


class Selection(NamedTuple):
    """What was asked for; nothing asked for means everything."""

    expression: str = ""
    """Words of name, title or tag, with `and`, `or`, `not` and parentheses."""
    tags: Sequence[str] = ()
    """Any of these."""
    ids: Sequence[str] = ()
    """Any of these, as `id` or `suite/id`."""


def select(jobs: Iterable[Job], wanted: Selection) -> list[Job]:
    """Return the cases that were asked for.

    Raises:
        ExpressionWrong: the expression cannot be read.
    """
    test = read(wanted.expression) if wanted.expression.strip() else lambda _text: True
    return [job for job in jobs if _fits(job, wanted) and test(_text(job))]


def read(expression: str) -> Test:
    """Return what an expression tests; raise ExpressionWrong where it cannot be read."""
    reader = _Reader(expression)
    test = reader.either()
    if reader.rest:
        raise ExpressionWrong(expression, f"{reader.rest[0]!r} comes unexpected")
    return test


def _fits(job: Job, wanted: Selection) -> bool:
    has_tag = not wanted.tags or not set(wanted.tags).isdisjoint(job.case.tags)
    return has_tag and (not wanted.ids or not {job.case.id, job.name}.isdisjoint(wanted.ids))


def _text(job: Job) -> str:
    return " ".join((job.name, job.case.title, *job.case.tags)).lower()


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self.rest = text, _WORD.findall(text)

    def either(self) -> Test:
        tests = [self._both()]
        while self._next("or"):
            tests.append(self._both())
        return lambda text: any(test(text) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._next("and"):
            tests.append(self._one())
        return lambda text: all(test(text) for test in tests)

    def _one(self) -> Test:
        if self._next("not"):
            inner = self._one()
            return lambda text: not inner(text)
        if self._next("("):
            test = self.either()
            if not self._next(")"):
                raise ExpressionWrong(self._text, "a parenthesis is not closed")
            return test
        if not self.rest or self.rest[0] in _SIGNS:
            raise ExpressionWrong(
                self._text, f"a word is missing before {self.rest[0]!r}" if self.rest else "it ends early"
            )
        word = self.rest.pop(0).lower()
        return lambda text: word in text

    def _next(self, sign: str) -> bool:
        if self.rest and self.rest[0] == sign:
            self.rest.pop(0)
            return True
        return False
