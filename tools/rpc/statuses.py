"""Statuses: what the code of a gRPC answer says about the call's effect. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from tools.outcomes import OutcomeClass


class Status(NamedTuple):
    """What a code means for a call that was sent."""

    kind: OutcomeClass
    http: int
    """The HTTP status with the same meaning, by google.rpc.Code."""


# UNAVAILABLE, CANCELLED and DEADLINE_EXCEEDED are also what the library says of a connection that broke after
# sending; RESOURCE_EXHAUSTED is also said of an answer that was too long to send. So none is a sure no.
STATUSES: Mapping[str, Status] = {
    "CANCELLED": Status("unknown", 499),
    "UNKNOWN": Status("unknown", 500),
    "INVALID_ARGUMENT": Status("rejected", 400),
    "DEADLINE_EXCEEDED": Status("unknown", 504),
    "NOT_FOUND": Status("rejected", 404),
    "ALREADY_EXISTS": Status("rejected", 409),
    "PERMISSION_DENIED": Status("rejected", 403),
    "RESOURCE_EXHAUSTED": Status("unknown", 429),
    "FAILED_PRECONDITION": Status("rejected", 400),
    "ABORTED": Status("unknown", 409),
    "OUT_OF_RANGE": Status("rejected", 400),
    "UNIMPLEMENTED": Status("rejected", 501),
    "INTERNAL": Status("unknown", 500),
    "UNAVAILABLE": Status("unknown", 503),
    "DATA_LOSS": Status("unknown", 500),
    "UNAUTHENTICATED": Status("rejected", 401),
}
"""By the name of the code; all but OK."""
