"""Replies: what a scripted answer of a service looks like on the wire. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import orjson

from evals.answers import ServiceAnswer
from tools.operations import HttpBinding, Operation
from tools.outcomes import Outcome

Broken = Literal["hang", "reset", "connect"]
HANG: Final = "hang"
RESET: Final = "reset"
CONNECT: Final = "connect"
_BROKEN: Mapping[str, Broken] = {"timeout": HANG, "reset": RESET, "connect": CONNECT}
REFUSED, UNAVAILABLE, NO_CONTENT = 422, 503, 204

_WRONG = {"unexpected": "a wrong body, as scripted"}
_PAGE = "<html>log in, as scripted</html>"
_JSON = {"content-type": "application/json"}
_TEXT = {"content-type": "text/plain; charset=utf-8"}


class Response(NamedTuple):
    """What comes back, or how the connection breaks."""

    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default is never changed
    body: bytes = b""
    value: Any = None
    """The body as data."""
    broken: Broken | None = None


def reply(operation: Operation, answer: ServiceAnswer) -> Response:
    """Return what the service sends back."""
    if answer.outcome is not None:
        return _like(operation, answer.outcome)
    if answer.fault is not None:
        return _fault(operation, answer, answer.fault)
    if answer.status is not None:
        return _answer(answer.status, answer.body, answer.headers)
    return _answer(success(operation), answer.return_, answer.headers)


def success(operation: Operation) -> int:
    """Return the status by which the operation says that it succeeded."""
    binding = operation.binding
    return binding.success[0] if isinstance(binding, HttpBinding) and binding.success else 200


def _fault(operation: Operation, answer: ServiceAnswer, fault: str) -> Response:
    if fault in _BROKEN:
        return Response(broken=_BROKEN[fault])
    has_body = "body" in answer.model_fields_set
    if fault == "html":
        return Response(success(operation), _TEXT | {"content-type": "text/html"}, _PAGE.encode(), _PAGE)
    if fault == "wrong_body":
        return _answer(success(operation), answer.body if has_body else _WRONG, answer.headers)
    codes = {"refuse": REFUSED, "unavailable": UNAVAILABLE}
    status = codes[fault] if fault in codes else int(fault.removeprefix("status:"))
    body = answer.body if has_body else {"detail": f"{fault}, as scripted"}
    return _answer(status, body, answer.headers)


def _like(operation: Operation, outcome: Outcome) -> Response:
    """Return a response that a breaker takes as it would take this outcome."""
    if outcome.kind in {"applied", "applied_bad"}:
        return _answer(success(operation), outcome.output, {})
    if outcome.kind == "rejected":
        return _answer(outcome.status or REFUSED, outcome.error, {})
    return Response(broken=RESET if outcome.kind == "unknown" else CONNECT)


def _answer(status: int, value: Any, headers: dict[str, str]) -> Response:
    if value is None and status == NO_CONTENT:
        return Response(status, headers)
    if isinstance(value, str) and not 200 <= status < 300:  # noqa: PLR2004 - the class of success
        return Response(status, {**_TEXT, **headers}, value.encode(), value)
    return Response(status, {**_JSON, **headers}, orjson.dumps(value), value)
