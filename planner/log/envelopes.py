"""Envelopes: a record as the bytes that are hashed, and its erasable content under salted digests. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from planner.decisions import Decision
from planner.log import masking
from planner.log.echoes import Echoes
from planner.log.masking import Masking
from planner.log.retention import Retention
from planner.seals import Seals
from tools import pointers

Kind = Literal["genesis", "decision", "outcome", "override", "erasure", "purge", "hold", "head"]

_WIDE = b" "
"""Stands before bytes that only the slower reader gives back unchanged."""
# A digest of content without a salt would give content away that can be guessed, so it goes with it.
_PARTS = {
    "given": ("/given", "/given_sha256", "/model/request_sha256", "/filled/model/request_sha256"),
    "reason": ("/reason",),
    "raw_output": ("/raw_output", "/attempts/*/raw_digest", "/filled/attempts/*/raw_digest"),
    "errors": ("/attempts/*/error", "/filled/attempts/*/error"),
    "trigger": ("/trigger/error",),
    "comment": ("/comment",),
    "filled": ("/filled/value",),
}
_OPEN = frozenset({"given", "filled"})
"""Members of a decision in which any name may occur."""
_TOLD = frozenset({"given", "reason", "raw_output", "comment", "trigger", "attempts", "filled"})
"""Members of a decision that hold data and words of others, and nothing that it is found by."""
_SPLIT = {name: tuple(tuple(pointers.parts(each)) for each in each_of) for name, each_of in _PARTS.items()}
_ANSWERED = ("/reason", "/raw_output", "/filled")
_PLAIN = frozenset(
    {
        "parent_decision_id",
        "overrides",
        "schema",
        "decision_id",
        "kind",
        "run_id",
        "run_seq",
        "tenant",
        "ts",
        "duration_ms",
        "mode",
        "choice",
        "edge_taken",
        "outcome_class",
        "decided_by",
        "usage",
        "budget_left",
        "min_confidence",
        "confidence",
        "visit",
        "attempt",
        "deadline_ms",
        "given_sha256",
    }
)
"""Members of a decision that hold no words of others."""


class Keeping(NamedTuple):
    """How records are kept."""

    masking: Masking = Masking()
    retention: Retention = Retention()
    seals: Seals | None = None
    """Seals the values of runs that are masked; without it they are kept as they are, and shown masked."""
    echoes: Echoes | None = None
    """What the run that is kept holds under telling names."""


class Blob(NamedTuple):
    """Content that can be erased."""

    name: str
    salt: bytes
    content: bytes


class Sealed(NamedTuple):
    """A record ready to be chained."""

    kind: Kind
    ts: datetime
    decision_id: str | None
    run_id: str | None
    body: bytes
    """What is hashed, stored as it is."""
    blobs: tuple[Blob, ...] = ()
    expires_at: datetime | None = None
    """When the content is to be deleted."""


def encode(value: Any) -> bytes:
    """Return the value as compact JSON with sorted keys.

    Raises:
        TypeError: a value is no JSON.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Services do answer integers beyond 64 bits and lone surrogates.
        return _WIDE + json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def decode(body: bytes) -> Any:
    """Return the value that was encoded."""
    return json.loads(body) if body.startswith(_WIDE) else orjson.loads(body)


def digest(salt: bytes, content: bytes) -> str:
    """Return the salted digest of erasable content, in hex."""
    return hashlib.sha256(salt + content).hexdigest()


def seal(
    kind: Kind,
    record: Mapping[str, Any],
    *,
    ts: datetime,
    decision_id: str | None = None,
    run_id: str | None = None,
    blobs: tuple[Blob, ...] = (),
    expires_at: datetime | None = None,
) -> Sealed:
    """Return a record as the bytes that are hashed; of its blobs they hold only digests."""
    about = {"decision_id": decision_id, "run_id": run_id}
    body = {"schema": "log/1", "kind": kind, "ts": stamp(ts), "record": dict(record)}
    body |= {name: value for name, value in about.items() if value is not None}
    if blobs and expires_at is not None:
        body["content"] = {blob.name: digest(blob.salt, blob.content) for blob in blobs}
        body["content_expires"] = stamp(expires_at)
    return Sealed(kind, ts, decision_id, run_id, encode(body), blobs, expires_at)


def genesis(stream: str, ts: datetime, knows: Iterable[Mapping[str, Any]]) -> Sealed:
    """Return the first record of a stream, which binds its name and the ends of others."""
    return seal("genesis", {"stream": stream, "knows": list(knows)}, ts=ts)


