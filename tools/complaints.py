"""Complaints: what a validator found, written for people."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jsonschema_rs import ValidationError

from tools.pointers import find, pointer
from tools.problems import Problem
from tools.wording import either, hint, nearest, show, type_names

_BOUNDS = {
    "maximum": "at most",
    "minimum": "at least",
    "exclusiveMaximum": "less than",
    "exclusiveMinimum": "more than",
}
_SIZES = {
    "maxLength": ("at most", "characters"),
    "minLength": ("at least", "characters"),
    "maxItems": ("at most", "items"),
    "minItems": ("at least", "items"),
    "maxProperties": ("at most", "fields"),
    "minProperties": ("at least", "fields"),
}
_FORMATS = {
    "date": "Write a date as a text, such as 2026-01-31.",
    "date-time": "Write a time as a text, such as 2026-01-31T12:00:00Z.",
    "duration": "Write a duration as ISO 8601, such as PT2S or P1D.",
}
_SPECIAL = frozenset({"const", "enum"})


def explain(errors: Iterable[ValidationError], schema: Any, *, path: str) -> list[Problem]:
    """Return the errors as problems below `path`, each cause once."""
    writer = _Writer(schema, path)
    return _without_echoes([found for error in errors for found in writer.write(error)])


class _Writer:
    """Writes the errors of one value against one schema."""

    def __init__(self, schema: Any, path: str) -> None:
        self._schema, self._path = schema, path
        self._writers: dict[str, Callable[[ValidationError, str], Iterable[Problem]]] = {
            "required": self._missing,
            "additionalProperties": self._unknown,
            "unevaluatedProperties": self._unknown,
            "falseSchema": self._forbidden,
            "type": self._type,
            "enum": self._enum,
            "const": self._const,
            "pattern": self._pattern,
            "multipleOf": self._multiple,
            "uniqueItems": self._unique,
            "anyOf": self._alternatives,
            "oneOf": self._alternatives,
            "propertyNames": self._name,
            **dict.fromkeys(_BOUNDS, self._bound),
            **dict.fromkeys(_SIZES, self._size),
        }

    def write(self, error: ValidationError) -> Iterable[Problem]:
        """Return one error as problems: one for each field it is about."""
        place = self._path + pointer(error.instance_path)
        return self._writers.get(error.kind.name, self._other)(error, place)

    def _missing(self, error: ValidationError, place: str) -> Iterator[Problem]:
        name = str(_details(error)["property"])
        wanted = self._wanted(error, name)
        yield _problem(
            place + pointer([name]),
            "missing-field",
            f"The field {name!r} is missing.",
            f"Add {name!r}{wanted}.",
        )

    def _wanted(self, error: ValidationError, name: str) -> str:
        field = self._declared(error).get(name)
        types = field.get("type", ()) if isinstance(field, Mapping) else ()
        types = [types] if isinstance(types, str) else types
        return f", {type_names(types)}" if types else ""

    def _unknown(self, error: ValidationError, place: str) -> Iterator[Problem]:
        known = self._declared(error)
        for name in _details(error)["unexpected"]:
            yield _problem(
                place + pointer([name]),
                "unknown-field",
                f"The field {name!r} is unknown.",
                hint(name, known.keys() - _fields(error.instance)),
            )

    def _declared(self, error: ValidationError) -> Mapping[str, Any]:
        """Return the properties of the schema that the error comes from."""
        schema = self._source(error)
        return {
            name: field
            for member in (schema, *schema.get("allOf", ()))
            if isinstance(member, Mapping)
            for name, field in member.get("properties", {}).items()
        }

    def _source(self, error: ValidationError) -> Mapping[str, Any]:
        """Return the part of the schema that the error comes from."""
        try:
            found = find(self._schema, pointer(error.schema_path[:-1]))
        except LookupError:
            return {}
        return found if isinstance(found, Mapping) else {}

    def _forbidden(self, error: ValidationError, place: str) -> Iterator[Problem]:
        yield _problem(
            place, "not-allowed", f"Nothing may stand here; found {show(error.instance)}.", "Remove it."
        )

    def _type(self, error: ValidationError, place: str) -> Iterator[Problem]:
        yield self._wrong_type(place, error.instance, [error])

    def _wrong_type(self, place: str, value: Any, errors: list[ValidationError]) -> Problem:
        formats = (str(self._source(error).get("format")) for error in errors)
        types = [name for error in errors for name in _details(error)["types"]]
        remedy = next((_FORMATS[name] for name in formats if name in _FORMATS), None)
        return _problem(
            place, "wrong-type", f"Found {show(value)}.", remedy or f"It must be {type_names(types)}."
        )

    def _enum(self, error: ValidationError, place: str) -> Iterator[Problem]:
        options = _details(error)["options"]
        texts = [option for option in options if isinstance(option, str)]
        near = nearest(error.instance, texts, count=1) if isinstance(error.instance, str) else ()
        remedy = (
            f"Did you mean {near[0]!r}?" if near else f"Use {either(show(option) for option in options)}."
        )
        yield _problem(
            place, "not-allowed", f"{show(error.instance)} is not one of the allowed values.", remedy
        )

    def _const(self, error: ValidationError, place: str) -> Iterator[Problem]:
        wanted = show(_details(error)["expected_value"])
        yield _problem(place, "not-allowed", f"Found {show(error.instance)}.", f"It must be {wanted}.")

    def _pattern(self, error: ValidationError, place: str) -> Iterator[Problem]:
        wanted = f"It must match the pattern {_details(error)['pattern']!r}."
        yield _problem(place, "wrong-pattern", f"{show(error.instance)} has the wrong form.", wanted)

    def _multiple(self, error: ValidationError, place: str) -> Iterator[Problem]:
        wanted = f"It must be a multiple of {_details(error)['multiple_of']}."
        yield _problem(place, "out-of-range", f"Found {show(error.instance)}.", wanted)

    def _unique(self, _error: ValidationError, place: str) -> Iterator[Problem]:
        yield _problem(place, "repeated", "The list holds an item twice.", "Remove the repetition.")

    def _bound(self, error: ValidationError, place: str) -> Iterator[Problem]:
        wanted = f"It must be {_BOUNDS[error.kind.name]} {_details(error)['limit']}."
        yield _problem(place, "out-of-range", f"Found {show(error.instance)}.", wanted)

    def _size(self, error: ValidationError, place: str) -> Iterator[Problem]:
        word, unit = _SIZES[error.kind.name]
        wanted = f"It must have {word} {_details(error)['limit']} {unit}."
        yield _problem(place, "wrong-size", f"Found {len(_sized(error.instance))} {unit}.", wanted)

    def _name(self, error: ValidationError, place: str) -> Iterator[Problem]:
        inner: ValidationError = _details(error)["error"]
        name = str(inner.instance)
        yield _problem(
            place + pointer([name]),
            "wrong-name",
            f"The field name {name!r} is not allowed: {inner.message}.",
            "Rename it.",
        )

    def _other(self, error: ValidationError, place: str) -> Iterator[Problem]:
        yield _problem(place, "no-match", f"The value does not fit: {error.message.rstrip('.')[:200]}.")

    def _alternatives(self, error: ValidationError, place: str) -> Iterable[Problem]:
        branches: list[list[ValidationError]] = _details(error)["context"]
        failed = [branch for branch in branches if branch]
        if len(failed) < len(branches):
            return [_problem(place, "no-match", "The value fits several forms where only one may fit.")]
        likely = [branch for branch in failed if not _wrong_kind(branch, error)]
        if not likely:
            return self._no_kind(failed, error, place)
        ranked = sorted(likely, key=_distance)
        if len(ranked) == 1 or _distance(ranked[0]) < _distance(ranked[1]):
            return [found for inner in ranked[0] for found in self.write(inner)]
        first = " ".join(f"{problem.message} {problem.remedy}" for problem in self.write(ranked[0][0]))
        return [_problem(place, "no-match", f"It fits none of {len(branches)} forms; for one: {first}")]

    def _no_kind(
        self, branches: list[list[ValidationError]], error: ValidationError, place: str
    ) -> list[Problem]:
        wrong = [
            inner
            for branch in branches
            for inner in branch
            if inner.kind.name == "type" and inner.instance_path == error.instance_path
        ]
        if wrong:
            return [self._wrong_type(place, error.instance, wrong)]
        return [_problem(place, "not-allowed", f"{show(error.instance)} is not one of the allowed values.")]


def _details(error: ValidationError) -> dict[str, Any]:
    return error.kind.as_dict()


def _problem(path: str, code: str, message: str, remedy: str = "") -> Problem:
    return Problem(path=path, code=code, message=message, remedy=remedy)


def _fields(value: Any) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _sized(value: Any) -> Any:
    return value if isinstance(value, (str, list, dict)) else ()


def _wrong_kind(branch: list[ValidationError], error: ValidationError) -> bool:
    """Tell whether a form was not meant at all: another type, or another tag."""
    return any(
        (inner.kind.name == "type" and inner.instance_path == error.instance_path)
        or (inner.kind.name == "const" and len(inner.instance_path) == len(error.instance_path) + 1)
        for inner in branch
    )


def _distance(branch: list[ValidationError]) -> tuple[int, int]:
    special = sum(1 for inner in branch if inner.kind.name in _SPECIAL)
    return special, len(branch)


def _without_echoes(found: list[Problem]) -> list[Problem]:
    """Drop what follows from another problem: a missing field that was misspelt, a place told twice."""
    meant = {
        problem.path.rpartition("/")[0] + pointer([name])
        for problem in found
        if problem.code == "unknown-field" and problem.remedy.startswith("Did you mean '")
        for name in [problem.remedy.removeprefix("Did you mean '").removesuffix("'?")]
    }
    unique = {(problem.path, problem.code, problem.message): problem for problem in found}
    others = [problem.path for problem in found if problem.code != "unknown-field"]
    return [
        problem
        for problem in unique.values()
        if not (problem.code == "missing-field" and problem.path in meant)
        and not (problem.code == "unknown-field" and any(_below(path, problem.path) for path in others))
    ]


def _below(path: str, ancestor: str) -> bool:
    return path == ancestor or path.startswith(f"{ancestor}/")
