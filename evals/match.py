"""Matching: compares what was found with a pattern, and tells the first difference. Pure.

A mapping whose keys are all names of matchers is a matcher; everything else equals itself, and matchers may
stand anywhere inside it. `equals` takes its value literally.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, JsonValue

from tools import schemas
from tools.pointers import pointer
from tools.records import Record
from tools.wording import either

ABSENT: Any = object()
"""What is found where nothing is."""

Places = tuple[str | int, ...]

_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list, tuple),
    "object": (dict,),
}


class Difference(Record):
    """The first place at which something is not as expected."""

    pointer: str
    """JSON pointer to the place."""
    expected: Any
    """What should be there, as it was written."""
    found: Any = None
    """What is there."""
    absent: bool = False
    """Whether nothing is there at all."""

    def __str__(self) -> str:
        """Write the difference on one line."""
        return f"{self.pointer or '/'} expected {short(self.expected)}, found {self.shown}"

    @property
    def shown(self) -> str:
        """What was found, for people."""
        return "nothing" if self.absent else short(self.found)


def difference(pattern: Any, found: Any, at: Places = ()) -> Difference | None:
    """Return the first difference, or None where what was found fits the pattern."""
    if is_matcher(pattern):
        for name, wanted in pattern.items():
            told = MATCHERS[name](wanted, found, at)
            if told is not None:
                return told
        return None
    return _same(pattern, found, at)


def fits(pattern: Any, found: Any) -> bool:
    """Tell whether what was found fits the pattern."""
    return difference(pattern, found) is None


def is_matcher(pattern: Any) -> bool:
    """Tell whether a mapping is a matcher and not a value."""
    return isinstance(pattern, Mapping) and bool(pattern) and all(name in MATCHERS for name in pattern)


def faults(pattern: Any) -> Iterator[str]:
    """Yield a sentence for everything in a pattern that can never be compared."""
    if is_matcher(pattern):
        for name, wanted in pattern.items():
            yield from _FAULTS[name](wanted) if name in _FAULTS else _inner(wanted)
    else:
        yield from _inner(pattern)


def _inner(value: Any) -> Iterator[str]:
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for child in children:
        yield from faults(child)


def _checked(pattern: Any) -> Any:
    wrong = next(faults(pattern), None)
    if wrong is not None:
        raise ValueError(f"{wrong}; a value that only looks like a matcher is written below `equals`")
    return pattern


Pattern = Annotated[JsonValue, AfterValidator(_checked)]
"""A value or a matcher, as it stands in a case file."""


def _differs(expected: Any, found: Any, at: Places) -> Difference:
    is_absent = found is ABSENT
    return Difference(
        pointer=pointer(at), expected=expected, found=None if is_absent else found, absent=is_absent
    )


def _same(pattern: Any, found: Any, at: Places) -> Difference | None:
    if isinstance(pattern, Mapping) and isinstance(found, Mapping):
        names = [*pattern, *(name for name in found if name not in pattern)]
        for name in names:
            if name not in pattern:
                return _differs({"absent": True}, found[name], (*at, name))
            told = difference(pattern[name], found.get(name, ABSENT), (*at, name))
            if told is not None:
                return told
        return None
    if isinstance(pattern, (list, tuple)) and isinstance(found, (list, tuple)):
        return _same_list(pattern, found, at)
    return None if _equal(pattern, found) else _differs(pattern, found, at)


def _same_list(pattern: Any, found: Any, at: Places) -> Difference | None:
    for index, wanted in enumerate(pattern):
        told = difference(wanted, found[index] if index < len(found) else ABSENT, (*at, index))
        if told is not None:
            return told
    if len(found) > len(pattern):
        return _differs({"absent": True}, found[len(pattern)], (*at, len(pattern)))
    return None


def _equal(left: Any, right: Any) -> bool:
    """Compare as JSON: 1 equals 1.0, and true does not equal 1."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_equal(left[name], right[name]) for name in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _equals(wanted: Any, found: Any, at: Places) -> Difference | None:
    return None if _equal(wanted, found) else _differs(wanted, found, at)


def _any_of(wanted: Any, found: Any, at: Places) -> Difference | None:
    if any(difference(each, found, at) is None for each in wanted):
        return None
    return _differs({"any_of": wanted}, found, at)


def _not(wanted: Any, found: Any, at: Places) -> Difference | None:
    return _differs({"not": wanted}, found, at) if difference(wanted, found, at) is None else None


def _contains(wanted: Any, found: Any, at: Places) -> Difference | None:
    if isinstance(found, (str, Mapping)):
        holds = isinstance(wanted, str) and wanted in found
    else:
        holds = isinstance(found, (list, tuple)) and any(fits(wanted, each) for each in found)
    return None if holds else _differs({"contains": wanted}, found, at)


def _regex(wanted: Any, found: Any, at: Places) -> Difference | None:
    told = wanted if isinstance(wanted, Mapping) else {"pattern": wanted}
    search = re.fullmatch if told.get("anchored") else re.search
    if isinstance(found, str) and search(told["pattern"], found):
        return None
    return _differs({"regex": wanted}, found, at)


def _json_subset(wanted: Any, found: Any, at: Places) -> Difference | None:
    """Compare only the fields that the pattern names, at every depth."""
    if is_matcher(wanted):
        return difference(wanted, found, at)
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return _differs(wanted, found, at)
        parts = ((wanted[name], found.get(name, ABSENT), name) for name in wanted)
    elif isinstance(wanted, list):
        if not isinstance(found, (list, tuple)) or len(found) != len(wanted):
            return _differs(wanted, found, at)
        parts = ((each, found[index], index) for index, each in enumerate(wanted))
    else:
        return difference(wanted, found, at)
    told = (_json_subset(inner, value, (*at, name)) for inner, value, name in parts)
    return next((each for each in told if each is not None), None)


