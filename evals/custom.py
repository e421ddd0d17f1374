"""Custom checks: functions of a project that judge a case in their own way."""

import importlib
from collections.abc import Callable
from typing import Any

from evals.cases import Case
from evals.checks import Check
from evals.errors import EvalError
from evals.match import Difference
from evals.trace import Trace
from tools.pointers import pointer

Judge = Callable[[Case, Trace], Any]


class CustomCheckBroken(EvalError):
    """A check of one's own cannot be found, or broke."""

    code = "custom-check"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the check {name!r} {why}")


def judge(case: Case, trace: Trace) -> list[Check]:
    """Return what the case's own checks say.

    Raises:
        CustomCheckBroken: one cannot be found, or broke, or says neither yes nor no.
    """
    return [_check(name, case, trace) for name in case.expect.custom]


def _check(name: str, case: Case, trace: Trace) -> Check:
    try:
        said = _found(name)(case, trace)
    except Exception as exc:
        raise CustomCheckBroken(name, f"broke: {type(exc).__name__}: {exc}") from exc
    at = pointer(("custom", name))
    if said is None or said is True or said == "":
        return Check(name=at, ok=True)
    if said is False or isinstance(said, str):
        wrong = Difference(pointer=at, expected="all is well", found=said or "it is not")
        return Check(name=at, ok=False, difference=wrong)
    raise CustomCheckBroken(name, f"returned {said!r:.80}; it returns nothing or true, or else a sentence")


def _found(name: str) -> Judge:
    module, _, function = name.partition(":")
    try:
        found: Judge = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as exc:
        raise CustomCheckBroken(name, f"cannot be found: {exc}") from exc
    return found
