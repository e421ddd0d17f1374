"""Fixtures: answers that suites share, in files beside them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from evals.cases import Fixture, Suite
from planner import project as files
from tools import yaml
from tools.errors import DocumentInvalid
from tools.pointers import pointer
from tools.problems import Problem

_KINDS = ("model", "services", "person")


class Shared(NamedTuple):
    """A suite with the answers of its fixtures."""

    suite: Suite | None
    """None where a fixture cannot be read."""
    problems: tuple[Problem, ...]


def read(suite: Suite, file: Path) -> Shared:
    """Return the suite with what its fixtures answer behind its own defaults."""
    answers: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
    problems: list[Problem] = []
    for place, name in enumerate(suite.fixtures):
        try:
            found = Fixture.model_validate(yaml.load(files.text(file.parent / name), file=name).data)
        except (DocumentInvalid, ValidationError, OSError) as exc:
            problems += _problems(("fixtures", place), name, exc)
            continue
        for kind in _KINDS:
            answers[kind] |= getattr(found, kind)
    if problems:
        return Shared(None, tuple(problems))
    if not suite.fixtures:
        return Shared(suite, ())
    own = suite.defaults
    merged = own.model_copy(update={kind: {**answers[kind], **getattr(own, kind)} for kind in _KINDS})
    return Shared(suite.model_copy(update={"defaults": merged}), ())


def _problems(at: tuple[str, int], name: str, exc: Exception) -> Iterator[Problem]:
    path = pointer(at)
    if isinstance(exc, DocumentInvalid):
        for problem in exc.problems:
            yield Problem(path=path, code="fixture", message=f"{name}: {problem.message}")
    elif isinstance(exc, ValidationError):
        for error in exc.errors(include_url=False):
            told = f"{name} at {pointer(error['loc'])}: {error['msg']}."
            yield Problem(path=path, code="fixture", message=told)
    else:
        remedy = "Name a file relative to this one."
        yield Problem(path=path, code="fixture", message=f"{name} cannot be read: {exc}.", remedy=remedy)
