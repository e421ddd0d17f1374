"""Export: the log as lines for other systems, in the manner of OPA's decision logs or of OTLP. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from planner import tenants
from planner.decisions import Decision
from planner.log import envelopes
from planner.log.verification import Row

EVENT = "planner"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INFO = 9
"""OpenTelemetry's number of the severity INFO."""


def event(row: Row, decision: Decision | None, *, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return a record as one event; where OPA has a name for something, it bears that name."""
    place = {"stream": row.stream, "seq": row.seq, "prev_hash": row.prev_hash.hex(), "hash": row.hash.hex()}
    plain = {
        "labels": dict(labels),
        "kind": row.kind,
        "timestamp": envelopes.stamp(row.ts),
        "decision_id": row.decision_id,
        "log": place,
    }
    if decision is None:
        return _without_nothing(plain | {"record": envelopes.decode(row.body).get("record")})
    return _without_nothing(plain | _of_decision(decision))


def otlp(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as one OTLP/JSON request with one log record."""
    about = {f"{EVENT}.{name}": value for name, value in _attributes(found).items()}
    nanoseconds = str((envelopes.unstamp(found["timestamp"]) - _EPOCH) // timedelta(microseconds=1) * 1000)
    record = {
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": _INFO,
        "severityText": "INFO",
        "eventName": f"{EVENT}.{found['kind']}",
        "body": _any({name: value for name, value in found.items() if name != "labels"}),
        "attributes": _pairs(about),
    }
    scope = {"scope": {"name": EVENT}, "logRecords": [record]}
    resource = {"attributes": _pairs({"service.name": EVENT} | dict(found.get("labels", {})))}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}


def _of_decision(decision: Decision) -> dict[str, Any]:
    workflow, model = decision.workflow, decision.model
    revisions = {
        "workflow": None if workflow is None else f"{workflow.name} {workflow.version} {workflow.sha256}",
        "prompt": None if model is None else f"{model.prompt} {model.prompt_sha256}".strip(),
        "model": None if model is None else model.responded or model.requested,
    }
    own = {"decision_id", "given", "point", "ts", "actor", "erased", "masked", "schema_", "duration_ms"}
    return {
        "path": decision.point,
        "input": decision.given,
        "result": decision.choice,
        "requested_by": decision.actor,
        "bundles": {name: {"revision": value} for name, value in revisions.items() if value},
        "metrics": {"timer_decision_ns": int(decision.duration_ms * 1_000_000)},
        "erased": list(decision.erased),
        "masked": list(decision.masked),
        "decision": decision.model_dump(mode="json", exclude=own, exclude_defaults=True),
    }


def _without_nothing(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def _attributes(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event is looked for by."""
    inner = found.get("decision", {})
    names = {"run_id": "run_id", "kind": "decision.kind", "decided_by": "decided_by"}
    return {
        "decision.id": found.get("decision_id"),
        "decision.point": found.get("path"),
        "decision.choice": found.get("result"),
        "decision.outcome_class": inner.get("outcome_class", "ok") if inner else None,
        "tenant": inner.get("tenant", tenants.DEFAULT) if inner else None,
        "log.stream": found["log"]["stream"],
        "log.seq": found["log"]["seq"],
        "log.hash": found["log"]["hash"],
        **{told: inner.get(name) for name, told in names.items()},
    }


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": str(name), "value": _any(value)} for name, value in values.items() if value is not None]


def _any(value: Any) -> dict[str, Any]:
    """Return a value as OTLP writes it; integers are texts there."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)} if -(2**63) <= value < 2**63 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": _pairs(value)}}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_any(item) for item in value]}}
    return {"stringValue": str(value)} if value is not None else {}
