"""Responses: what an answer says about the call's effect. Pure."""

import base64
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import orjson

from tools import schemas
from tools.access import NOT_PROCESSED, Service
from tools.credentials import NOBODY, Credentials
from tools.errors import ExpressionError
from tools.expressions import condition
from tools.operations import HttpBinding, JsonSchema, Operation
from tools.outcomes import Outcome, OutcomeClass
from tools.requests import is_json, media_type

LONGEST_ERROR = 2000

_SECONDS = re.compile(r"\d{1,9}")
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_EMPTY = frozenset({204, 205})
_DOUBTFUL = frozenset({408})
_MOVED = (301, 302, 303)
"""Redirects that a service may send after it has done what was asked, such as 303 after a POST."""
_DETAIL_FIELDS = ("detail", "message", "error_description", "error", "title")
_FAULTS = {
    "truncated": "broke off in the middle of its answer",
    "decoding": "sent an answer whose compression is broken",
    "too_large": "sent an answer larger than is taken",
    "timeout": "did not finish its answer in time",
}


class Answer(NamedTuple):
    """What came back, as far as it came."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    fault: str | None = None
    """Why the body is not whole: `truncated`, `decoding`, `too_large` or `timeout`."""


class _Body(NamedTuple):
    value: Any
    problem: str | None = None
    """Why it is not what was documented."""
    checked: bool = False
    """Whether the schema has nothing more to say."""


def classify(
    operation: Operation,
    service: Service,
    answer: Answer,
    arguments: Mapping[str, Any],
    *,
    seen: Credentials = NOBODY,
) -> Outcome:
    """Return what the answer says became of the call."""
    binding = operation.binding
    if not isinstance(binding, HttpBinding):
        raise TypeError(f"{operation.name} is not called over HTTP")
    if not succeeded(binding, answer.status):
        return _refusal(operation, service, answer, seen)
    if answer.fault is not None:
        return _unread(operation, answer)
    body = _read(operation.output, answer)
    output = seen.veil(body.value)
    if binding.success and answer.status not in binding.success:
        code, why = "status", f"which is not one of its documented statuses {list(binding.success)}"
        return _bad(operation, output, code, status=answer.status, why=f"answered {answer.status}, {why}")
    if body.problem is not None:
        return _bad(operation, output, "body", status=answer.status, why=body.problem)
    return judge(operation, output, arguments, status=answer.status, schema=not body.checked)


def succeeded(binding: HttpBinding, status: int) -> bool:
    """Tell whether the status says that the work was done."""
    return 200 <= status < 300 or status in binding.success  # noqa: PLR2004 - the class of success


def judge(
    operation: Operation,
    output: Any,
    arguments: Mapping[str, Any],
    *,
    status: int | None = None,
    schema: bool = True,
) -> Outcome:
    """Return `applied`, or `applied_bad` when the output breaks its schema or its check."""
    if schema and operation.output is not None and not schemas.valid(operation.output, output):
        found = "; ".join(str(problem) for problem in schemas.problems(operation.output, output))
        return _bad(operation, output, "schema", status=status, why=f"answered against its schema: {found}")
    if operation.check is not None and (why := _check(operation.check, output, arguments)):
        return _bad(operation, output, "check", status=status, why=why)
    return Outcome(kind="applied", output=output, status=status)


def escaped(text: str, *, limit: int = LONGEST_ERROR) -> str:
    """Return the text with control characters written out, cut to `limit` characters."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in short
    )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for; a date counts from the answer's own Date."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        since = parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - since).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _check(source: str, output: Any, arguments: Mapping[str, Any]) -> str | None:
    try:
        holds = condition(source).evaluate({"output": output, "input": dict(arguments)})
    except ExpressionError as exc:
        return f"gave an answer that its check cannot be evaluated on: {exc}"
    return None if holds is True else f"gave an answer for which its check does not hold: {source}"


def _bad(operation: Operation, output: Any, code: str, *, status: int | None, why: str) -> Outcome:
    error = escaped(f"{operation.name} {why}")
    return Outcome(kind="applied_bad", output=output, status=status, code=code, error=error)


