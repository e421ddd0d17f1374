"""Errors as HTTP answers: the one table from error to status, and problem details (RFC 9457).

ApiError
├── Unauthenticated       no key, or none that we know
├── Forbidden             the caller may not do this
├── HostRefused           a browser was led here under a foreign name
├── BodyTooLarge          the body is longer than the limit
├── BodyUnreadable        the body is no text, or no JSON
├── MediaTypeUnsupported  the body's type is not one that is read here
├── RequestInvalid        a parameter, header or field is wrong; holds every problem
└── NotReady              the process cannot serve yet, or no longer
"""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from api.security import HEADERS
from planner import errors as planning
from planner.planning import errors as plans
from tools import errors as tooling
from tools.pointers import pointer
from tools.problems import Problem

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
URN = "urn:planner:"
_MEMBERS = ("problems", "candidates", "questions", "reasons", "decision_id", "run_id")
_DURATION = "Write an ISO 8601 duration, such as `PT10M` or `P1D`."
_IN_JSON = {"tuple_type": "list_type"}
"""What JSON calls a kind of error; a tuple is a list to whoever sends it."""
_ROUTING = {404: "route-unknown", 405: "method-not-allowed"}


class ApiError(Exception):
    """The request cannot be served."""

    code = "api-error"
    headers: Mapping[str, str] = MappingProxyType({})


class Unauthenticated(ApiError):
    """The request bears no key that is known here."""

    code = "unauthenticated"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer realm="planner"'})


class Forbidden(ApiError):
    """The caller may not do this."""

    code = "forbidden"


class HostRefused(ApiError):
    """The request was made under a name that is not this machine's."""

    code = "host-refused"


class BodyTooLarge(ApiError):
    """The body is longer than the limit."""

    code = "body-too-large"
    headers = MappingProxyType({"Connection": "close"})

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is longer than {limit} bytes, which is the limit here")


class BodyUnreadable(ApiError):
    """The body cannot be read."""

    code = "body-unreadable"


class MediaTypeUnsupported(ApiError):
    """The body is of a type that is not read here."""

    code = "media-type-unsupported"

    def __init__(self, found: str, allowed: Sequence[str]) -> None:
        named = f"is {found!r}" if found else "has no Content-Type"
        super().__init__(f"the body {named}; send {' or '.join(allowed)}")


class RequestInvalid(ApiError):
    """The request is not right."""

    code = "request-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class NotReady(ApiError):
    """The process cannot serve now."""

    code = "not-ready"
    headers = MappingProxyType({"Retry-After": "2"})


STATUS: Mapping[type[Exception], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    HostRefused: 421,
    BodyTooLarge: 413,
    BodyUnreadable: 400,
    MediaTypeUnsupported: 415,
    RequestInvalid: 422,
    NotReady: 503,
    planning.DefinitionInvalid: 422,
    planning.WorkflowUnknown: 404,
    planning.VersionTaken: 409,
    planning.VersionClosed: 409,
    planning.RunUnknown: 404,
    planning.RunEnded: 409,
    planning.RunMoving: 409,
    planning.RepinRefused: 409,
    planning.InputInvalid: 422,
    planning.NotPermitted: 403,
    planning.QueueFull: 429,
    planning.RouteUnclear: 422,
    planning.EventUnknown: 404,
    planning.WebhookUnknown: 404,
    planning.DeliveryUnknown: 404,
    planning.WebhookRefused: 422,
    planning.ScheduleUnknown: 404,
    planning.NameTaken: 409,
    planning.DecisionUnknown: 404,
    planning.DecisionClosed: 409,
    planning.ForkRefused: 409,
    planning.AnswerInvalid: 422,
    planning.LegalHold: 409,
    planning.SealBroken: 409,
    planning.HeadsInvalid: 500,
    planning.KeyReused: 422,
    planning.CursorInvalid: 400,
    planning.CatalogUnknown: 500,
    planning.ServicesMissing: 409,
    planning.LeaseLost: 409,
    plans.PlanUnknown: 404,
    plans.PlanClosed: 409,
    plans.PlanVoid: 409,
    plans.PlanUntried: 409,
    plans.GoalUnclear: 422,
    planning.StoreUnavailable: 503,
    planning.SettingsInvalid: 500,
    planning.ScriptInvalid: 500,
    tooling.CatalogInvalid: 500,
    tooling.DocumentInvalid: 400,
    tooling.OperationUnknown: 404,
    tooling.SecretMissing: 500,
    tooling.ServiceUnknown: 404,
    tooling.Unlisted: 502,
    tooling.ExpressionError: 422,
}
"""Every error and the status it is answered with; a class that is not here counts as our own fault."""


