"""Answers: what a model's server sent, read strictly. Pure."""

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from planner.decisions import OutcomeClass, Source, Usage
from tools.records import Record

LONGEST_REASON = 2_000
LONGEST_RAW = 8_000
LONGEST_ERROR = 300
_FENCE = re.compile(r"\s*```[A-Za-z0-9_-]*[ \t]*\n(?P<inside>.*?)\n?[ \t]*```\s*", re.DOTALL)
_THINK = re.compile(r"\s*<(think|thinking)>.*?</\1>(?P<inside>.*)", re.DOTALL)
_REDIRECT, _SERVER_ERROR = 300, 500
_JOINERS = frozenset("\u200c\u200d")
_FINISHED = frozenset({"stop", "tool_calls", "function_call"})
_CLASS_BY_CODE: Mapping[str, OutcomeClass] = {
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "content_filter": "filtered",
    "content_policy_violation": "filtered",
    "rate_limit_exceeded": "rate_limited",
    "rate_limit_error": "rate_limited",
    "too_many_requests": "rate_limited",
    "timeout": "timeout",
    "request_timeout": "timeout",
    "context_length_exceeded": "rejected",
    "model_not_found": "rejected",
    "invalid_api_key": "rejected",
    "invalid_request_error": "rejected",
    "authentication_error": "rejected",
    "permission_error": "rejected",
    "not_found_error": "rejected",
    "unsupported_parameter": "rejected",
    "unsupported_value": "rejected",
}
_CLASS_BY_STATUS: Mapping[int, OutcomeClass] = {
    402: "quota",
    408: "timeout",
    409: "unavailable",
    425: "unavailable",
    429: "rate_limited",
}


class Unusable(Exception):
    """An answer that cannot be used, and its class; it never leaves the model's adapter."""

    def __init__(self, outcome_class: OutcomeClass, message: str) -> None:
        self.outcome_class = outcome_class
        super().__init__(message)


class Envelope(Record):
    """The frame around an answer, as far as it could be read."""

    content: Any = None
    """What should be the answer's text; anything at all until it is read."""
    refusal: str = ""
    error: Any = None
    """An error object that came with status 200."""
    finish_reason: str | None = None
    model: str | None = None
    response_id: str | None = None
    system_fingerprint: str | None = None
    usage: Usage = Usage()
    logprobs: Any = None
    """What the server told of its tokens' probabilities; anything at all until it is read."""
    anomalies: tuple[str, ...] = ()


class Payload(NamedTuple):
    """A JSON object that an answer held."""

    fields: dict[str, Any]
    anomalies: tuple[str, ...]


class Choice(NamedTuple):
    """A choice that keeps the contract."""

    choice: str
    reason: str
    confidence: float | None
    anomalies: tuple[str, ...]
    source: Source = "stated"
    probabilities: Mapping[str, str] = MappingProxyType({})
    """Measured, by option id."""


def read_envelope(body: bytes) -> Envelope:
    """Return what a response body with status 200 says; raise Unusable where it is no chat completion."""
    top = json_object(body)
    choices = top.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    choice = first if isinstance(first, dict) else {}
    said = choice.get("message")
    message = said if isinstance(said, dict) else {}
    content, found = _content(message)
    usage = read_usage(top.get("usage"))
    told = choice.get("logprobs")
    finish = choice.get("finish_reason")
    return Envelope(
        content=content,
        refusal=text_of(message.get("refusal")) or "",
        error=top.get("error") or choice.get("error"),
        finish_reason=text_of(finish),
        model=text_of(top.get("model")),
        response_id=text_of(top.get("id")),
        system_fingerprint=text_of(top.get("system_fingerprint")),
        usage=usage or Usage(),
        logprobs=told.get("content") if isinstance(told, dict) else None,
        anomalies=tuple(
            name
            for name, odd in (
                ("usage_missing", usage is None),
                ("id_missing", not text_of(top.get("id"))),
                ("two_choices", isinstance(choices, list) and len(choices) > 1),
                ("finish_null", finish is None),
                ("finish_unknown", finish is not None and str(finish) not in _FINISHED),
                (found, bool(found)),
            )
            if odd
        ),
    )


