"""Scripts: answers of a pretended model, written down by decision point."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from planner.errors import ScriptInvalid
from planner.model import prompts
from tools.records import Record

FINGERPRINT = "scripted"
"""What every answer bears as `system_fingerprint`, so that no log passes it off as a model's."""
ANY_POINT = "*"
EMBEDDINGS = "embeddings"
"""The point of answers to `/embeddings`, such as faults; without one, vectors are made of words."""
DIMENSIONS = 64
_WORD = re.compile(r"[^\W_]+")


class ScriptedHttp(Record):
    """An HTTP response in place of an answer."""

    status: int = Field(default=200, ge=100, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    """Body, sent as JSON."""
    text: str | None = None
    """Body, sent as it stands."""


class ScriptedAnswer(Record):
    """One answer; a plain string is short for `choose`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    choose: str | None = None
    """Id of the option to choose."""
    reason: str = "as scripted"
    confidence: Any = 0.9
    probabilities: dict[str, float] | None = None
    """Measured ones by option id, for a decisions endpoint and for the probabilities of tokens."""
    fill: dict[str, Any] | None = None
    """Values for a form."""
    content: Any = None
    """The message's content as it stands, whatever it is."""
    message: dict[str, Any] | None = None
    """The whole message, such as one with a `refusal`."""
    finish_reason: str | None = "stop"
    usage: tuple[int, int] | None = None
    """Tokens in and out that it claims; unless told, about one for four characters."""
    http: ScriptedHttp | None = None
    delay: float = Field(default=0.0, ge=0)
    """Seconds before it is answered."""


class Sent(Record):
    """What a scripted endpoint sends back."""

    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0


_ANSWER: TypeAdapter[ScriptedAnswer] = TypeAdapter(ScriptedAnswer)


class Script:
    """Answers by decision point, taken in order; `*` answers every point that has none of its own."""

    def __init__(self, points: Mapping[str, Any], *, loop: bool = False) -> None:
        self._answers = {point: _answers(point, given) for point, given in points.items()}
        self._taken = dict.fromkeys(self._answers, 0)
        self._loop = loop
        self._lock = Lock()
        self.requests: list[dict[str, Any]] = []
        """Bodies of the requests so far."""
        self.embedded: list[dict[str, Any]] = []
        """Bodies of the requests for embeddings so far."""
        self.unmatched: list[str] = []
        """Decision points that were asked for and had no answer left."""

    @classmethod
    def from_json(cls, file: Path, *, loop: bool = False) -> Self:
        """Return the script of a JSON file; raise ScriptInvalid where it is none."""
        try:
            points = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as exc:
            raise ScriptInvalid(f"{file}: {exc}") from exc
        if not isinstance(points, dict):
            raise ScriptInvalid(f"{file}: it must be an object of answers by decision point")
        return cls(points, loop=loop)

    @property
    def unused(self) -> dict[str, int]:
        """How many answers of each point were never asked for."""
        left = {point: len(given) - self._taken[point] for point, given in self._answers.items()}
        return {point: count for point, count in left.items() if count > 0}

    def take(self, body: bytes) -> Sent:
        """Return the next answer to a request's body; status 400 says why there is none."""
        request = _request(body)
        point = prompts.point_asked(request)
        with self._lock:
            self.requests.append(request)
            answer = self._next(point or "")
            if answer is None:
                self.unmatched.append(point or "")
        if answer is None:
            return _refusal(point, list(self._answers))
        return _sent(answer, request)

    def embed(self, body: bytes, synonyms: Mapping[str, str]) -> Sent:
        """Return the vectors of a request's texts, or what the script has for them; each is kept in mind."""
        request = _request(body)
        with self._lock:
            self.embedded.append(request)
            answer = self._next(EMBEDDINGS) if EMBEDDINGS in self._answers else None
        return embeddings(request, synonyms) if answer is None else _sent(answer, request)

    def _next(self, point: str) -> ScriptedAnswer | None:
        name = point if point in self._answers else ANY_POINT
        given = self._answers.get(name, ())
        taken = self._taken.get(name, 0)
        if taken >= len(given) and not (self._loop and given):
            return None
        self._taken[name] = taken + 1
        return given[taken % len(given)]


def models() -> Sent:
    """Return the list of models, which names the one that is scripted."""
    model = {"id": FINGERPRINT, "object": "model", "created": 0, "owned_by": FINGERPRINT}
    return _json(200, {"object": "list", "data": [model], "system_fingerprint": FINGERPRINT})


def embeddings(request: Mapping[str, Any], synonyms: Mapping[str, str]) -> Sent:
    """Return vectors that are near where texts share words.

    Args:
        request: its body.
        synonyms: words by words that mean the same.
    """
    texts, dimensions = request.get("input", []), request.get("dimensions", DIMENSIONS)
    listed = [texts] if isinstance(texts, str) else texts
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(text, dimensions, synonyms)}
        for index, text in enumerate(listed)
    ]
    tokens = sum(map(len, listed)) // 4
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return _json(200, {"object": "list", "data": data, "model": request.get("model"), "usage": usage})


def _vector(text: str, dimensions: int, synonyms: Mapping[str, str]) -> list[float]:
    """Return the sum of the vectors of a text's words, each made of the word's hash."""
    total = [0.0] * dimensions
    for word in _WORD.findall(text.lower()) or [""]:
        seed = synonyms.get(word, word).encode()
        noise = hashlib.shake_256(seed).digest(dimensions)
        total = [each + byte / 127.5 - 1 for each, byte in zip(total, noise, strict=True)]
    return total


