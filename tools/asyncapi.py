"""AsyncAPI: events from the channels of a document (AsyncAPI 3, and 2.0 to 2.6)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tools.announcements import Announcement
from tools.definitions import Definitions
from tools.errors import CatalogInvalid
from tools.omissions import Omission
from tools.problems import Problem
from tools.references import Broken, Located, References
from tools.wording import hint, show

_VERSION = re.compile(r"3\.\d+\.\d+|2\.[0-6]\.\d+")
_TYPE_HEADERS = ("ce-type", "ce_type", "cloudEvents:type", "cloudevents-type", "type")
_ENVELOPE = frozenset({"specversion", "type", "source", "id"})
_JSON_SCHEMA = re.compile(r"application/(vnd\.aai\.asyncapi|schema|vnd\.oai\.openapi)(\+json|\+yaml)?(;.*)?")
_ACTIONS_2 = ("publish", "subscribe")
_LONGEST_SUMMARY = 200
_NOT_CALLED = "no step sends to a channel; what others send there is received as events"


class Found(NamedTuple):
    """What a document holds."""

    announcements: list[Announcement]
    omissions: list[Omission]


class _Told(NamedTuple):
    """One message of a channel."""

    name: str
    channel: str
    located: Located


def read(
    document: Mapping[str, Any], *, folder: Path | None = None, types: Mapping[str, str] | None = None
) -> Found:
    """Return the events of a document's channels; raise CatalogInvalid with every problem.

    Args:
        document: the document.
        folder: references into other files are followed below it only.
        types: types of events by the names of messages, where the document does not tell them.
    """
    problems = _shape(document)
    if problems:
        raise CatalogInvalid(problems)
    reader = _Reader(document, folder=folder, types=types or {})
    found = reader.read()
    if reader.problems:
        raise CatalogInvalid(reader.problems)
    return found


def _shape(document: Any) -> list[Problem]:
    """Return what keeps the document from being read at all."""
    if not isinstance(document, Mapping):
        return [_problem("", "wrong-type", f"The document is {show(document)}.", "It must be an object.")]
    version = str(document.get("asyncapi", ""))
    if not _VERSION.fullmatch(version):
        message = f"The version {version!r} is not known." if version else "The document names no version."
        return [
            _problem("/asyncapi" if version else "", "not-allowed", message, "Use AsyncAPI 3, or 2.0 to 2.6.")
        ]
    if not isinstance(document.get("channels", {}), Mapping):
        message = f"`channels` is {show(document['channels'])}."
        return [_problem("/channels", "wrong-type", message, "It must be an object.")]
    return []


class _Reader:
    """Reads one document, and gathers what is wrong with it and what it leaves out."""

    def __init__(self, document: Mapping[str, Any], *, folder: Path | None, types: Mapping[str, str]) -> None:
        self._references = References(document, folder=folder)
        self._definitions = Definitions(self._references, "response", siblings=False)
        self._is_old, self._types = str(document["asyncapi"]).startswith("2."), types
        self._problems: list[Problem] = []
        self._omissions: list[Omission] = []

    @property
    def problems(self) -> list[Problem]:
        """Everything found so far, each once."""
        return list(dict.fromkeys([*self._problems, *self._definitions.problems]))

    def read(self) -> Found:
        """Return the events, as far as they can be read."""
        told = list(self._messages())
        names = {each.name for each in told}
        for name in self._types.keys() - names:
            self._note(
                self._references.root, "unknown-message", f"No message is called {name!r}.", hint(name, names)
            )
        announcements = [self._announced(message) for message in told]
        self._omissions += self._operations()
        return Found(announcements, self._omissions)

    def _messages(self) -> Iterator[_Told]:
        channels = self._references.root.child("channels")
        for key in channels.value or {}:
            channel = self._resolved(channels.child(key))
            if channel is None:
                continue
            address = key if self._is_old else str(channel.value.get("address") or key)
            yield from self._old(channel, address) if self._is_old else self._new(channel, address)

    def _new(self, channel: Located, address: str) -> Iterator[_Told]:
        messages = channel.child("messages")
        for name in messages.value if isinstance(messages.value, Mapping) else ():
            if (message := self._resolved(messages.child(name))) is not None:
                yield _Told(str(name), address, message)

    def _old(self, channel: Located, address: str) -> Iterator[_Told]:
        for action in _ACTIONS_2:
            message = channel.child(action, "message")
            if message.value is None or (whole := self._resolved(message)) is None:
                continue
            either = whole.child("oneOf")
            count = len(either.value) if isinstance(either.value, list) else 0
            for place in [either.child(index) for index in range(count)] if count else [message]:
                if (found := self._resolved(place)) is not None:
                    yield _Told(_old_name(place, found, channel.child(action)), address, found)

    def _announced(self, told: _Told) -> Announcement:
        message = told.located
        payload = self._payload(message, told.name)
        kind = self._types.get(told.name) or self._kind(message, payload) or message.value.get("name")
        if payload is not None and _is_envelope(payload):
            payload = payload.child("properties", "data")
        schema = None
        if payload is not None and payload.value is not None:
            made = self._definitions.convert(payload)
            schema = self._definitions.bundle(made if isinstance(made, Mapping) else {})
        return Announcement(
            type=str(kind or told.name), summary=_summary(message), data=schema, channel=told.channel
        )

    def _payload(self, message: Located, name: str) -> Located | None:
        """Return the schema of what is told; None where there is none that can be read."""
        payload = message.child("payload")
        if payload.value is None:
            return None
        language = message.value.get("schemaFormat")
        if (
            isinstance(payload.value, Mapping)
            and "schemaFormat" in payload.value
            and "schema" in payload.value
        ):
            language, payload = payload.value["schemaFormat"], payload.child("schema")
        if language is not None and not _JSON_SCHEMA.fullmatch(str(language)):
            self._omissions.append(Omission(f"payload of {name}", f"it is written in {language}"))
            return None
        return self._followed(payload)

    def _kind(self, message: Located, payload: Located | None) -> str | None:
        """Return the type that headers or a CloudEvents envelope say."""
        headers = self._followed(message.child("headers"))
        for name in _TYPE_HEADERS if headers is not None else ():
            if headers is not None and (found := self._constant(headers.child("properties", name))):
                return found
        if payload is not None and _is_envelope(payload):
            return self._constant(payload.child("properties", "type"))
        return None

    def _constant(self, located: Located) -> str | None:
        found = self._followed(located)
        value = found.value if found is not None and isinstance(found.value, Mapping) else {}
        told = value.get("const")
        match value.get("enum"):
            case [only] if told is None:
                told = only
        return told if isinstance(told, str) and told else None

    def _operations(self) -> Iterator[Omission]:
        """Return the operations, none of which a step can call."""
        if self._is_old:
            channels = self._references.root.child("channels")
            for key in channels.value or {}:
                for action in _ACTIONS_2:
                    if channels.child(key, action).value is not None:
                        yield Omission(f"operation {action} {key}", _NOT_CALLED)
            return
        operations = self._references.root.child("operations")
        for name in operations.value if isinstance(operations.value, Mapping) else ():
            action = operations.child(name, "action").value
            yield Omission(f"operation {name} ({action})", _NOT_CALLED)

    def _resolved(self, located: Located) -> Located | None:
        """Return the object behind a reference; None, with a problem noted, where there is none."""
        found = self._followed(located)
        if found is None or isinstance(found.value, Mapping):
            return found
        self._note(found, "wrong-type", f"Found {show(found.value)}.", "It must be an object.")
        return None

    def _followed(self, located: Located) -> Located | None:
        try:
            return self._references.follow(located)
        except Broken as exc:
            self._problems.append(exc.problem)
            return None

    def _note(self, located: Located, code: str, message: str, remedy: str) -> None:
        self._problems.append(_problem(located.path, code, message, remedy))


def _is_envelope(payload: Located) -> bool:
    """Tell whether a payload is a whole CloudEvent, so that the event's data stands inside it."""
    properties = payload.value.get("properties") if isinstance(payload.value, Mapping) else None
    return isinstance(properties, Mapping) and properties.keys() >= _ENVELOPE


def _old_name(place: Located, message: Located, operation: Located) -> str:
    """Return what a message of AsyncAPI 2 is called: by itself, by its reference or by its operation."""
    reference = place.value.get("$ref") if isinstance(place.value, Mapping) else None
    told = (
        message.value.get("messageId"),
        message.value.get("name"),
        str(reference).rpartition("/")[2] if reference else None,
        operation.value.get("operationId") if isinstance(operation.value, Mapping) else None,
    )
    return next((str(each) for each in told if each), "message")


def _summary(message: Located) -> str:
    for name in ("summary", "title", "description"):
        lines = str(message.value.get(name) or "").strip().splitlines()
        if lines:
            return lines[0].strip()[:_LONGEST_SUMMARY]
    return ""


def _problem(path: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(path=path, code=code, message=message, remedy=remedy)
