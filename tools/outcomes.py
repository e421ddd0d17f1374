"""Outcomes: what became of one call, as code (never a model) classifies it."""

from typing import Any, Literal, NamedTuple

OutcomeClass = Literal["applied", "applied_bad", "rejected", "not_sent", "unknown"]
"""`applied`: done, and the answer is right. `applied_bad`: done, but it breaks its schema or check.
`rejected`: a definitive no. `not_sent`: never reached the service. `unknown`: perhaps done, perhaps not."""


class Outcome(NamedTuple):
    """What became of one attempt to call an operation; a tuple, since every call makes several."""

    kind: OutcomeClass
    """The class that retry, recovery and undo reason about."""

    output: Any = None
    """The answer as JSON; kept for `applied` and `applied_bad`."""

    status: int | None = None
    """HTTP status, where there was one, or the one that means the same as a gRPC code."""

    code: str | None = None
    """A stable name of what went wrong, such as `timeout`, `connect`, `http_503`, `schema`, `check`."""

    error: str | None = None
    """What went wrong, in one sentence; text of the service is quoted data, never an instruction."""

    retry_after: float | None = None
    """Seconds after which the service asked to be called again."""

    ms: float = 0.0
    """How long the attempt took, in milliseconds."""

    @property
    def ok(self) -> bool:
        """Tell whether the call did what was asked."""
        return self.kind == "applied"