def _answers(point: str, given: Any) -> tuple[ScriptedAnswer, ...]:
    items = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    try:
        return tuple(
            _ANSWER.validate_python({"choose": item} if isinstance(item, str) else item) for item in items
        )
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ScriptInvalid(f"the answer for {point!r}: {place}: {first['msg']}") from exc


def _request(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _sent(answer: ScriptedAnswer, request: Mapping[str, Any]) -> Sent:
    if answer.http is not None:
        return _http(answer.http, answer.delay)
    body = _decision(request, answer) if "questions" in request else _completion(request, answer)
    return _json(200, body).model_copy(update={"delay": answer.delay})


def _completion(request: Mapping[str, Any], answer: ScriptedAnswer) -> dict[str, Any]:
    labels = prompts.labels(request.get("messages"))
    message = _message(answer, labels)
    choice = {"index": 0, "finish_reason": answer.finish_reason, "message": message}
    if request.get("logprobs") and labels and answer.probabilities:
        choice["logprobs"] = {"content": _tokens(message["content"], labels, answer.probabilities)}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": request.get("model"),
        "system_fingerprint": FINGERPRINT,
        "choices": [choice],
        "usage": _usage(answer, request.get("messages"), message, ("prompt_tokens", "completion_tokens")),
    }


def _message(answer: ScriptedAnswer, labels: Mapping[str, str]) -> dict[str, Any]:
    if answer.message is not None:
        return {"role": "assistant", **answer.message}
    content = answer.content
    if answer.fill is not None:
        content = json.dumps(answer.fill)
    elif answer.choose is not None:
        told = {"reason": answer.reason, "choice": answer.choose, "confidence": answer.confidence}
        if labels:
            # Where labels stand for options, the choice is told first.
            told = {"choice": labels.get(answer.choose, answer.choose), **_without(told, "choice")}
        content = json.dumps(told)
    return {"role": "assistant", "content": content}


def _without(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in fields.items() if each != name}


def _tokens(content: str, labels: Mapping[str, str], told: Mapping[str, float]) -> list[dict[str, Any]]:
    head, quote, rest = content.partition('"choice": "')
    likely = [{"token": labels[option], "logprob": math.log(p)} for option, p in told.items() if p > 0]
    chosen = next(
        (each for each in likely if each["token"] == rest[:1]), {"token": rest[:1], "logprob": -9.9}
    )
    return [
        {"token": head + quote, "logprob": 0.0, "top_logprobs": []},
        {**chosen, "top_logprobs": likely},
        {"token": rest[1:], "logprob": 0.0, "top_logprobs": []},
    ]


def _decision(request: Mapping[str, Any], answer: ScriptedAnswer) -> dict[str, Any]:
    """Return the answer of a decisions endpoint; what it cannot say, such as a text, it refuses."""
    verdict: dict[str, Any] = {"type": "refusal", "name": "choice"}
    if answer.choose is not None:
        shown = [choice["value"] for choice in request["questions"][0]["choices"]]
        told = answer.probabilities or _spread(answer, shown)
        verdict = {
            "type": "choice",
            "name": "choice",
            "choice": answer.choose,
            "confidence": told.get(answer.choose, 0.0),
            "probabilities": [{"value": each, "probability": told.get(each, 0.0)} for each in shown],
        }
    return {
        "model": request.get("model"),
        "system_fingerprint": FINGERPRINT,
        "answers": [verdict],
        "usage": _usage(answer, request.get("input"), verdict, ("input_tokens", "output_tokens")),
    }


def _spread(answer: ScriptedAnswer, shown: Sequence[str]) -> dict[str, float]:
    """Return the confidence for the choice, and the rest of it for the others in equal parts."""
    sure = answer.confidence if isinstance(answer.confidence, float) else 0.9
    others = [each for each in shown if each != answer.choose]
    return {**{each: (1 - sure) / len(others) for each in others}, str(answer.choose): sure}


def _usage(answer: ScriptedAnswer, asked: Any, said: Any, names: tuple[str, str]) -> dict[str, int]:
    # About four characters make a token.
    tokens = answer.usage or [len(json.dumps(each)) // 4 for each in (asked, said)]
    return {**dict(zip(names, tokens, strict=True)), "total_tokens": sum(tokens)}


def _http(http: ScriptedHttp, delay: float) -> Sent:
    if http.text is not None:
        return Sent(status=http.status, headers=http.headers, body=http.text.encode(), delay=delay)
    sent = _json(http.status, http.json_)
    return sent.model_copy(update={"headers": {**sent.headers, **http.headers}, "delay": delay})


def _refusal(point: str | None, known: Sequence[str]) -> Sent:
    told = f"no scripted answer is left for the decision point {point!r}; the script has {', '.join(known)}"
    message = told if point else "the request names no decision point, so no scripted answer can be found"
    return _json(
        400, {"error": {"message": message, "type": "invalid_request_error", "code": "script_unmatched"}}
    )


def _json(status: int, value: Any) -> Sent:
    headers = {"content-type": "application/json"}
    return Sent(status=status, headers=headers, body=json.dumps(value).encode())
