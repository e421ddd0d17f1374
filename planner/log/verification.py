"""Verification: whether the log is as it was written, and if not, where. Pure over rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from planner import tenants
from planner.log import chain, envelopes
from planner.log.chain import Tip
from planner.log.findings import Finding, Findings, Report
from planner.log.heads import Head, Keyring

WITNESSES = frozenset({"genesis", "head", "purge", "erasure"})
"""Kinds of records that tell of other records; they are read before all others."""


_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
"""What reading bytes raises that were never written by us."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Row(NamedTuple):
    """A record as it is stored."""

    stream: str
    seq: int
    ts: datetime
    kind: str
    decision_id: str | None
    body: bytes
    prev_hash: bytes
    hash: bytes


class Kept(NamedTuple):
    """A record with what is stored beside it."""

    row: Row
    digests: Mapping[str, str]
    """Salted digests of its content that is still there, by name."""
    columns: Mapping[str, Any] | None = None
    """The columns by which a decision is found; None where they are missing."""


class Claim(NamedTuple):
    """What somebody says a stream held."""

    hash: bytes
    by: str
    """Who says so, in words."""


class Told(NamedTuple):
    """What the log itself tells of its records."""

    claims: dict[tuple[str, int], list[Claim]]
    anchors: dict[str, dict[int, bytes]]
    """Last hashes of what was purged, by stream and number."""
    erased: set[str]
    """Decisions whose content was erased."""
    purged_until: list[datetime]
    """Content that expired up to these times was purged."""


def told_by(rows: Iterable[Row]) -> Told:
    """Return what records of the kinds in WITNESSES tell; one that cannot be read is found later."""
    told = Told({}, {}, set(), [])
    for row in rows:
        try:
            _hear(told, row)
        except _UNREADABLE:
            continue
    return told


def _hear(told: Told, row: Row) -> None:
    record = _record(row)
    for head in (*record.get("knows", ()), *record.get("heads", ())):
        claim = Claim(bytes.fromhex(head["hash"]), f"record {row.seq} of stream {row.stream}")
        told.claims.setdefault((head["stream"], head["seq"]), []).append(claim)
    for anchor in record.get("anchors", ()):
        told.anchors.setdefault(anchor["stream"], {})[anchor["seq"]] = bytes.fromhex(anchor["hash"])
    if row.kind == "erasure":
        told.erased.update(record.get("decisions", ()))
    if until := record.get("content_until"):
        told.purged_until.append(envelopes.unstamp(until))


def verify(
    kept: Iterable[Kept],
    told: Told,
    *,
    ends: Mapping[str, Tip],
    exported: Sequence[Head] = (),
    keys: Keyring | None = None,
    indexed: int | None = None,
) -> Report:
    """Return what is wrong with the log.

    Args:
        kept: every record, sorted by stream and number.
        told: what the log tells of itself.
        ends: where the database says that each stream ends.
        exported: heads that were kept elsewhere.
        keys: what their signatures are checked with.
        indexed: how many decisions can be found by their columns.
    """
    return _Audit(told, ends, exported, keys or Keyring(), indexed).report(kept)


