"""Journal: writing many runs' entries in one transaction, each under its own lease."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, exc, literal_column, or_, select, update

from planner.decisions import Decision
from planner.errors import DecisionClosed, DecisionUnknown, LeaseLost, PlannerError
from planner.journal import Append, Entry, Numbered
from planner.log.envelopes import Keeping
from planner.runs import ENDED, PersonQuestion
from planner.snapshots import Snapshot
from planner.store import bells, decisions, questions, runs, sealing, snapshots, tables, webhooks
from planner.store.decisions import Logged
from planner.store.sealing import Spot
from planner.store.statements import ByKeys, Insert, Update
from planner.store.webhooks import Happened
from planner.webhooks import Kind
from tools import moments

_runs, _entries, _questions = tables.runs, tables.entries, tables.questions
_TO_ENTRIES, _TO_QUESTIONS, _CHANGE_RUN = Insert(_entries), Insert(_questions), Update(_runs)
_AWAITS = tables.awaits
_TO_AWAITS = Insert(_AWAITS)
# Locked in the order of their ids, so that two processes cannot wait for each other.
_STANDINGS = ByKeys(
    select(*(_runs.c[name] for name in ("id", "epoch", "status", "nudged", "tenant", "workflow", "mode")))
    .order_by(_runs.c.id)
    .with_for_update(),
    _runs.c.id,
)
_CLOSE = ByKeys(
    update(_questions)
    .where(_questions.c.status == literal_column("'open'"))
    .values(status=literal_column("'expired'")),
    _questions.c.run_id,
)
_KEEPING = Keeping()
_TOLD: dict[str, Kind] = {
    "waiting": "run.waiting",
    "succeeded": "run.succeeded",
    "failed": "run.failed",
    "undone": "run.undone",
    "cancelled": "run.cancelled",
}
_CHANGEABLE = frozenset({"status", "output", "error", "ended_at", "wake_at", "steps_done"})


class Prepared(NamedTuple):
    """An append turned into rows, so that a value that is no JSON fails before it meets others."""

    unit: Append
    at: datetime
    """When it was handed in."""
    entries: list[dict[str, Any]]
    decisions: list[Logged]
    questions: list[dict[str, Any]]
    change: dict[str, Any] | None
    awaits: list[dict[str, Any]]
    snapshot: dict[str, Any] | None

    @property
    def rows(self) -> int:
        """How many rows it adds."""
        return len(self.entries) + len(self.decisions) + len(self.questions) + len(self.awaits)


class Standing:
    """What the judging of a group knows of one run, kept up to date from unit to unit."""

    def __init__(
        self, epoch: int, status: str, *, nudged: bool, tenant: str, workflow: str, live: bool
    ) -> None:
        self.epoch, self.tenant, self.workflow, self.live = epoch, tenant, workflow, live
        self.ended = status in ENDED
        self.nudged = nudged


def entries(tx: Connection, run_id: str, after: int = 0, limit: int | None = None) -> list[Numbered]:
    """Return the entries of a run that follow number `after`, in order, as they are shown."""
    policy = sealing.keeping_of(tx).masking
    return [
        _numbered(row, sealing.shown(row.body, row.sealed, policy, sealing.masked_body))
        for row in tx.execute(_of_run(run_id, after).limit(limit))
    ]


def unsealed(tx: Connection, run_id: str, behind: Snapshot | None = None) -> list[Numbered]:
    """Return the entries of a run in order as they were; nobody but the engine may see them.

    With a snapshot only those behind it, and those that the snapshot says are always needed.

    Raises:
        SealBroken: something in them is sealed, and cannot be opened.
    """
    keeping = sealing.keeping_of(tx)
    return [
        _numbered(row, sealing.true(row.body, row.sealed, keeping, _spot(run_id, row.seq)))
        for row in tx.execute(_of_run(run_id, 0) if behind is None else _behind(run_id, behind))
    ]


def prepare(unit: Append, now: datetime, keeping: Keeping = _KEEPING) -> Prepared:
    """Return the rows of an append.

    Raises:
        TypeError: a body is no JSON.
        ValueError: a decision or question is no such record, or a column of the run cannot change.
    """
    keeping, change = keeping._replace(echoes=unit.echoes), unit.change
    # First, since what they bring under telling names may come back in the rest.
    entries = [_row(unit.run_id, numbered, keeping) for numbered in unit.entries]
    if change is not None:
        unknown = sorted(change.keys() - _CHANGEABLE)
        if unknown:
            raise ValueError(
                f"an append cannot change {unknown} of a run; it can change {sorted(_CHANGEABLE)}"
            )
        change = runs.kept_change(change, unit.run_id, keeping)
    asked = (PersonQuestion.model_validate(question) for question in unit.questions)
    logged = (Decision.model_validate(decision) for decision in unit.decisions)
    return Prepared(
        unit,
        now,
        entries,
        [decisions.prepare(decision, keeping) for decision in logged],
        [questions.row_of(questions.masked(question, keeping)) for question in asked],
        change,
        list(_awaits(unit)),
        snapshots.row_of(unit.run_id, unit.snapshot, keeping),
    )


def insert(tx: Connection, run_id: str, first: Sequence[Numbered]) -> None:
    """Write the first entries of a run that the same transaction creates."""
    keeping = sealing.keeping_of(tx)
    _TO_ENTRIES(tx, [_row(run_id, numbered, keeping) for numbered in first])


def append(tx: Connection, group: Sequence[Prepared]) -> list[PlannerError | None]:
    """Write every unit whose lease stands; return for each why it was refused, or None.

    Raises:
        LeaseLost: the only unit of the group brings a number that its run already has.
        IntegrityError: some unit of a larger group does; nothing of the group may be kept.
    """
    standings = _standings(tx, {each.unit.run_id for each in group})
    known = _questions_of(tx, {identity for each in group for identity in each.unit.closed})
    verdicts: list[PlannerError | None] = []
    changes: list[dict[str, Any]] = []
    for each in group:
        verdicts.append(_verdict(each.unit, standings, known))
        if verdicts[-1] is None:
            known |= {row["decision_id"]: None for row in each.questions}
            if each.change is not None:
                changes.append(_change(each, standings[each.unit.run_id]))
    good = [each for each, verdict in zip(group, verdicts, strict=True) if verdict is None]
    _insert_entries(tx, good)
    decisions.insert_all(tx, [logged for each in good for logged in each.decisions])
    _TO_QUESTIONS(tx, [row for each in good for row in each.questions])
    _note_awaits(tx, good)
    snapshots.keep(tx, [each.snapshot for each in good if each.snapshot is not None])
    _expire(tx, [identity for each in good for identity in each.unit.closed])
    _CHANGE_RUN(tx, changes)
    webhooks.tell(tx, list(_happened(good, changes, standings)))
    if any(_is_due(change) for change in changes):
        bells.ring(tx)
    _close_of(tx, [change["id"] for change in changes if change.get("status") in ENDED])
    return verdicts


def _happened(
    good: Sequence[Prepared], changes: Sequence[dict[str, Any]], standings: dict[str, Standing]
) -> Iterator[Happened]:
    """Yield what others may be told of: questions that were asked, and live runs that ended or wait."""
    for each in good:
        standing = standings[each.unit.run_id]
        for row in each.questions if standing.live else ():
            whose = (standing.tenant, standing.workflow, each.unit.run_id)
            yield Happened("decision.asked", *whose, row["asked_at"], row["decision_id"])
    for change in changes:
        standing, kind = standings[change["id"]], _TOLD.get(change.get("status", ""))
        if kind is not None and standing.live and not _goes_on(change):
            at = change.get("ended_at") or change["updated_at"]
            yield Happened(kind, standing.tenant, standing.workflow, change["id"], at)


def _goes_on(change: dict[str, Any]) -> bool:
    """Tell whether a run waits for nothing but to be taken up at once."""
    return change.get("wake_at") is not None and change["wake_at"] <= change["updated_at"]


def _standings(tx: Connection, run_ids: set[str]) -> dict[str, Standing]:
    found = _STANDINGS(tx, run_ids)
    return {
        run_id: Standing(
            epoch, status, nudged=bool(nudged), tenant=tenant, workflow=workflow, live=mode == "live"
        )
        for run_id, epoch, status, nudged, tenant, workflow, mode in found
    }


def _questions_of(tx: Connection, ids: set[str]) -> dict[str, PersonQuestion | None]:
    """Return the questions with these ids as they stand; None would mean that the group itself opens it."""
    if not ids:
        return {}
    query = select(_questions).where(_questions.c.decision_id.in_(list(ids)))
    rows = tx.execute(query.order_by(_questions.c.decision_id).with_for_update())
    return {row.decision_id: questions.from_row(row) for row in rows}


def _verdict(
    unit: Append, standings: dict[str, Standing], known: dict[str, PersonQuestion | None]
) -> PlannerError | None:
    standing = standings.get(unit.run_id)
    if standing is None or standing.ended or standing.epoch != unit.epoch:
        return LeaseLost(unit.run_id, unit.epoch)
    for identity in unit.closed:
        if identity not in known:
            return DecisionUnknown(identity)
        question = known[identity]
        if question is not None and question.status == "answered":
            return DecisionClosed(identity, questions.happened(question))
    return None


def _change(each: Prepared, standing: Standing) -> dict[str, Any]:
    """Return the columns of the run that change, with what follows from its new status."""
    at = each.unit.entries[-1].entry.at if each.unit.entries else each.at
    change = {"id": each.unit.run_id, "updated_at": at} | (each.change or {})
    status = change.get("status")
    if status in ENDED:
        standing.ended = True
        change = {"ended_at": at} | change | {"worker": None, "lease_until": None, "wake_at": None}
    elif status == "waiting":
        change |= {"worker": None, "lease_until": None, "wake_at": change.get("wake_at")}
        if standing.nudged:
            change["wake_at"] = at
    return change


def _is_due(change: Mapping[str, Any]) -> bool:
    """Tell whether a run waits for nothing but somebody to take it up."""
    wake_at = change.get("wake_at")
    return change.get("status") == "waiting" and wake_at is not None and wake_at <= change["updated_at"]


def _insert_entries(tx: Connection, good: Sequence[Prepared]) -> None:
    try:
        _TO_ENTRIES(tx, [row for each in good for row in each.entries])
    except exc.IntegrityError as error:
        if len(good) > 1:
            raise
        raise LeaseLost(good[0].unit.run_id, good[0].unit.epoch) from error


def _awaits(unit: Append) -> Iterator[dict[str, Any]]:
    """Yield the rows of steps that wait for an event from now on, or do no more."""
    for _, entry in unit.entries:
        where = {"run_id": unit.run_id, "path": entry.path, "visit": entry.visit}
        if entry.kind == "awaited":
            told = {name: entry.body.get(name) for name in ("type", "side", "key")}
            due = moments.moment(entry.body.get("due"))
            yield {**where, **told, "due": due, "taken": None}
        elif entry.kind == "event":
            yield {**where, "taken": entry.body["event_id"] or ""}


def _note_awaits(tx: Connection, good: Sequence[Prepared]) -> None:
    rows = [row for each in good for row in each.awaits]
    _TO_AWAITS(tx, [row for row in rows if row["taken"] is None])
    for row in rows:
        if row["taken"] is not None:
            here = (_AWAITS.c.run_id == row["run_id"], _AWAITS.c.path == row["path"])
            same = (*here, _AWAITS.c.visit == row["visit"])
            tx.execute(update(_AWAITS).where(*same).values(taken=row["taken"]))


def _expire(tx: Connection, ids: list[str]) -> None:
    if ids:
        still_open = (_questions.c.decision_id.in_(ids), _questions.c.status == "open")
        tx.execute(update(_questions).where(*still_open).values(status="expired"))


def _close_of(tx: Connection, run_ids: list[str]) -> None:
    """Take the questions of runs that have ended out of the inbox: nobody can answer for them any more."""
    if run_ids:
        _CLOSE(tx, run_ids)


def _of_run(run_id: str, after: int) -> Select[Any]:
    found = select(_entries).where(_entries.c.run_id == run_id, _entries.c.seq > after)
    return found.order_by(_entries.c.seq)


def _behind(run_id: str, snapshot: Snapshot) -> Select[Any]:
    needed = or_(_entries.c.seq > snapshot.seq, _entries.c.seq.in_(snapshot.needed))
    return select(_entries).where(_entries.c.run_id == run_id, needed).order_by(_entries.c.seq)


def _spot(run_id: str, seq: int) -> Spot:
    return Spot(run_id, f"entry {seq}")


def _row(run_id: str, numbered: Numbered, keeping: Keeping) -> dict[str, Any]:
    seq, entry = numbered
    kept = sealing.keep(entry.body, keeping, _spot(run_id, seq), sealing.masked_body)
    return {
        "run_id": run_id,
        "seq": seq,
        "kind": entry.kind,
        "path": entry.path,
        "visit": entry.visit,
        "attempt": entry.attempt,
        "at": entry.at,
        "body": kept.text,
        "sealed": kept.sealed,
    }


def _numbered(row: Row[Any], body: dict[str, Any]) -> Numbered:
    entry = Entry(kind=row.kind, path=row.path, visit=row.visit, attempt=row.attempt, at=row.at, body=body)
    return Numbered(row.seq, entry)