def json_object(body: bytes, **numbers: Any) -> dict[str, Any]:
    """Return the object that a response's body is; raise Unusable where it is none or a key repeats."""
    if not body.strip():
        raise Unusable("unavailable", "the body is empty")
    try:
        top = json.loads(body.decode("utf-8"), object_pairs_hook=_without_duplicates, **numbers)
    except UnicodeDecodeError as exc:
        raise Unusable("unavailable", "the body is no UTF-8") from exc
    except RecursionError as exc:
        raise Unusable("unavailable", "the body is nested too deeply") from exc
    except ValueError as exc:
        start = clean(body[:40].decode("utf-8", "replace"), 40)
        raise Unusable("unavailable", f"the body is no usable JSON; it begins {start!r}") from exc
    if not isinstance(top, dict):
        raise Unusable("unavailable", f"the body is {kind(top)}, not an object")
    return top


def text(envelope: Envelope) -> str:
    """Return the answer's text; raise Unusable where the server said that there is none worth reading."""
    if envelope.error:
        raise Unusable(error_class(envelope.error), f"an error with status 200: {error_text(envelope.error)}")
    if envelope.finish_reason == "content_filter":
        raise Unusable("filtered", "the server's filter held the answer back")
    if envelope.refusal:
        raise Unusable("refused", f"the model refused: {clean(envelope.refusal, LONGEST_ERROR)}")
    if envelope.finish_reason == "length":
        raise Unusable("truncated", "the answer was cut at its longest length")
    if not isinstance(envelope.content, str) or not envelope.content.strip():
        raise Unusable("invalid", f"there is no answer: its content is {kind(envelope.content)}")
    return envelope.content


def read_object(content: str) -> Payload:
    """Return the one JSON object that is the whole text, after at most one documented repair."""
    inside, anomalies = _repaired(content)
    try:
        value = json.loads(inside, object_pairs_hook=_without_duplicates)
    except RecursionError as exc:
        raise Unusable("invalid", "the answer is nested too deeply") from exc
    except ValueError as exc:
        raise Unusable("invalid", f"the answer is no JSON object: {exc}") from exc
    if not isinstance(value, dict):
        raise Unusable("invalid", f"the answer is {kind(value)}, not a JSON object")
    return Payload(value, anomalies)


def read_choice(content: str, offered: Collection[str]) -> Choice:
    """Return the choice that the text makes among `offered`; raise Unusable where it breaks the contract."""
    fields, anomalies = read_object(content)
    if extra := sorted(fields.keys() - {"choice", "reason", "confidence"}):
        raise Unusable("invalid", f"the answer has fields that were not asked for: {named(extra)}")
    if missing := sorted({"choice", "reason"} - fields.keys()):
        raise Unusable("invalid", f"the answer lacks {named(missing)}")
    choice, reason = fields["choice"], fields["reason"]
    if not isinstance(choice, str) or not isinstance(reason, str):
        raise Unusable("invalid", "`choice` and `reason` must be texts")
    if choice not in offered:
        raise Unusable(
            "invalid", f"{clean(choice, 80)!r} was not offered; it had to be one of {named(offered)}"
        )
    confidence, odd = _confidence(fields)
    return Choice(choice, clean(reason, LONGEST_REASON), confidence, anomalies + odd)