def _unread(operation: Operation, answer: Answer) -> Outcome:
    fault = answer.fault or "truncated"
    return Outcome(
        kind="applied_bad" if fault == "too_large" else "unknown",
        status=answer.status,
        code=fault,
        error=f"{operation.name} answered {answer.status} but {_FAULTS.get(fault, fault)}",
    )


def _refusal(operation: Operation, service: Service, answer: Answer, seen: Credentials) -> Outcome:
    detail = seen.veil_text(_detail(answer))
    said = f": {detail}" if detail else ""
    if 300 <= answer.status < 400:  # noqa: PLR2004 - the class of redirects
        said = " and pointed elsewhere; redirects are not followed"
    return Outcome(
        kind=refused_as(operation, service, answer.status),
        status=answer.status,
        code=f"http_{answer.status}",
        error=escaped(f"{operation.name} answered {answer.status}{said}"),
        retry_after=retry_after(answer.headers),
    )


def refused_as(operation: Operation, service: Service, status: int) -> OutcomeClass:
    """Return the class of an answer whose status is no success."""
    if status in _not_processed(operation, service):
        return "not_sent"
    if status in _MOVED and operation.effect != "read":
        return "unknown"
    if status in _DOUBTFUL or status >= 500:  # noqa: PLR2004 - the class of server errors
        return "unknown"
    return "rejected"


def _not_processed(operation: Operation, service: Service) -> tuple[int, ...]:
    """Return what the operation says of itself, or else what holds for the whole service."""
    binding = operation.binding
    if isinstance(binding, HttpBinding) and binding.not_processed != NOT_PROCESSED:
        return binding.not_processed
    return service.not_processed


def _detail(answer: Answer) -> str:
    text = answer.body[: 4 * LONGEST_ERROR].decode("utf-8", "replace").strip()
    if not is_json(answer.headers.get("content-type", "")):
        return text
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return text
    if isinstance(body, dict):
        said = [body[name] for name in _DETAIL_FIELDS if isinstance(body.get(name), str) and body[name]]
        return said[0] if said else text
    return text


def _read(schema: JsonSchema | None, answer: Answer) -> _Body:
    content_type = answer.headers.get("content-type", "")
    if not answer.body:
        return _nothing(schema, answer.status)
    if is_json(content_type):
        return _json(answer.body, schema)
    if not content_type or _is_text(media_type(content_type)):
        return _text(schema, answer, content_type)
    return _other(schema, answer, content_type)


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind == "application/xml" or kind.endswith("+xml")


def _nothing(schema: JsonSchema | None, status: int) -> _Body:
    if status in _EMPTY or schema is None:
        return _Body(None, checked=True)
    if schemas.valid(schema, None):
        return _Body(None)
    return _Body(None, "answered nothing, where its schema asks for a value")


def _json(body: bytes, schema: JsonSchema | None) -> _Body:
    try:
        return _Body(orjson.loads(body))
    except orjson.JSONDecodeError as exc:
        text = body.decode("utf-8", "replace")
        if schema is None and not text.strip():
            return _Body(None, checked=True)
        return _Body(text[:LONGEST_ERROR], f"answered something that is no JSON ({exc})")


def _text(schema: JsonSchema | None, answer: Answer, content_type: str) -> _Body:
    """Take a text as it is, unless a schema asks for something that it holds as mislabelled JSON."""
    text = _decode(answer.body, content_type)
    if content_type and (schema is None or schemas.valid(schema, text)):
        return _Body(text)
    try:
        return _Body(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        if schema is None or schemas.valid(schema, text):
            return _Body(text)
        shown = media_type(content_type) or "an unnamed kind of body"
        return _Body(text[:LONGEST_ERROR], f"answered {shown}, which is no JSON, where JSON is documented")


def _other(schema: JsonSchema | None, answer: Answer, content_type: str) -> _Body:
    value = {"base64": base64.b64encode(answer.body).decode(), "content_type": media_type(content_type)}
    if schema is None or schema.get("type") == "string":
        return _Body(value, checked=True)
    try:
        return _Body(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        return _Body(value, f"answered {media_type(content_type)}, where JSON is documented")


def _decode(body: bytes, content_type: str) -> str:
    named = _CHARSET.search(content_type)
    try:
        return body.decode(named.group(1) if named else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
