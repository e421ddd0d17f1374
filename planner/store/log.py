"""Log: what is told of decisions after they were made, appended beside them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from planner import clock
from planner.errors import DecisionUnknown
from planner.log import detectors, envelopes
from planner.log.envelopes import Blob, Kind
from planner.log.outcomes import DecisionOutcome, Override
from planner.store import streams, tables

_log, _decisions, _blobs = tables.log, tables.decisions, tables.blobs


def append(
    tx: Connection,
    kind: Kind,
    record: dict[str, Any],
    *,
    ts: datetime,
    decision_id: str | None = None,
    run_id: str | None = None,
) -> None:
    """Append a record that holds nothing that could have to be erased."""
    sealed = envelopes.seal(kind, record, ts=ts, decision_id=decision_id, run_id=run_id)
    streams.of(tx).add([sealed])


def tell(tx: Connection, decision_id: str, outcome: DecisionOutcome) -> DecisionOutcome:
    """Attach what came of a decision; return it as it was kept, masked.

    Raises:
        DecisionUnknown: none has this id.
    """
    run_id = _run_of(tx, decision_id)
    label = detectors.scrub(outcome.label, streams.of(tx).keeping.masking.detectors).text
    kept = outcome.model_copy(update={"label": label})
    record = kept.model_dump(mode="json", exclude_none=True)
    append(tx, "outcome", record, ts=outcome.at, decision_id=decision_id, run_id=run_id)
    return kept


def outcomes(tx: Connection, decision_id: str) -> tuple[DecisionOutcome, ...]:
    """Return what was told of a decision, the first first."""
    return tuple(map(DecisionOutcome.model_validate, _records(tx, decision_id, "outcome")))


def override(tx: Connection, decision_id: str, override: Override, *, comment: str = "") -> None:
    """Log that a person took another option than the decision did; the comment can be erased.

    Raises:
        DecisionUnknown: none has this id.
    """
    run_id = _run_of(tx, decision_id)
    stream = streams.of(tx)
    told = detectors.scrub(comment, stream.keeping.masking.detectors).text
    name = f"override@{envelopes.stamp(override.at)}"
    blobs = (Blob(name, clock.new_salt(), envelopes.encode({"/comment": told})),) if told else ()
    sealed = envelopes.seal(
        "override",
        override.model_dump(mode="json"),
        ts=override.at,
        decision_id=decision_id,
        run_id=run_id,
        blobs=blobs,
        expires_at=stream.keeping.retention.content_expires(override.at),
    )
    stream.add([sealed])


def overrides(tx: Connection, decision_id: str) -> tuple[Override, ...]:
    """Return what persons put in place of a decision's choice, the first first."""
    return tuple(map(Override.model_validate, _records(tx, decision_id, "override")))


def _run_of(tx: Connection, decision_id: str) -> str:
    found = tx.execute(select(_decisions.c.run_id).where(_decisions.c.decision_id == decision_id)).scalar()
    if found is None:
        raise DecisionUnknown(decision_id)
    return str(found)


def _records(tx: Connection, decision_id: str, kind: Kind) -> Iterable[Any]:
    query = select(_log.c.body).where(_log.c.decision_id == decision_id, _log.c.kind == kind)
    for body in tx.execute(query.order_by(_log.c.ts, _log.c.stream, _log.c.seq)).scalars():
        yield envelopes.decode(body)["record"]
