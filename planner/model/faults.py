"""Faults of a model's endpoint: every foreign exception becomes one of our closed classes, in one place."""

import email.utils
import math
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import anyio
import httpx2
import openai
import orjson

from planner.decisions import OutcomeClass
from planner.model import answers
from planner.model.answers import Unusable

CLASSES: Mapping[type[Exception], OutcomeClass] = {
    openai.APITimeoutError: "timeout",
    openai.APIConnectionError: "unavailable",
    openai.APIResponseValidationError: "unavailable",
    openai.LengthFinishReasonError: "truncated",
    openai.ContentFilterFinishReasonError: "filtered",
    openai.WebSocketConnectionClosedError: "unavailable",
    openai.WebSocketQueueFullError: "unavailable",
    openai.InvalidWebhookSignatureError: "unavailable",
    openai.APIError: "unavailable",
    openai.OpenAIError: "rejected",
    httpx2.TimeoutException: "timeout",
    httpx2.HTTPError: "unavailable",
    httpx2.StreamError: "unavailable",
    httpx2.CookieConflict: "unavailable",
    httpx2.InvalidURL: "rejected",
    anyio.EndOfStream: "unavailable",
    ssl.SSLError: "unavailable",
    TimeoutError: "timeout",
    OSError: "unavailable",
    ValueError: "unavailable",
    TypeError: "unavailable",
    AttributeError: "unavailable",
    LookupError: "unavailable",
    RecursionError: "unavailable",
}
"""Class by exception; an exception takes that of its nearest base. A bare OpenAIError is raised for a
configuration that the SDK refuses before it sends anything. The last five are what a malformed envelope makes
an SDK raise."""

STATUS_CLASSES: Mapping[type[openai.APIStatusError], int | None] = {
    openai.APIStatusError: None,
    openai.BadRequestError: 400,
    openai.AuthenticationError: 401,
    openai.OAuthError: 401,
    openai.PermissionDeniedError: 403,
    openai.NotFoundError: 404,
    openai.ConflictError: 409,
    openai.UnprocessableEntityError: 422,
    openai.RateLimitError: 429,
    openai.InternalServerError: None,
}
"""Exceptions that bring an HTTP status, by which they are classified; None where it varies."""


class BodyTooLong(httpx2.RequestError):
    """A response's body passed the limit; a transport error, so that the SDK hands it on as one."""


class Wire(NamedTuple):
    """What the HTTP response said besides its body."""

    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    """Seconds after which the server asked to be called again."""
    should_retry: bool | None = None
    """What the server said of trying again, in `x-should-retry`."""
    said: str = ""
    """The error in the server's words, in lower case, to find out what it cannot do."""


class Fault(Unusable):
    """An attempt that gave no answer, with what the wire told."""

    def __init__(self, outcome_class: OutcomeClass, message: str, wire: Wire) -> None:
        self.wire = wire
        super().__init__(outcome_class, message)


@contextmanager
def mapped(*, now: datetime) -> Iterator[None]:
    """Raise Fault in place of everything that a request can raise."""
    try:
        yield
    except openai.APIStatusError as exc:
        raise _status_fault(exc, now) from exc
    except openai.APIConnectionError as exc:
        raise _connection_fault(exc) from exc
    except tuple(CLASSES) as exc:
        raise Fault(
            class_of(type(exc)), f"{type(exc).__name__}: {answers.clean(str(exc), 200)}", Wire()
        ) from exc


def class_of(kind: type[Exception]) -> OutcomeClass:
    """Return the class of an exception that brings no HTTP status: that of its nearest base."""
    return next(CLASSES[base] for base in kind.__mro__ if base in CLASSES)


def wire_of(response: httpx2.Response, *, now: datetime, said: str = "") -> Wire:
    """Return what a response's status and headers tell."""
    told = response.headers.get("x-should-retry", "").strip().lower()
    request_id = response.headers.get("x-request-id")
    return Wire(
        status=response.status_code,
        request_id=answers.clean(request_id, 200) if request_id else None,
        retry_after=retry_after(response.headers, now=now),
        should_retry={"true": True, "false": False}.get(told),
        said=said,
    )


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that the server asks to wait, or None where it asks nothing that can be read."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return seconds / unit
    due = _date(headers.get("retry-after"))
    # The server's own clock is the one that its date was read from.
    start = _date(headers.get("date")) or now
    return max(0.0, (due - start).total_seconds()) if due else None


def _status_fault(exc: openai.APIStatusError, now: datetime) -> Fault:
    body = _body(exc.response.content)
    status = exc.response.status_code
    told = answers.error_text(body) if body else "no reason given"
    if exc.response.is_redirect:
        told = "it redirects elsewhere, which is never followed"
    said = exc.response.text[:4000].lower()
    outcome_class = answers.error_class(body, status)
    return Fault(outcome_class, f"HTTP {status}: {told}", wire_of(exc.response, now=now, said=said))


def _connection_fault(exc: openai.APIConnectionError) -> Fault:
    cause = exc.__cause__
    if isinstance(cause, BodyTooLong):
        return Fault("invalid", str(cause), Wire())
    name = type(cause or exc).__name__
    told = answers.clean(" ".join(str(cause or exc).split()), 200)
    return Fault(class_of(type(exc)), f"{name}: {told}" if told else name, Wire())


def _body(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return content[:2000].decode("utf-8", "replace")


def _number(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _date(value: str | None) -> datetime | None:
    try:
        date = email.utils.parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return date if date.tzinfo else None
