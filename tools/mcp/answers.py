"""Answers: what a tool's answer, or the lack of one, says of the call's effect. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from tools import responses
from tools.access import Service
from tools.breakers import TOOL_ERROR
from tools.credentials import NOBODY, Credentials
from tools.mcp.attempts import Attempt
from tools.mcp.errors import Refusal
from tools.operations import Operation
from tools.outcomes import Outcome, OutcomeClass
from tools.responses import escaped

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

_REFUSED = frozenset({METHOD_NOT_FOUND, HEADER_MISMATCH, UNSUPPORTED_VERSION})
"""Errors that only a server which has not begun can give; any other may come out of the midst of the work."""

_STALE = frozenset({400, 404})
"""Statuses by which a server tells that it does not know a session; it has done nothing then."""
_OF_THE_CALL = _REFUSED | {INVALID_PARAMS}
"""Errors that speak of the call and not of the session."""

_OUTSIDE_SUCCESS = 300


class Call(NamedTuple):
    """A call, with what is needed to judge its end."""

    operation: Operation
    service: Service
    arguments: Mapping[str, Any]
    seen: Credentials = NOBODY
    most_bytes: int = 0
    """Longest answer that is taken; 0 where any is."""


def answered(call: Call, result: Mapping[str, Any]) -> Outcome:
    """Return what a result says became of the call."""
    operation = call.operation
    if result.get("resultType") == "input_required":
        return _failed(
            call, _doubt(operation), "input_required", "wants to ask a person, which is not done here"
        )
    if result.get("isError"):
        said = _text(result) or "and says no more"
        return _failed(call, _doubt(operation), TOOL_ERROR, f"answered that it failed: {said}")
    if operation.output is not None and "structuredContent" not in result:
        why = "gave no structured content, where its schema asks for it"
        return _failed(call, "applied_bad", "body", why, output=call.seen.veil(_whole(result)))
    output = call.seen.veil(_whole(result) if operation.output is None else result["structuredContent"])
    if call.most_bytes and len(orjson.dumps(output)) > call.most_bytes:
        return _failed(call, "applied_bad", "too_large", "sent an answer larger than is taken")
    return responses.judge(operation, output, call.arguments)


def garbled(call: Call, why: str) -> Outcome:
    """Return what an answer against the protocol says: the work was done, and nobody can read how."""
    return _failed(call, "applied_bad", "body", f"gave an answer that is none of the protocol: {why}")


def refused(call: Call, refusal: Refusal, attempt: Attempt) -> Outcome:
    """Return what an error of the protocol says became of the call."""
    if attempt.is_too_large:
        return _failed(call, "applied_bad", "too_large", "sent an answer larger than is taken")
    if attempt.broken is not None:
        return ended(call, attempt, str(attempt.broken) or type(attempt.broken).__name__)
    if attempt.status is not None and attempt.status >= _OUTSIDE_SUCCESS and refusal.code not in _REFUSED:
        kind = responses.refused_as(call.operation, call.service, attempt.status)
        why = f"answered {attempt.status}: {refusal.message}"
        failed = _failed(call, kind, f"http_{attempt.status}", why)
        return failed._replace(status=attempt.status, retry_after=attempt.retry_after)
    if refusal.code in _REFUSED:
        return _failed(call, "rejected", f"rpc_{refusal.code}", f"was refused: {refusal.message}")
    kind = _doubt(call.operation)
    return _failed(call, kind, f"rpc_{refusal.code}", f"answered with an error: {refusal.message}")


def is_stale(refusal: Refusal, attempt: Attempt) -> bool:
    """Tell whether the server does not know the session any more, such as after it was started anew."""
    return attempt.status in _STALE and refusal.code not in _OF_THE_CALL


def ended(call: Call, attempt: Attempt, why: str) -> Outcome:
    """Return what a connection that ended without an answer says."""
    if attempt.sent:
        return _failed(call, "unknown", "reset", f"gave no answer before the connection ended: {why}")
    return _failed(call, "not_sent", "connect", f"could not be reached: {why}")


def late(call: Call, attempt: Attempt, seconds: float) -> Outcome:
    """Return what the end of its time says of a call that nobody answered."""
    if attempt.sent:
        return _failed(call, "unknown", "timeout", f"gave no answer within {seconds:.3g} s")
    return _failed(call, "not_sent", "connect_timeout", f"could not be reached within {seconds:.3g} s")


def _doubt(operation: Operation) -> OutcomeClass:
    """Return the class of a failure that the tool tells: what only reads has left nothing half done."""
    return "rejected" if operation.effect == "read" else "unknown"


def _whole(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of a tool without a schema: its content, as the protocol has it."""
    kept = ("content", "structuredContent")
    return {name: result[name] for name in kept if result.get(name) is not None}


def _text(result: Mapping[str, Any]) -> str:
    blocks = result.get("content") or ()
    return "\n".join(str(block["text"]) for block in blocks if isinstance(block, dict) and "text" in block)


def _failed(call: Call, kind: OutcomeClass, code: str, why: str, *, output: Any = None) -> Outcome:
    error = escaped(call.seen.veil_text(f"{call.operation.name} {why}"))
    return Outcome(kind=kind, code=code, error=error, output=output)