class _Audit:
    """One verification; goes over the records once."""

    def __init__(
        self,
        told: Told,
        ends: Mapping[str, Tip],
        exported: Sequence[Head],
        keys: Keyring,
        indexed: int | None,
    ) -> None:
        self._told, self._ends, self._exported, self._keys = told, ends, exported, keys
        self._indexed = indexed
        self._purged_until = max(told.purged_until, default=_NEVER)
        self._claims = {place: list(claims) for place, claims in told.claims.items()}
        self._seen: dict[str, Tip] = {}
        self._records = self._decisions = 0
        self._found = Findings()

    def report(self, kept: Iterable[Kept]) -> Report:
        self._heads()
        for each in kept:
            self._records += 1
            self._record(each)
        self._tails()
        self._left()
        self._count()
        return self._found.report(
            records=self._records,
            decisions=self._decisions,
            streams=len(self._seen.keys() | self._ends.keys()),
            heads=len(self._exported),
            signed=sum(map(self._keys.holds, self._exported)),
            notes=tuple(self._notes()),
        )

    def _heads(self) -> None:
        for head in self._exported:
            place = (head.stream, head.seq)
            if self._keys.knows(head) and not self._keys.holds(head):
                self._tell("signature", *place, "the signature of the exported head is wrong")
                continue
            told = f"the head exported at {envelopes.stamp(head.time)}"
            self._claims.setdefault(place, []).append(Claim(bytes.fromhex(head.hash), told))

    def _record(self, kept: Kept) -> None:
        row = kept.row
        self._link(row, self._seen.get(row.stream, chain.EMPTY))
        self._seen[row.stream] = Tip(row.seq, row.hash)
        for claim in self._claims.pop((row.stream, row.seq), ()):
            if claim.hash != row.hash:
                self._tell("rewritten", row.stream, row.seq, f"{claim.by} bears another hash of it")
        if row.kind == "decision":
            self._decisions += 1
        try:
            self._said(kept, _body(row))
        except _UNREADABLE:
            self._tell("columns", row.stream, row.seq, "its bytes are no record of the log")

    def _link(self, row: Row, before: Tip) -> None:
        if row.hash != chain.digest(row.prev_hash, row.seq, row.body):
            self._tell("edited", row.stream, row.seq, "its bytes do not give its hash")
        if before == chain.EMPTY and row.seq > 0:
            self._beginning(row)
        elif row.seq != before.seq + 1:
            missing = f"{before.seq + 1} to {row.seq - 1}" if row.seq > before.seq + 2 else f"{row.seq - 1}"
            self._tell("missing", row.stream, row.seq, f"number {missing} before it is missing")
        elif row.prev_hash != before.hash:
            self._tell("link", row.stream, row.seq, "it does not follow from the record before it")
        if row.seq == 0 and (row.kind != "genesis" or _record(row).get("stream") != row.stream):
            self._tell("genesis", row.stream, row.seq, "it is not the beginning of this stream")

    def _beginning(self, row: Row) -> None:
        anchor = self._told.anchors.get(row.stream, {}).get(row.seq - 1)
        if anchor is None:
            self._tell(
                "missing", row.stream, row.seq, "everything before it is missing, and no purge says so"
            )
        elif anchor != row.prev_hash:
            self._tell("link", row.stream, row.seq, "it does not follow from what was purged before it")

    def _said(self, kept: Kept, body: Mapping[str, Any]) -> None:
        """Compare what the bytes say with the columns, the content and the index beside them."""
        row = kept.row
        said = (body.get("kind"), body.get("decision_id"), body.get("ts"))
        if said != (row.kind, row.decision_id, envelopes.stamp(row.ts)):
            self._tell("columns", row.stream, row.seq, "its columns say something else than its bytes")
        elif row.kind in {"decision", "override"}:
            self._contents(row, body, kept.digests)
        if row.kind == "decision":
            self._columns(row, body, kept.columns)

    def _contents(self, row: Row, body: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        wanted = body.get("content", {})
        for name in sorted(digests.keys() | wanted.keys()):
            if name not in digests:
                if not self._is_gone_rightly(row, body):
                    self._tell("content", row.stream, row.seq, f"its {name} is gone, and no record says why")
            elif digests[name] != wanted.get(name):
                self._tell("content", row.stream, row.seq, f"its {name} was changed")

    def _is_gone_rightly(self, row: Row, body: Mapping[str, Any]) -> bool:
        if row.decision_id in self._told.erased:
            return True
        return envelopes.unstamp(body["content_expires"]) <= self._purged_until

    def _columns(self, row: Row, body: Mapping[str, Any], columns: Mapping[str, Any] | None) -> None:
        if columns is None:
            self._tell("index", row.stream, row.seq, "it cannot be found by its columns any more")
            return
        wanted = index_of(body["record"])
        wrong = sorted(name for name, value in wanted.items() if columns.get(name) != value)
        if wrong:
            self._tell("index", row.stream, row.seq, f"it is found by other values of {', '.join(wrong)}")

    def _tails(self) -> None:
        for stream, end in self._ends.items():
            last = self._seen.get(stream)
            if last is None:
                if self._told.anchors.get(stream, {}).get(end.seq) != end.hash:
                    self._tell("stream", stream, None, "the whole stream is missing, and no purge says so")
            elif last != end:
                self._tell("tail", stream, last.seq, f"the stream ends here, and its head says {end.seq}")
        for stream in sorted(self._seen.keys() - self._ends.keys()):
            self._tell("tail", stream, self._seen[stream].seq, "the head of the stream is missing")

    def _left(self) -> None:
        """Tell every record that somebody vouches for and that is not there."""
        for (stream, seq), claims in sorted(self._claims.items()):
            anchors = self._told.anchors.get(stream, {})
            if anchors.get(seq) == claims[0].hash or any(seq < purged for purged in anchors):
                continue
            by = claims[0].by
            if stream not in self._seen:
                self._tell("stream", stream, seq, f"the whole stream is missing, of which {by} tells")
            elif seq > self._seen[stream].seq:
                self._tell(
                    "tail", stream, seq, f"the stream ends at {self._seen[stream].seq}, and {by} tells of it"
                )

    def _count(self) -> None:
        if self._indexed is not None and self._indexed > self._decisions:
            self._tell(
                "index", None, None, f"{self._indexed - self._decisions} decisions have no record in the log"
            )

    def _notes(self) -> Iterator[str]:
        if not self._exported:
            yield (
                "no exported heads were compared: a tail that was cut, or a chain that was rewritten, "
                "together with the heads in the database would not show"
            )
            return
        unsigned = sum(head.sig is None for head in self._exported)
        if unsigned:
            yield f"{unsigned} exported heads are unsigned; they prove something where none could change them"
        unknown = sum(head.sig is not None and not self._keys.knows(head) for head in self._exported)
        if unknown:
            yield f"{unknown} exported heads were signed with keys that are not known here"

    def _tell(self, code: str, stream: str | None, seq: int | None, message: str) -> None:
        self._found.add(Finding(code=code, stream=stream, seq=seq, message=message))


def index_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns by which a decision is found, as its envelope tells them."""
    model, workflow = record.get("model") or {}, record.get("workflow")
    return {
        "run_id": record["run_id"],
        "run_seq": record.get("run_seq", 0),
        "tenant": record.get("tenant", tenants.DEFAULT),
        "kind": record["kind"],
        "point": record["point"],
        "workflow": workflow["name"] if workflow else None,
        "choice": record["choice"],
        "decided_by": record["decided_by"],
        "outcome_class": record.get("outcome_class", "ok"),
        "model": model.get("responded") or model.get("requested"),
        "model_calls": sum(len(part.get("attempts", ())) for part in (record, record.get("filled") or {})),
    }


def _body(row: Row) -> dict[str, Any]:
    try:
        body = envelopes.decode(row.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _record(row: Row) -> dict[str, Any]:
    record = _body(row).get("record")
    return record if isinstance(record, dict) else {}