def read_form(content: str, asked: Collection[str]) -> Payload:
    """Return the values that the text gives for the fields asked; raise Unusable for any others."""
    payload = read_object(content)
    if extra := sorted(payload.fields.keys() - set(asked)):
        raise Unusable("invalid", f"the answer has fields that were not asked for: {named(extra)}")
    try:
        written = json.dumps(payload.fields, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as exc:
        raise Unusable("invalid", f"the answer holds what JSON cannot keep: {exc}") from exc
    if b"\\u0000" in written:
        raise Unusable("invalid", "the answer holds a NUL character")
    return payload


def read_usage(usage: Any, names: tuple[str, str] = ("prompt_tokens", "completion_tokens")) -> Usage | None:
    """Return the tokens that a server counted, or None where it counted none or oddly."""
    if not isinstance(usage, dict):
        return None
    counts = [usage.get(name) for name in names]
    if any(type(count) is not int or count < 0 for count in counts):
        return None
    return Usage(input=counts[0] or 0, output=counts[1] or 0)


def error_class(error: Any, status: int | None = None) -> OutcomeClass:
    """Return the class of an error object and its HTTP status, where there is one."""
    for code in _codes(error):
        told = _CLASS_BY_CODE.get(code)
        if told and (status is None or (status < _SERVER_ERROR and told in {"quota", "filtered"})):
            return told
        if status is None and code.isascii() and code.isdigit():
            return status_class(int(code))
    return "unavailable" if status is None else status_class(status)


def status_class(status: int) -> OutcomeClass:
    """Return the class of an HTTP status that is no success."""
    if status in _CLASS_BY_STATUS:
        return _CLASS_BY_STATUS[status]
    return "rejected" if _REDIRECT <= status < _SERVER_ERROR else "unavailable"


def error_text(error: Any) -> str:
    """Return what an error object says, in one short line that is safe to show."""
    inner = error.get("error", error) if isinstance(error, dict) else error
    for name in ("message", "detail", "error_description", "msg"):
        if isinstance(inner, dict) and inner.get(name):
            inner = inner[name]
            break
    said = inner if isinstance(inner, str) else json.dumps(inner, default=str)
    return clean(" ".join(said.split()), LONGEST_ERROR)


def clean(value: str, longest: int) -> str:
    """Return the text cut to `longest` characters, with what hides or reorders text made visible."""
    cut = value[: longest + 1]
    seen = cut if cut.isascii() and cut.isprintable() else "".join(map(_visible, cut))
    return seen if len(seen) <= longest else seen[: longest - 1] + "…"


def text_digest(content: str) -> str:
    """Return the SHA-256 of a text in hex; lone surrogates are taken as they are."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _content(message: Any) -> tuple[Any, str]:
    """Return the content and the name of the odd place it was found in."""
    content = message.get("content")
    if isinstance(content, list):
        return _parts(content), "content_parts"
    if content:
        return content, ""
    for name, call in (
        ("tool_call_instead", _only(message.get("tool_calls"))),
        ("function_call_instead", message),
    ):
        inner = (call or {}).get("function" if name == "tool_call_instead" else "function_call")
        if isinstance(inner, dict) and isinstance(inner.get("arguments"), str):
            return inner["arguments"], name
    return content, ""


def _parts(parts: list[Any]) -> Any:
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    whole = len(texts) == len(parts) and all(isinstance(item, str) for item in texts)
    return "".join(map(str, texts)) if whole else parts


def _only(calls: Any) -> dict[str, Any] | None:
    return calls[0] if isinstance(calls, list) and len(calls) == 1 and isinstance(calls[0], dict) else None


def text_of(value: Any) -> str | None:
    """Return a short text as it may be kept, or None where the value is no text."""
    return clean(value, 200) if isinstance(value, str) and value else None


def _repaired(content: str) -> tuple[str, tuple[str, ...]]:
    if match := _FENCE.fullmatch(content):
        return match["inside"], ("repaired_fence",)
    if match := _THINK.fullmatch(content):
        return match["inside"], ("repaired_think",)
    return content, ()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key stands there twice")
    return fields


def _confidence(fields: Mapping[str, Any]) -> tuple[float | None, tuple[str, ...]]:
    if "confidence" not in fields:
        return None, ("confidence_missing",)
    value = fields["confidence"]
    usable = type(value) in {int, float} and math.isfinite(value) and 0 <= value <= 1
    return (float(value), ()) if usable else (None, ("confidence_odd",))


def _codes(error: Any) -> list[str]:
    inner = error.get("error", error) if isinstance(error, dict) else error
    if not isinstance(inner, dict):
        return [inner] if isinstance(inner, str) else []
    deeper = inner.get("innererror")
    places = [inner.get("code"), inner.get("type"), inner.get("status")]
    places += [deeper.get("code")] if isinstance(deeper, dict) else []
    return [
        str(code).lower() for code in places if isinstance(code, (str, int)) and not isinstance(code, bool)
    ]


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if category not in {"Cc", "Cf", "Zl", "Zp"} or character in "\n\t" or character in _JOINERS:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - end of the first plane


def named(names: Collection[str]) -> str:
    """Return names as they may be shown."""
    return ", ".join(clean(str(name), 80) for name in list(names)[:20])


def kind(value: Any) -> str:
    """Return what a JSON value is, in words."""
    names = {type(None): "null", bool: "a boolean", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
