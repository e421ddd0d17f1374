"""YAML events: one pass over the parser's events, to data and places, within limits."""

import re
from typing import Any, NamedTuple, NoReturn

import yaml

from tools.errors import DocumentInvalid
from tools.pointers import pointer
from tools.problems import Problem

LARGEST_NUMBER = 2**64
_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TYPES = {"int": int, "float": float, "bool": bool, "null": type(None)}
_LONGEST_NUMBER = 400
_REMEDIES = (
    (
        "cannot start any token",
        "Indent with spaces, not tabs; put quotes around a text that starts with @ or `.",
    ),
    ("mapping values", "Put quotes around a text that holds `: `, and check the indentation."),
    ("block", "Check the indentation of this line and the one before."),
    ("end of stream", "Close what was opened: a quote, a bracket or a brace."),
)
_QUOTES = 'Put quotes around a text that holds { } [ ] , : # or starts with a sign, such as "${input.id}".'


class Limits(NamedTuple):
    """How big a document may be."""

    characters: int = 2_000_000
    depth: int = 100
    nodes: int = 200_000


DEFAULT_LIMITS = Limits()


class Position(NamedTuple):
    """A place in a text, counted from 1."""

    line: int
    column: int


class _Anchored(NamedTuple):
    value: Any
    size: int


class _Frame:
    """A mapping or a list that is still open."""

    def __init__(self, data: Any, path: str, *, anchor: str | None, before: int) -> None:
        self.data, self.path = data, path
        self.anchor, self.before = anchor, before
        self.key: str | None = None
        self.repeated = False


