"""Loading: from case files to suites that can be run, or every problem with line and column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evals import fixtures, project, references
from evals.cases import Suite
from evals.errors import ProjectMissing, SuiteInvalid
from evals.jobs import Loaded
from evals.matrix import MatrixInvalid, expanded
from evals.plugin import SUFFIXES
from evals.project import Project
from planner import project as files
from tools import yaml
from tools.errors import DocumentInvalid
from tools.pointers import parts, pointer
from tools.problems import Problem
from tools.wording import hint, show
from tools.yaml import Document

_WORDS = {
    "string_type": "a text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "time_delta_type": "a duration such as PT2H",
    "time_delta_parsing": "a duration such as PT2H",
}


class Read(NamedTuple):
    """What came of reading one file."""

    suite: Suite | None
    problems: tuple[Problem, ...]
    document: Document | None


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the case files at and below the paths, each once, sorted.

    Raises:
        SuiteInvalid: a path does not exist or is no case file.
    """
    found: set[Path] = set()
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            found |= {each for each in path.rglob("*.eval.*") if each.name.endswith(SUFFIXES)}
        elif path.is_file() and path.name.endswith(SUFFIXES):
            found.add(path)
        else:
            problems.append(_no_file(path))
    if problems:
        raise SuiteInvalid(problems)
    return sorted(found)


def load(paths: Iterable[Path], *, folder: Path | None = None) -> list[Loaded]:
    """Return every suite with its project.

    Args:
        paths: case files.
        folder: the project; the nearest one above each file unless told.

    Raises:
        SuiteInvalid: anything is wrong; every problem is told.
        ProjectMissing: a file stands in no project.
    """
    projects: dict[Path, Project] = {}
    problems: list[Problem] = []
    loaded: list[Loaded] = []
    for path in paths:
        home = (folder or project.nearest(path)).resolve()
        try:
            known = projects.get(home) or projects.setdefault(home, project.load(home))
        except ProjectMissing as exc:
            raise ProjectMissing(str(folder or path)) from exc
        found = check(path, known)
        problems += found.problems
        if found.suite is not None:
            loaded.append(Loaded(str(path), found.suite, known))
    problems += _twice(loaded)
    if problems:
        raise SuiteInvalid(problems)
    return loaded


def check(path: Path, known: Project) -> Read:
    """Return the suite of a file and every problem of its form and its names, each with its place."""
    found = read(path)
    if found.suite is None or found.document is None:
        return found
    told = [*references.problems(found.suite, known), *_of_matrices(found.suite)]
    placed = tuple(_placed(found.document, problem) for problem in told)
    return found._replace(problems=(*found.problems, *placed))


def read(path: Path) -> Read:
    """Return the suite of a file, or what is wrong with its form."""
    try:
        document = yaml.load(files.text(path), file=str(path))
    except DocumentInvalid as exc:
        return Read(None, tuple(exc.problems), None)
    try:
        suite = Suite.model_validate(document.data)
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
        problems = [_problem(error, document.data) for error in errors if not _echoes(error, errors)]
        return Read(None, tuple(map(document.locate, problems)), document)
    shared = fixtures.read(suite, path)
    return Read(shared.suite, tuple(map(document.locate, shared.problems)), document)


def _echoes(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Tell whether a list counts as too short only because what stands in it is wrong."""
    where = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(where) and other["loc"][: len(where)] == where for other in errors
    )


def _of_matrices(suite: Suite) -> Iterator[Problem]:
    for place, case in enumerate(suite.cases):
        try:
            expanded(case)
        except MatrixInvalid as exc:
            yield Problem(path=pointer(("cases", place, "matrix")), code=exc.code, message=f"{exc}.")


def _placed(document: Document, problem: Problem) -> Problem:
    """Return the problem at its place in the file."""
    where = _real(parts(problem.path), document.data)
    return document.locate(problem.model_copy(update={"path": pointer(where)}))


def _real(where: Sequence[str | int], data: Any) -> list[str]:
    """Return the parts that stand in the file; forms of a union and single answers have none of their own."""
    found: list[str] = []
    value = data
    for index, part in enumerate(map(str, where)):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif index < len(where) - 1 or not isinstance(value, Mapping) or part.isdecimal():
            continue
        found.append(part)
    return found


def _problem(error: ErrorDetails, data: Any) -> Problem:
    kind, where = error["type"], _real(error["loc"], data)
    path = pointer(where)
    name = str(where[-1]) if where else ""
    if kind == "extra_forbidden":
        known = _fields(error["loc"])
        remedy = hint(name, known)
        return Problem(
            path=path, code="unknown-field", message=f"There is no field {name!r} here.", remedy=remedy
        )
    if kind == "missing":
        return Problem(path=path, code="missing-field", message=f"The field {name!r} is missing.")
    if kind in _WORDS:
        message = f"Here stands {show(error['input'])}, not {_WORDS[kind]}."
        return Problem(path=path, code="wrong-type", message=message)
    text = error["msg"].removeprefix("Value error, ")
    code = "bad-value" if kind != "value_error" else "not-right"
    shown = "" if kind == "value_error" else f" Here stands {show(error['input'])}."
    return Problem(path=path, code=code, message=f"{text[:1].upper()}{text[1:]}.{shown}")


def _fields(loc: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields that may stand where an unknown one stands."""
    kinds: list[type[BaseModel]] = [Suite]
    for part in loc[:-1]:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    return [field.alias or name for kind in kinds for name, field in kind.model_fields.items()]


def _step(kind: type[BaseModel], part: str | int) -> Iterator[type[BaseModel]]:
    """Yield the records that may stand one part further."""
    inner = [
        each
        for name, field in kind.model_fields.items()
        if part in {name, field.alias}
        for each in _open(field.annotation)
    ]
    yield from inner or [kind]


def _open(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the records that a type may hold, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _open(inner)


def _twice(loaded: list[Loaded]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for each in loaded:
        name = each.suite.suite
        if name in seen:
            message = f"The suite {name!r} stands in {seen[name]} too."
            yield Problem(path="/suite", code="suite-twice", message=message, file=each.file)
        seen.setdefault(name, each.file)


def _no_file(path: Path) -> Problem:
    what = "There is no such file." if not path.exists() else "This is no case file."
    return Problem(
        path="", code="no-case-file", message=what, remedy="Name a folder or *.eval.yaml.", file=str(path)
    )
