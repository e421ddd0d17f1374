"""Calls: what services answered in a recorded run, in the order in which they were called. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from evals.recorded import record
from graphs.retracing import Recording
from planner.definition import canonical
from planner.journal import Entry
from tools import schemas
from tools.catalog import Catalog
from tools.operations import EffectClass

CRASH, ARGUMENTS = "crash", "arguments"
_TOLD = ("output", "status", "code", "error", "retry_after")


class Called(NamedTuple):
    """One attempt, as the journal tells of it."""

    path: str
    visit: int
    attempt: int
    operation: str
    effect: EffectClass
    arguments: Mapping[str, Any]
    key: str | None
    began: datetime
    ended: datetime
    outcome: Mapping[str, Any] | None
    """Body of its outcome; None where the run ended before it knew one."""
    settled: str | None
    """What an outcome in doubt turned out to be."""

    @property
    def kind(self) -> str:
        """What became of it."""
        return "unknown" if self.outcome is None else str(self.outcome["outcome"])

    @property
    def code(self) -> str | None:
        """A stable name of what went wrong."""
        return None if self.outcome is None else self.outcome.get("code")

    @property
    def is_lost(self) -> bool:
        """Whether its process ended before the outcome was kept."""
        return self.outcome is None or self.code == CRASH

    @property
    def applied(self) -> bool:
        """Whether the service did the work, as far as anybody found out; otherwise it counts as not done."""
        if self.effect == "read":
            return False
        if self.kind == "unknown":
            return self.settled == "applied"
        return self.kind in {"applied", "applied_bad"}


def calls(recording: Recording) -> list[Called]:
    """Return the attempts of a run in the order in which they were begun."""
    intentions = {_spot(entry): entry for entry in record.of_kind(recording, "intention")}
    outcomes = {_spot(entry): entry for entry in record.of_kind(recording, "outcome")}
    settled = {_spot(entry): entry for entry in record.of_kind(recording, "settled")}
    spots = dict.fromkeys(_spot(entry) for entry in record.of_kind(recording, "intention", "outcome"))
    found = [_called(*(told.get(spot) for told in (intentions, outcomes, settled))) for spot in spots]
    return sorted(found, key=lambda call: call.began)


def began(entry: Entry) -> datetime:
    """Return when the call was begun whose outcome an entry tells."""
    return entry.at - timedelta(milliseconds=entry.body.get("ms", 0.0))


def services(found: Sequence[Called], catalog: Catalog, unasked: Collection[str]) -> dict[str, list[Any]]:
    """Return the answers by operation, each for the arguments that it was given to where they differ.

    Args:
        found: the calls.
        catalog: the operations as they are now.
        unasked: codes of outcomes that come about without an answer.
    """
    answered = list(sent(found, unasked))
    told: dict[str, list[Any]] = {}
    for call in answered:
        like = {canonical(other.arguments) for other in answered if other.operation == call.operation}
        when = {"when": {"equals": dict(call.arguments)}} if len(like) > 1 else {}
        told.setdefault(call.operation, []).append({**when, **_answer(call, catalog)})
    return told


def crashes(found: Sequence[Called]) -> list[dict[str, Any]]:
    """Return the moments at which a process ended: just before it kept the outcome of a call."""
    return [
        {"entry": "outcome", **place(call.path, call.visit, call.attempt)} for call in found if call.is_lost
    ]


def place(path: str, visit: int, attempt: int) -> dict[str, Any]:
    """Return where in a journal something stands; what is usual is left out."""
    told: tuple[tuple[str, Any], ...] = (("step", path), ("visit", visit), ("attempt", attempt))
    return {name: value for name, value in told if name == "step" or value != 1}


def duration(seconds: float) -> str:
    """Return a duration as cases write it."""
    return f"PT{seconds:.6f}".rstrip("0").rstrip(".") + "S"


def _spot(entry: Entry) -> tuple[str, int, int]:
    return entry.path, entry.visit, entry.attempt


def _called(intention: Entry | None, outcome: Entry | None, settled: Entry | None) -> Called:
    told = outcome or intention
    if told is None:
        raise ValueError("a call has an intention or an outcome")
    body = told.body
    return Called(
        told.path,
        told.visit,
        told.attempt,
        body["operation"],
        body["effect"],
        body["arguments"],
        body.get("key"),
        intention.at if intention is not None else began(told),
        told.at,
        None if outcome is None else outcome.body,
        None if settled is None else settled.body["outcome"],
    )


def _answer(call: Called, catalog: Catalog) -> dict[str, Any]:
    body = {} if call.outcome is None else call.outcome
    ms = body.get("ms", 0.0)
    delay = {"delay": duration(ms / 1000)} if ms else {}
    if call.kind == "applied" and _fits(call, catalog):
        return {"return": body.get("output"), **delay}
    outcome = {"kind": call.kind, **{name: body[name] for name in _TOLD if name in body}}
    in_doubt = call.kind == "unknown" and call.effect != "read"
    return {"outcome": outcome, **({"applied": call.applied} if in_doubt else {}), **delay}


def _fits(call: Called, catalog: Catalog) -> bool:
    """Tell whether the real service could give the answer; a masked one may not be what its schema wants."""
    operation = catalog.operations.get(call.operation)
    output = None if call.outcome is None else call.outcome.get("output")
    if operation is None or operation.output is None:
        return operation is not None and output is not None
    return not list(schemas.problems(operation.output, output))


def sent(found: Sequence[Called], unasked: Collection[str]) -> Iterator[Called]:
    """Yield the calls that left, or that an answer says not to have arrived."""
    return (call for call in found if call.code not in unasked)
