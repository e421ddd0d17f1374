"""Matrix: one case written once, and played with every combination of some of its values. Pure."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from evals.cases import Case
from evals.errors import EvalError
from tools import pointers

MOST = 1000
"""Cases that one may become."""
_ODD = re.compile(r"[^a-z0-9]+")
_LONGEST_ID, _LONGEST_VALUE = 80, 24


class MatrixInvalid(EvalError):
    """A matrix makes no cases."""

    code = "matrix"

    def __init__(self, case: str, why: str) -> None:
        self.case = case
        super().__init__(f"the matrix of case {case!r} cannot be played: {why}")


def expanded(case: Case) -> tuple[Case, ...]:
    """Return the cases that one becomes, itself where it has no matrix.

    Each has an id of its own: that of the case, and the last part of each place with its value.

    Raises:
        MatrixInvalid: one of them would be no case, two would have the same id, or there are too many.
    """
    if case.matrix is None:
        return (case,)
    axes = case.matrix.axes
    rows = list(_pairs(axes) if case.matrix.pairwise else itertools.islice(_all(axes), MOST + 1))
    if len(rows) > MOST:
        raise MatrixInvalid(case.id, f"it would make more than {MOST} cases; take `pairwise: true`")
    plain = case.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"matrix"})
    made = tuple(_one(case, plain, dict(zip(axes, row, strict=True))) for row in rows)
    twice = {each.id for each in made if sum(other.id == each.id for other in made) > 1}
    if twice:
        raise MatrixInvalid(case.id, f"two combinations have the id {min(twice)!r}; let their values differ")
    return made


def _all(axes: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    return itertools.product(*axes.values())


def _pairs(axes: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield combinations until every two values of two places have come together in one."""
    sizes = [range(len(values)) for values in axes.values()]
    left = {
        (one, first, other, second)
        for one, other in itertools.combinations(range(len(sizes)), 2)
        for first in sizes[one]
        for second in sizes[other]
    }
    if not left:
        yield from _all(axes)
        return
    while left:
        row = _richest(sizes, left)
        left -= set(_within(row))
        yield tuple(values[index] for values, index in zip(axes.values(), row, strict=True))


def _richest(sizes: Sequence[range], left: set[tuple[int, int, int, int]]) -> list[int]:
    """Return a combination that holds a pair which is left, and many more of them."""
    one, first, other, second = min(left)
    row: dict[int, int] = {one: first, other: second}
    for place, values in enumerate(sizes):
        if place not in row:
            row[place] = max(values, key=lambda value: _gained({**row, place: value}, left))
    return [row[place] for place in range(len(sizes))]


def _gained(row: Mapping[int, int], left: set[tuple[int, int, int, int]]) -> int:
    pairs = ((a, row[a], b, row[b]) for a, b in itertools.combinations(sorted(row), 2))
    return sum(pair in left for pair in pairs)


def _within(row: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    for a, b in itertools.combinations(range(len(row)), 2):
        yield a, row[a], b, row[b]


def _one(case: Case, plain: Mapping[str, Any], values: Mapping[str, Any]) -> Case:
    told: Any = _copied(plain)
    for place, value in values.items():
        _put(told, pointers.parts(place), value, case.id)
    told["id"] = _named(case.id, values)
    try:
        return Case.model_validate(told)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = pointers.pointer(first["loc"])
        why = f"with {dict(values)} there is a problem at {where}: {first['msg']}"
        raise MatrixInvalid(case.id, why) from exc


def _put(told: Any, where: Sequence[str], value: Any, case: str) -> None:
    for count, part in enumerate(where[:-1]):
        told = _single(told, part)
        if isinstance(told, list) and part.isdecimal() and int(part) < len(told):
            told = told[int(part)]
        elif isinstance(told, dict):
            told = told.setdefault(part, {})
        else:
            raise MatrixInvalid(case, f"there is nothing at {pointers.pointer(where[: count + 1])}")
    last = where[-1]
    told = _single(told, last)
    if isinstance(told, list) and last.isdecimal() and int(last) < len(told):
        told[int(last)] = value
    elif isinstance(told, dict):
        told[last] = value
    else:
        raise MatrixInvalid(case, f"nothing can be put at {pointers.pointer(where)}")


def _single(told: Any, part: str) -> Any:
    """Return the one answer of a list where a part of it is meant: a case writes it without the list."""
    is_one = isinstance(told, list) and len(told) == 1 and not part.isdecimal()
    return told[0] if is_one else told


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, (list, tuple)) else value


def _named(case: str, values: Mapping[str, Any]) -> str:
    words = [f"{pointers.parts(place)[-1]}-{value}" for place, value in values.items()]
    slugs = [_ODD.sub("-", word.lower()).strip("-")[: _LONGEST_VALUE * 2] for word in words]
    return "-".join([case, *slugs])[: _LONGEST_ID + 1].rstrip("-")