def install(app: FastAPI) -> None:
    """Answer every error of this application with problem details."""
    for kind in (ApiError, planning.PlannerError, tooling.ToolError):
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _last_resort)


def status_of(kind: type[Exception]) -> int:
    """Return the status of an error class; 500 for one that the table does not hold."""
    return next((STATUS[each] for each in kind.__mro__ if each in STATUS), 500)


def answer(request: Request, exc: Exception) -> Response:
    """Return the problem details of one of our errors."""
    status = status_of(type(exc))
    headers = dict(getattr(exc, "headers", {}))
    if getattr(exc, "retryable", False):
        headers["Retry-After"] = "2"
    members = {name: _plain(getattr(exc, name)) for name in _MEMBERS if getattr(exc, name, None) is not None}
    if isinstance(exc, planning.RouteUnclear | planning.InputInvalid) and exc.decision_id:
        headers["X-Decision-Id"] = exc.decision_id
    return problem(
        request,
        status,
        code=str(getattr(exc, "code", "internal-error")),
        title=_title(type(exc)),
        detail=str(exc),
        headers=headers,
        **members,
    )


def problem(
    request: Request,
    status: int,
    *,
    code: str,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """Return an answer of type `application/problem+json`."""
    body = {
        "type": f"{URN}{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        **members,
    }
    # In ASCII, since a text that a client sent may hold what UTF-8 cannot.
    content = json.dumps(body).encode()
    return Response(content, status, {**HEADERS, **(headers or {})}, media_type=MEDIA_TYPE)


def from_validation(error: ErrorDetails, *, before: tuple[str, ...] = ()) -> Problem:
    """Return what pydantic found as a problem with its place."""
    kind = _IN_JSON.get(str(error["type"]), str(error["type"]))
    message = str(error["msg"]).removeprefix("Value error, ").replace("valid tuple", "valid list")
    return Problem(
        path=pointer((*before, *error["loc"])),
        code=kind.replace("_", "-"),
        message=message if message.endswith(".") else f"{message}.",
        remedy=_DURATION if str(error["type"]).startswith("time_delta") else "",
    )


def invalid(exc: ValidationError) -> RequestInvalid:
    """Return what pydantic found as everything that is wrong with a request."""
    found = exc.errors(include_url=False, include_context=False, include_input=False)
    return RequestInvalid([from_validation(error) for error in found])


async def _ours(request: Request, exc: Exception) -> Response:
    if status_of(type(exc)) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", extra={"path": request.url.path, "error": str(exc)})
    return answer(request, exc)


async def _of_routing(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    phrase = HTTPStatus(status).phrase
    headers = getattr(exc, "headers", None) or {}
    detail = {
        404: f"there is nothing at {request.url.path}; GET /openapi.json lists what there is",
        405: f"{request.method} is not possible here; GET /openapi.json lists what is",
    }.get(status, phrase)
    code = _ROUTING.get(status, phrase.lower().replace(" ", "-"))
    return problem(request, status, code=code, title=phrase, detail=detail, headers=headers)


async def _of_validation(request: Request, exc: Exception) -> Response:
    found = exc.errors() if isinstance(exc, RequestValidationError) else ()
    return answer(request, RequestInvalid([from_validation(error) for error in found]))


async def _last_resort(request: Request, exc: Exception) -> Response:
    log.error("request failed inside the server", exc_info=exc, extra={"path": request.url.path})
    return problem(
        request,
        500,
        code="internal-error",
        title="Internal Server Error",
        detail="the server failed on this request; its log has the trace",
    )


def _title(kind: type[Exception]) -> str:
    return (kind.__doc__ or kind.__name__).splitlines()[0].rstrip(".")


def _plain(value: Any) -> Any:
    if isinstance(value, Problem):
        return value.model_dump(mode="json", exclude_defaults=True)
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value
