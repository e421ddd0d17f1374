"""YAML: text to JSON data, with the place of every value and no surprises.

Booleans, numbers and null are those of YAML 1.2, so `on`, `yes`, `no` and dates stay texts. Keys are always
texts. A key written twice, an alias that swells, and what JSON cannot hold are problems with line and column.
JSON is read by the same function.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from tools.errors import DocumentInvalid
from tools.pointers import parts, pointer
from tools.problems import Problem
from tools.yaml_events import DEFAULT_LIMITS, LARGEST_NUMBER, Limits, Position, Reader

__all__ = ["DEFAULT_LIMITS", "Document", "Limits", "Position", "load"]

_JSON_SIGNS = ("{", "[")
_LONGEST_NUMBER = len(str(LARGEST_NUMBER))


class Document:
    """The data of one text, and where each value stands in it."""

    def __init__(
        self, data: Any, *, file: str | None, places: Callable[[], Mapping[str, Position]] = dict
    ) -> None:
        self.data, self.file = data, file
        self._find_places = places
        self._places: Mapping[str, Position] | None = None

    def position(self, path: str) -> Position | None:
        """Return where the value of a JSON pointer stands, or else the nearest value around it."""
        if self._places is None:
            self._places = self._find_places()
        names = parts(path)
        for length in range(len(names), -1, -1):
            place = self._places.get(pointer(names[:length]))
            if place is not None:
                return place
        return None

    def locate(self, problem: Problem) -> Problem:
        """Return the problem with file, line and column filled in."""
        line, column = self.position(problem.path) or (None, None)
        return problem.model_copy(update={"file": self.file, "line": line, "column": column})


def load(text: str, *, file: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read YAML or JSON; raise DocumentInvalid with every problem and its place."""
    if len(text) > limits.characters:
        raise DocumentInvalid([_too_large(text, file, limits)])
    text = text.removeprefix("\ufeff")
    is_json = text.lstrip().startswith(_JSON_SIGNS)
    if is_json:
        # Between the signs of JSON a tab is blank; the YAML reader takes blanks only.
        text = text.replace("\t", " ")
        plain = _json(text, limits)
        if plain is not None:
            return Document(plain.data, file=file, places=lambda: _json_places(text, limits))
    reader = Reader(file, limits=limits)
    data = reader.read(text)
    return Document(data, file=file, places=lambda: reader.places)


def _too_large(text: str, file: str | None, limits: Limits) -> Problem:
    return Problem(
        path="",
        code="document-too-large",
        message=f"The document has {len(text)} characters.",
        remedy=f"Keep it below {limits.characters}, or divide it.",
        file=file,
    )


class _Plain(NamedTuple):
    data: Any


class _NotPlainError(ValueError):
    """The text is JSON that must be read with care."""


def _json(text: str, limits: Limits) -> _Plain | None:
    """Read strict JSON; None where something is wrong with it, which the reader then names."""
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    return _Plain(data) if _within(data, limits) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotPlainError
    return found


def _no_constant(_name: str) -> NoReturn:
    raise _NotPlainError


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER or abs(int(text)) >= LARGEST_NUMBER:
        raise _NotPlainError
    return int(text)


def _within(data: Any, limits: Limits) -> bool:
    level, count, depth = [data], 1, 0
    while level and count <= limits.nodes and depth <= limits.depth:
        level = [child for value in level for child in _children(value)]
        count += len(level)
        depth += 1
    return not level


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _json_places(text: str, limits: Limits) -> Mapping[str, Position]:
    reader = Reader(None, limits=limits)
    try:
        reader.read(text)
    except DocumentInvalid:
        # Valid JSON that YAML reads differently, such as an escaped pair of surrogates: places up to there.
        return reader.places
    return reader.places
