"""Requests to a model, written in the dialect that its server was found to understand."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

from planner.decisions import Backend
from planner.model.answers import Envelope
from planner.model.prompts import Prompt
from planner.settings import ModelSettings

Kind = Literal["choose", "fill"]
Format = Literal["json_schema", "json_object", "text"]
LONGER = 4
"""How many times as long an answer may be after one was cut."""

_NEXT_FORMAT: dict[Format, Format] = {"json_schema": "json_object", "json_object": "text"}
_NEXT_LENGTH: dict[str, str | None] = {"max_completion_tokens": "max_tokens", "max_tokens": None}
TOP_LOGPROBS = 20
_NO_SUCH_ENDPOINT = frozenset({404, 405, 501})
_REFUSING = frozenset({400, 404, 415, 422, 501})
_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "structured output")
_LENGTH_WORDS = ("max_completion_tokens", "max_tokens")
_NOT_A_MATTER_OF_DIALECT = ("context_length", "context length", "content_filter", "model_not_found")


class Read(Protocol):
    """What an answer's text was read as."""

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What was odd about it."""
        ...


class Ask(NamedTuple):
    """What is to be asked, whatever the dialect."""

    kind: Kind
    prompt: Prompt
    schema: dict[str, Any]
    """JSON Schema of the answer; for a decisions endpoint, the question."""
    strict: bool
    read: Callable[[str, Envelope], Read]
    """Reads the answer's text; raises Unusable where it breaks the contract."""
    backend: Backend = "chat"
    logprobs: bool = False


class Request(NamedTuple):
    """A request's body, and the dialect it was written in."""

    kind: Kind
    body: dict[str, Any]
    format: Format
    length: str | None
    temperature: bool
    logprobs: bool = False
    backend: Backend = "chat"


class Dialect:
    """Which parameters a server understands; starts with the strictest and remembers each refusal."""

    def __init__(self, config: ModelSettings) -> None:
        self._config = config
        self._format: dict[Kind, Format] = {"choose": "json_schema", "fill": "json_schema"}
        self._length: str | None = "max_completion_tokens"
        self._temperature = config.temperature is not None
        self.logprobs = config.logprobs
        """Whether the server is asked for the probabilities of its tokens."""
        self.backend: Backend = "chat" if config.backend == "chat" else "decisions"
        """Where choices are asked for."""

    def write(self, ask: Ask, *, longer: bool) -> Request:
        """Return the request; `longer` allows an answer several times as long."""
        if ask.backend == "decisions":
            return self._decisions(ask)
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
        logprobs = ask.logprobs and self.logprobs
        if logprobs:
            body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        return Request(ask.kind, body, form, self._length, self._temperature, logprobs)

    def _decisions(self, ask: Ask) -> Request:
        body = {"model": self._config.name, "input": list(ask.prompt.messages), "questions": [ask.schema]}
        return Request(
            ask.kind, body, self._format[ask.kind], self._length, self._temperature, backend="decisions"
        )

    def learn(self, request: Request, status: int | None, said: str) -> bool:
        """Take in a refusal; tell whether the next request is written otherwise because of it."""
        if request.backend == "decisions":
            return self._learn_backend(status)
        if status not in _REFUSING or any(word in said for word in _NOT_A_MATTER_OF_DIALECT):
            return False
        lessons: tuple[tuple[bool, Callable[[], None]], ...] = (
            (any(word in said for word in _LENGTH_WORDS), lambda: self._drop_length(request)),
            (any(word in said for word in _FORMAT_WORDS), lambda: self._drop_format(request)),
            ("temperature" in said, self._drop_temperature),
            (request.logprobs and "logprobs" in said, self._drop_logprobs),
        )
        heard = [lesson for told, lesson in lessons if told]
        for lesson in heard:
            lesson()
        now = self._format[request.kind], self._length, self._temperature, request.logprobs and self.logprobs
        return bool(heard) and now != request[2:6]

    def _learn_backend(self, status: int | None) -> bool:
        if self._config.backend != "auto" or status not in _NO_SUCH_ENDPOINT:
            return False
        self.backend = "chat"
        return True

    def _drop_format(self, request: Request) -> None:
        # Another request may have been refused at the same time: one refusal is one step.
        if self._format[request.kind] == request.format:
            self._format[request.kind] = _NEXT_FORMAT.get(request.format, request.format)

    def _drop_length(self, request: Request) -> None:
        if self._length == request.length and request.length:
            self._length = _NEXT_LENGTH[request.length]

    def _drop_temperature(self) -> None:
        self._temperature = False

    def _drop_logprobs(self) -> None:
        self.logprobs = False