def of_decision(decision: Decision, keeping: Keeping, new_salt: Callable[[], bytes]) -> Sealed:
    """Return a decision, masked, as its envelope and the content that can be erased."""
    plain = decision.model_dump(mode="json", exclude_defaults=True, exclude={"masked", "erased"})
    record = masked(plain, keeping.masking)
    if keeping.echoes is not None:
        _veil(record, keeping.echoes)
    record["schema"] = decision.schema_
    contents = split(record)
    if contents:
        # What is gone can only be told when the envelope says what there was.
        record["holds"] = {name: list(found) for name, found in contents.items()}
    return seal(
        "decision",
        record,
        ts=decision.ts,
        decision_id=decision.decision_id,
        run_id=decision.run_id,
        blobs=tuple(_blobs(contents, new_salt())),
        expires_at=keeping.retention.content_expires(decision.ts),
    )


def _blobs(contents: Mapping[str, Any], seed: bytes) -> Iterator[Blob]:
    # The seed is not kept, so no salt tells another; asking the system for each takes longer than the rest.
    for name, content in contents.items():
        yield Blob(name, hashlib.sha256(seed + name.encode()).digest(), encode(content))


def to_decision(body: Mapping[str, Any], contents: Mapping[str, bytes]) -> Decision:
    """Return the decision of an envelope with the content that is still there; the rest is told as erased."""
    record = dict(body["record"])
    erased: list[str] = []
    for name, places in record.pop("holds", {}).items():
        if name not in contents:
            erased.extend(places)
            continue
        for place, value in decode(contents[name]).items():
            _put(record, pointers.parts(place), value)
    return Decision.model_validate(record | {"erased": erased})


def masked(plain: Mapping[str, Any], policy: Masking) -> dict[str, Any]:
    """Return a decision as plain data without what must not be kept, and with the list of it."""
    told = {name: value for name, value in plain.items() if name not in _PLAIN}
    if policy.rules or masking.worthwhile(told, policy):
        done = masking.mask(told, policy)
    else:
        told = {name: value for name, value in told.items() if name in _OPEN}
        done = masking.mask_names(told, policy)
    record = {**plain, **done.value}
    for name in told.keys() - done.value.keys():
        del record[name]
    if done.pointers:
        found = list(done.pointers)
        _drop_digests(record, found)
        record["masked"] = found
    return record


def _veil(record: dict[str, Any], echoes: Echoes) -> None:
    """Take out of a masked decision what its run holds under telling names; ids and options stay."""
    found = []
    for name in _TOLD & record.keys():
        seen = echoes.veil(record[name])
        if seen != record[name]:
            record[name] = seen
            found.append(f"/{name}")
    if found:
        _drop_digests(record, found)
        record["masked"] = list(dict.fromkeys([*record.get("masked", ()), *sorted(found)]))


def _drop_digests(record: dict[str, Any], found: list[str]) -> None:
    """Drop the digests over what was masked: with the rest known, they would let it be guessed."""
    names = []
    if any(each.startswith("/given") for each in found):
        names += ["given_sha256", "request_sha256"]
    if any(each.startswith(_ANSWERED) for each in found):
        names += ["raw_digest"]
    for name in names:
        for places in _SPLIT.values():
            for place in (place for place in places if place[-1] == name):
                found.extend(pointers.pointer(each) for each in list(_take(record, place)))


def split(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Take the erasable content out of a decision; return it by name, each value under its pointer."""
    contents: dict[str, dict[str, Any]] = {}
    for name, places in _SPLIT.items():
        taken = {
            pointers.pointer(found): value
            for place in places
            for found, value in _take(record, place).items()
        }
        if taken:
            contents[name] = taken
    return contents


def _take(value: Any, place: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
    """Remove what stands at a place and return it under the parts of its pointer."""
    first, rest = place[0], place[1:]
    if isinstance(value, dict) and first in value:
        if not rest:
            return {place: value.pop(first)}
        return {(first, *found): held for found, held in _take(value[first], rest).items()}
    if isinstance(value, list) and first == "*":
        return {
            (str(n), *found): held
            for n, item in enumerate(value)
            for found, held in _take(item, rest).items()
        }
    return {}


def _put(record: dict[str, Any], place: Iterable[str], value: Any) -> None:
    """Put content back."""
    *way, last = place
    holder: Any = record
    for part in way:
        holder = holder[int(part)] if isinstance(holder, list) else holder.setdefault(part, {})
    holder[last] = value


def stamp(moment: datetime) -> str:
    """Return a moment as text, in UTC and to the microsecond."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def unstamp(text: str) -> datetime:
    """Return the moment that a text tells."""
    return datetime.fromisoformat(text)