class Reader:
    """Builds the data of one document, and gathers what is wrong with it."""

    def __init__(self, file: str | None, *, limits: Limits) -> None:
        self.places: dict[str, Position] = {}
        self._file, self._limits = file, limits
        self._problems: list[Problem] = []
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._data: Any = None
        self._nodes = self._documents = 0

    def read(self, text: str) -> Any:
        """Return the data of the text; raise DocumentInvalid with every problem."""
        try:
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.MarkedYAMLError as exc:
            self._malformed(exc)
        except (yaml.YAMLError, UnicodeError) as exc:
            reason = str(exc).splitlines()[0]
            self._refuse("malformed", f"The text cannot be read: {reason}.", "Remove what is no text.")
        if self._problems:
            raise DocumentInvalid(self._problems)
        return self._data

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(event, "several-documents", "A second document starts here.", "Keep one per file.")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.data, dict) and frame.key is None:
            self._key(frame, event)
            return
        self._count(event, 1)
        path = self._place(event)
        value = self._value(event, path)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, 1)
        self._put(value)

    def _key(self, frame: _Frame, event: yaml.ScalarEvent) -> None:
        frame.key = event.value
        path = frame.path + pointer([event.value])
        frame.repeated = event.value in frame.data
        if not frame.repeated:
            self.places[path] = _position(event)
            return
        first = self.places[path]
        self._note(
            event,
            "duplicate-key",
            f"The key {event.value!r} is written twice; the first one is on line {first.line}.",
            "Remove or rename one of them.",
            path=path,
        )

    def _open(self, event: Any) -> None:
        self._count(event, 1)
        path = self._place(event)
        wanted = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
        if event.tag not in {None, "!", _TAG + wanted}:
            self._tag(event, path)
        if len(self._frames) >= self._limits.depth:
            self._stop(
                event,
                "too-deep",
                f"The document is nested deeper than {self._limits.depth} levels.",
                "Make it flatter.",
            )
        data: Any = {} if wanted == "map" else []
        self._frames.append(_Frame(data, path, anchor=event.anchor, before=self._nodes - 1))

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = _Anchored(frame.data, self._nodes - frame.before)
        self._put(frame.data)

    def _alias(self, event: yaml.AliasEvent) -> None:
        self._place(event)
        found = self._anchors.get(event.anchor or "")
        if found is None:
            self._stop(
                event,
                "unknown-alias",
                f"The alias *{event.anchor} names nothing that is complete before it.",
                f"Mark the value with &{event.anchor} first.",
            )
        self._count(event, found.size)
        self._put(found.value)

    def _place(self, event: yaml.Event) -> str:
        """Return the pointer of the value that starts here, and remember its place."""
        if not self._frames:
            self.places[""] = _position(event)
            return ""
        frame = self._frames[-1]
        if isinstance(frame.data, list):
            path = f"{frame.path}/{len(frame.data)}"
            self.places[path] = _position(event)
            return path
        if frame.key is None:
            self._stop(event, "key-not-text", "A list or a mapping stands where a key must be.", _QUOTES)
        return frame.path + pointer([frame.key])

    def _put(self, value: Any) -> None:
        if not self._frames:
            self._data = value
            return
        frame = self._frames[-1]
        if isinstance(frame.data, list):
            frame.data.append(value)
        else:
            if not frame.repeated:
                frame.data[frame.key] = value
            frame.key = None

    def _count(self, event: yaml.Event, size: int) -> None:
        self._nodes += size
        if self._nodes > self._limits.nodes:
            self._stop(
                event,
                "too-many-values",
                f"The document holds more than {self._limits.nodes} values, aliases counted in full.",
                "Divide it, or use fewer aliases.",
            )

    def _value(self, event: yaml.ScalarEvent, path: str) -> Any:
        tag = event.tag.removeprefix(_TAG) if event.tag else None
        if tag in {"!", "str"} or (tag is None and not event.implicit[0]):
            return event.value
        if tag not in {None, "int", "float", "bool", "null"}:
            return self._tag(event, path)
        found = plain(event.value)
        if isinstance(found, NoJson):
            return self._note(event, "no-json", found.message, found.remedy, path=path)
        return self._tagged(event, tag, found, path=path)

    def _tagged(self, event: yaml.ScalarEvent, tag: str | None, found: Any, *, path: str) -> Any:
        if tag == "float" and type(found) is int:
            return float(found)
        if tag is None or type(found) is _TYPES[tag]:
            return found
        return self._note(
            event, "wrong-tag", f"{event.value!r} is no !!{tag}.", "Remove the tag or the value.", path=path
        )

    def _tag(self, event: Any, path: str) -> None:
        self._note(
            event, "unknown-tag", f"The tag {event.tag} has no meaning here.", "Remove the tag.", path=path
        )

    def _malformed(self, exc: yaml.MarkedYAMLError) -> None:
        mark = exc.problem_mark or exc.context_mark
        found = ", ".join(text for text in (exc.context, exc.problem) if text)
        hints = (remedy for sign, remedy in _REMEDIES if sign in found)
        where = Position(mark.line + 1, mark.column + 1) if mark else None
        self._refuse("malformed", f"This is no YAML: {found}.", next(hints, _QUOTES), where=where)

    def _note(self, event: yaml.Event, code: str, message: str, remedy: str, *, path: str) -> None:
        self._refuse(code, message, remedy, where=_position(event), path=path)

    def _stop(self, event: yaml.Event, code: str, message: str, remedy: str) -> NoReturn:
        path = self._frames[-1].path if self._frames else ""
        self._refuse(code, message, remedy, where=_position(event), path=path)
        raise DocumentInvalid(self._problems)

    def _refuse(
        self, code: str, message: str, remedy: str, *, where: Position | None = None, path: str = ""
    ) -> None:
        line, column = where or (None, None)
        self._problems.append(
            Problem(
                path=path,
                code=code,
                message=message,
                remedy=remedy,
                file=self._file,
                line=line,
                column=column,
            )
        )


class NoJson(NamedTuple):
    """Why a plain scalar cannot be a JSON value."""

    message: str
    remedy: str


def plain(text: str) -> Any:
    """Return what an unquoted scalar means in YAML 1.2, or NoJson."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _NO_NUMBER.fullmatch(text):
        return NoJson(f"{text} is no number that JSON can hold.", "Write a finite number, or quote it.")
    if _WHOLE.fullmatch(text) or _BASED.fullmatch(text):
        return _whole(text)
    if _DECIMAL.fullmatch(text):
        return _decimal(text)
    return text


def _whole(text: str) -> Any:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    number = int(text, base) if len(text) < _LONGEST_NUMBER else LARGEST_NUMBER
    if abs(number) >= LARGEST_NUMBER:
        return NoJson("A whole number is larger than 64 bits.", "Put quotes around it to keep it as a text.")
    return number


def _decimal(text: str) -> Any:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        return NoJson(f"{text[:40]} is too large for a number.", "Put quotes around it to keep it as a text.")
    return number


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