def _json_schema(wanted: Any, found: Any, at: Places) -> Difference | None:
    if found is ABSENT:
        return _differs({"json_schema": wanted}, found, at)
    problems = schemas.problems(wanted, found)
    if not problems:
        return None
    first = problems[0]
    told = " ".join(part for part in (first.message, first.remedy) if part)
    return _differs({"json_schema": told}, found, at)


def _approx(wanted: Any, found: Any, at: Places) -> Difference | None:
    told = wanted if isinstance(wanted, Mapping) else {"value": wanted}
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        span = max(told.get("abs", 0.0), abs(told["value"]) * told.get("rel", 0.0))
        span = span or abs(told["value"]) * 1e-6
        if abs(found - told["value"]) <= span:
            return None
    return _differs({"approx": wanted}, found, at)


def _len(wanted: Any, found: Any, at: Places) -> Difference | None:
    if not isinstance(found, (str, list, tuple, Mapping)):
        return _differs({"len": wanted}, found, at)
    if is_matcher(wanted) or not isinstance(wanted, Mapping):
        holds = fits(wanted, len(found))
    else:
        holds = wanted.get("min", 0) <= len(found) <= wanted.get("max", len(found))
    return None if holds else _differs({"len": wanted}, found, at)


def _unordered(wanted: Any, found: Any, at: Places) -> Difference | None:
    if not isinstance(found, (list, tuple)):
        return _differs({"unordered": wanted}, found, at)
    left = list(found)
    for index, each in enumerate(wanted):
        fitting = next((value for value in left if fits(each, value)), ABSENT)
        if fitting is ABSENT:
            return Difference(pointer=pointer((*at, index)), expected=each, found=left)
        left.remove(fitting)
    return _differs({"unordered": wanted}, found, at) if left else None


def _absent(wanted: Any, found: Any, at: Places) -> Difference | None:
    return None if (found is ABSENT) is wanted else _differs({"absent": wanted}, found, at)


def _present(wanted: Any, found: Any, at: Places) -> Difference | None:
    return None if (found is not ABSENT) is wanted else _differs({"present": wanted}, found, at)


def _type(wanted: Any, found: Any, at: Places) -> Difference | None:
    names = wanted if isinstance(wanted, list) else [wanted]
    kinds = tuple(kind for name in names for kind in _TYPES[name])
    holds = isinstance(found, kinds) and (not isinstance(found, bool) or "boolean" in names)
    return None if holds else _differs({"type": wanted}, found, at)


MATCHERS: Mapping[str, Callable[[Any, Any, Places], Difference | None]] = {
    "equals": _equals,
    "any_of": _any_of,
    "not": _not,
    "contains": _contains,
    "regex": _regex,
    "json_subset": _json_subset,
    "json_schema": _json_schema,
    "approx": _approx,
    "len": _len,
    "unordered": _unordered,
    "absent": _absent,
    "present": _present,
    "type": _type,
}
"""Every matcher by its name."""


def _bad_list(wanted: Any) -> Iterator[str]:
    if not isinstance(wanted, list):
        yield "`any_of` and `unordered` take a list"
    else:
        yield from _inner(wanted)


def _bad_regex(wanted: Any) -> Iterator[str]:
    is_long = isinstance(wanted, Mapping) and wanted.keys() <= {"pattern", "anchored"}
    text = wanted.get("pattern") if is_long else wanted
    if not isinstance(text, str):
        yield "`regex` takes a text, or {pattern, anchored}"
        return
    try:
        re.compile(text)
    except re.error as exc:
        yield f"{text!r} is no regular expression: {exc}"


def _bad_schema(wanted: Any) -> Iterator[str]:
    for problem in schemas.faults(wanted):
        yield problem.message


def _bad_approx(wanted: Any) -> Iterator[str]:
    told = wanted if isinstance(wanted, Mapping) else {"value": wanted}
    names = told.keys() <= {"value", "abs", "rel"} and "value" in told
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in told.values())
    if not (names and numbers):
        yield "`approx` takes a number, or {value, abs, rel} of numbers"


def _bad_flag(wanted: Any) -> Iterator[str]:
    if not isinstance(wanted, bool):
        yield "`absent` and `present` take true or false"


def _bad_type(wanted: Any) -> Iterator[str]:
    names = wanted if isinstance(wanted, list) else [wanted]
    if not names or not all(isinstance(name, str) and name in _TYPES for name in names):
        yield f"`type` takes {either(_TYPES)}"


def _bad_len(wanted: Any) -> Iterator[str]:
    span = isinstance(wanted, Mapping) and (is_matcher(wanted) or wanted.keys() <= {"min", "max"})
    if not span and (not isinstance(wanted, int) or isinstance(wanted, bool)):
        yield "`len` takes a whole number, or {min, max}"


_FAULTS: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "equals": lambda _wanted: iter(()),
    "any_of": _bad_list,
    "unordered": _bad_list,
    "not": faults,
    "contains": faults,
    "json_subset": faults,
    "regex": _bad_regex,
    "json_schema": _bad_schema,
    "approx": _bad_approx,
    "len": _bad_len,
    "absent": _bad_flag,
    "present": _bad_flag,
    "type": _bad_type,
}


def short(value: Any, *, longest: int = 200) -> str:
    """Write a value on one line, cut where it is long."""
    from_json = _written(value)
    return from_json if len(from_json) <= longest else f"{from_json[:longest]}…"


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value)) if _is_word(value) else str(value)
    )


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, bool)
