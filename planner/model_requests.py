"""Requests to a model, written in the dialect that its server was found to understand."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from planner.prompts import Prompt
from planner.settings import ModelSettings

Kind = Literal["choose", "fill"]
Format = Literal["json_schema", "json_object", "text"]
LONGER = 4
"""How many times as long an answer may be after one was cut."""

_NEXT_FORMAT: dict[Format, Format] = {"json_schema": "json_object", "json_object": "text"}
_NEXT_LENGTH: dict[str, str | None] = {"max_completion_tokens": "max_tokens", "max_tokens": None}
_REFUSING = frozenset({400, 404, 415, 422, 501})
_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "structured output")
_LENGTH_WORDS = ("max_completion_tokens", "max_tokens")
_NOT_A_MATTER_OF_DIALECT = ("context_length", "context length", "content_filter", "model_not_found")


class Ask(NamedTuple):
    """What is to be asked, whatever the dialect."""

    kind: Kind
    prompt: Prompt
    schema: dict[str, Any]
    strict: bool


class Request(NamedTuple):
    """A request's body, and the dialect it was written in."""

    kind: Kind
    body: dict[str, Any]
    format: Format
    length: str | None
    temperature: bool


class Dialect:
    """Which parameters a server understands; starts with the strictest and remembers each refusal."""

    def __init__(self, config: ModelSettings) -> None:
        self._config = config
        self._format: dict[Kind, Format] = {"choose": "json_schema", "fill": "json_schema"}
        self._length: str | None = "max_completion_tokens"
        self._temperature = config.temperature is not None

    def write(self, ask: Ask, *, longer: bool) -> Request:
        """Return the request; `longer` allows an answer several times as long."""
        form = self._format[ask.kind]
        body: dict[str, Any] = {"model": self._config.name, "messages": list(ask.prompt.messages)}
        if form == "json_schema":
            schema = {"name": ask.kind, "strict": ask.strict, "schema": ask.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form == "json_object":
            body["response_format"] = {"type": "json_object"}
        if self._length:
            body[self._length] = self._config.max_output_tokens * (LONGER if longer else 1)
        if self._temperature:
            body["temperature"] = self._config.temperature
        return Request(ask.kind, body, form, self._length, self._temperature)

    def learn(self, request: Request, status: int | None, said: str) -> bool:
        """Take in a refusal; tell whether the next request is written otherwise because of it."""
        if status not in _REFUSING or any(word in said for word in _NOT_A_MATTER_OF_DIALECT):
            return False
        lessons: tuple[tuple[bool, Callable[[], None]], ...] = (
            (any(word in said for word in _LENGTH_WORDS), lambda: self._drop_length(request)),
            (any(word in said for word in _FORMAT_WORDS), lambda: self._drop_format(request)),
            ("temperature" in said, self._drop_temperature),
        )
        heard = [lesson for told, lesson in lessons if told]
        for lesson in heard:
            lesson()
        now = self._format[request.kind], self._length, self._temperature
        return bool(heard) and now != (request.format, request.length, request.temperature)

    def _drop_format(self, request: Request) -> None:
        # Another request may have been refused at the same time: one refusal is one step.
        if self._format[request.kind] == request.format:
            self._format[request.kind] = _NEXT_FORMAT.get(request.format, request.format)

    def _drop_length(self, request: Request) -> None:
        if self._length == request.length and request.length:
            self._length = _NEXT_LENGTH[request.length]

    def _drop_temperature(self) -> None:
        self._temperature = False
