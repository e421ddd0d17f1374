"""Runs: beginning, claiming under a lease, waking, cancelling and listing them."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, literal, select, update

from planner import bodies
from planner.decisions import WorkflowRef
from planner.errors import RunEnded, RunMoving, RunUnknown, SealBroken
from planner.log import detectors
from planner.log.envelopes import Keeping
from planner.runs import Run, RunStatus
from planner.store import bells, cursors, instants, keys, sealing, sharing, tables, versions
from planner.store.cursors import Page
from planner.store.sealing import Spot
from planner.store.statements import ByKey, Insert

_runs = tables.runs
_TO_RUNS, _ONE = Insert(_runs), ByKey(_runs)
_ORDER = cursors.Order("runs", _runs.c.created_at, _runs.c.id)


def create(
    tx: Connection,
    run: Run,
    *,
    key: str | None = None,
    request_sha256: str | None = None,
    hand_over: bool = True,
    also: Callable[[Connection, Run], None] | None = None,
) -> Run:
    """Begin the run; with a key that began one before, return that one as it stands now.

    Args:
        tx: the transaction.
        run: as nobody has it yet.
        key: what tells a repeated request.
        request_sha256: what was requested.
        hand_over: whether others are told of it, where it is queued.
        also: what is done if and only if this begins the run; what it raises lets none begin.

    Raises:
        KeyReused: the key came with another request.
    """
    if key is not None:
        known = keys.claim(tx, key, request_sha256=request_sha256 or "", run_id=run.id, now=run.created_at)
        if known is not None:
            return get(tx, known)
    _TO_RUNS(tx, [_row(run, sealing.keeping_of(tx))])
    if also is not None:
        also(tx, run)
    if hand_over and run.status == "queued":
        bells.ring(tx)
    return run


def get(tx: Connection, run_id: str) -> Run:
    """Return the run as it stands, as it is shown.

    Raises:
        RunUnknown: no run has this id.
    """
    return _shown(tx, _get(tx, run_id))


def answered(tx: Connection, run_id: str) -> Run:
    """Return the run as its caller sees it: as it is shown, but with the output that it was begun for.

    An output that cannot be opened any more stays as it is shown.

    Raises:
        RunUnknown: no run has this id.
    """
    row = _get(tx, run_id)
    run = _shown(tx, row)
    try:
        return run.model_copy(update={"output": _output(tx, row)})
    except SealBroken:
        return run


def unsealed(tx: Connection, run_id: str) -> Run:
    """Return the run as it is; nobody but the engine may see it.

    Raises:
        RunUnknown: no run has this id.
        SealBroken: something in it is sealed, and cannot be opened.
    """
    row = _get(tx, run_id)
    given = {"goal": row.goal, "input": bodies.decode(row.input)}
    if row.sealed is not None:
        given = sealing.true(None, row.sealed, sealing.keeping_of(tx), _given(run_id))
    return _run(row, **given, output=_output(tx, row))


def page(
    tx: Connection,
    *,
    status: RunStatus | None = None,
    workflow: str | None = None,
    tenant: str | None = None,
    started_by: str | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[Run]:
    """Return runs, newest first.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    wanted = {"status": status, "workflow": workflow, "tenant": tenant, "started_by": started_by}
    query = select(_runs).where(
        *(_runs.c[name] == value for name, value in wanted.items() if value is not None)
    )
    return cursors.newest_first(tx, query, _ORDER, make=partial(_shown, tx), cursor=cursor, limit=limit)


def claim(
    tx: Connection,
    *,
    worker: str,
    now: datetime,
    lease_seconds: float,
    limit: int = 10,
    run_id: str | None = None,
    except_revisions: Collection[str] = (),
    most_running: Mapping[str, int] = MappingProxyType({}),
) -> list[Run]:
    """Take runs that may go on under a lease with a new epoch: what others lost, what is due, what is new.

    New runs are shared out between tenants. They are returned as they are shown.

    Args:
        tx: the transaction.
        worker: who takes them.
        now: the time.
        lease_seconds: how long the lease holds without a sign of life.
        limit: how many at most.
        run_id: only this one.
        except_revisions: catalogue revisions whose runs are left to others.
        most_running: by workflow, how many runs of it may move at once, in all processes together.
    """
    free, room = _free(run_id, except_revisions), sharing.room_of(tx, most_running)
    found = _found(tx, free, now, limit, room, alone=run_id is not None)
    if not found:
        return []
    lease = {
        "status": "running",
        "worker": worker,
        "lease_until": now + timedelta(seconds=lease_seconds),
        "updated_at": now,
        "wake_at": None,
    }
    ids = [row.id for row in found]
    tx.execute(
        update(_runs).where(_runs.c.id.in_(ids)).values(**lease, epoch=_runs.c.epoch + 1, nudged=False)
    )
    return [_shown(tx, row).model_copy(update=lease | {"epoch": row.epoch + 1}) for row in found]


def renew(
    tx: Connection,
    *,
    worker: str,
    now: datetime,
    lease_seconds: float,
    run_ids: Collection[str] | Mapping[str, int],
) -> set[str]:
    """Prolong the worker's leases and return the runs that it still owns; a mapping also pins the epochs."""
    query = select(_runs.c.id, _runs.c.epoch).where(
        _runs.c.id.in_(list(run_ids)), _runs.c.worker == worker, _runs.c.status == "running"
    )
    rows = tx.execute(query.order_by(_runs.c.id).with_for_update()).all()
    epochs = run_ids if isinstance(run_ids, Mapping) else {}
    owned = {row.id for row in rows if epochs.get(row.id, row.epoch) == row.epoch}
    until = now + timedelta(seconds=lease_seconds)
    tx.execute(update(_runs).where(_runs.c.id.in_(list(owned))).values(lease_until=until))
    return owned


def release(tx: Connection, run_id: str, epoch: int) -> None:
    """Give a running run back to whoever claims it next; nothing happens when the epoch is stale."""
    held = (_runs.c.id == run_id, _runs.c.epoch == epoch, _runs.c.status == "running")
    tx.execute(update(_runs).where(*held).values(status="queued", worker=None, lease_until=None))
    bells.ring(tx)


def wake(tx: Connection, run_id: str, now: datetime) -> None:
    """Let a waiting run go on now; one that is running will not fall asleep before it was claimed again."""
    sooner = case((_runs.c.status == "waiting", literal(now, instants.Instant())), else_=_runs.c.wake_at)
    tx.execute(update(_runs).where(_runs.c.id == run_id).values(wake_at=sooner, nudged=True))
    bells.ring_for_others(tx)


def hold_still(tx: Connection, run_id: str) -> Run:
    """Return a waiting run locked and under a new epoch, so that nobody moves it before it is committed.

    A run that waits was left at a safe point: whatever it had begun is in its journal.

    Raises:
        RunUnknown: no run has this id.
        RunEnded: it has ended.
        RunMoving: it does not wait.
    """
    row = tx.execute(select(_runs).where(_runs.c.id == run_id).with_for_update()).one_or_none()
    if row is None:
        raise RunUnknown(run_id)
    run = _shown(tx, row)
    if run.ended:
        raise RunEnded(run_id, run.status)
    if run.status != "waiting":
        raise RunMoving(run_id, run.status)
    tx.execute(update(_runs).where(_runs.c.id == run_id).values(epoch=run.epoch + 1))
    return run.model_copy(update={"epoch": run.epoch + 1})


def waiting_of(tx: Connection, workflow: str, version: str, *, limit: int) -> list[str]:
    """Return the ids of runs of a version that wait, the oldest first."""
    same = (_runs.c.workflow == workflow, _runs.c.version == version, _runs.c.status == "waiting")
    query = select(_runs.c.id).where(*same).order_by(_runs.c.created_at, _runs.c.id).limit(limit)
    return list(tx.execute(query).scalars())


def repin(tx: Connection, run_id: str, workflow: WorkflowRef, catalog_revision: str) -> Run:
    """Pin a run that is held still to another definition and catalogue; return it as it stands then."""
    pinned = {"workflow": workflow.name, "version": workflow.version, "sha256": workflow.sha256}
    changed = pinned | {"catalog_revision": catalog_revision}
    tx.execute(update(_runs).where(_runs.c.id == run_id).values(changed))
    return get(tx, run_id)


def request_cancel(tx: Connection, run_id: str, now: datetime) -> Run:
    """Ask the run to stop at its next safe point; asking again changes nothing.

    Raises:
        RunUnknown: no run has this id.
        RunEnded: it has ended.
    """
    row = tx.execute(select(_runs).where(_runs.c.id == run_id).with_for_update()).one_or_none()
    if row is None:
        raise RunUnknown(run_id)
    run = _shown(tx, row)
    if run.ended:
        raise RunEnded(run_id, run.status)
    if run.cancel_requested:
        return run
    tx.execute(update(_runs).where(_runs.c.id == run_id).values(cancel_requested=True, updated_at=now))
    wake(tx, run_id, now)
    return get(tx, run_id)


def cancel_requested(tx: Connection, run_ids: Collection[str]) -> set[str]:
    """Return those of the runs that were asked to stop."""
    query = select(_runs.c.id).where(_runs.c.id.in_(list(run_ids)), _runs.c.cancel_requested)
    return set(tx.execute(query).scalars())


def next_due(tx: Connection, after: datetime, *, worker: str | None = None) -> datetime | None:
    """Return when, after a moment, the next run may be taken up: it is due, or its lease ends.

    None when nobody but others can bring it about. Leases of the worker itself are left out.
    """
    wakes = select(func.min(_runs.c.wake_at)).where(_runs.c.status == "waiting", _runs.c.wake_at > after)
    ends = select(func.min(_runs.c.lease_until)).where(
        _runs.c.status == "running", _runs.c.lease_until > after
    )
    if worker is not None:
        ends = ends.where(_runs.c.worker != worker)
    found: list[datetime | None] = [tx.execute(query).scalar_one() for query in (wakes, ends)]
    return min((moment for moment in found if moment is not None), default=None)


def _free(run_id: str | None, except_revisions: Collection[str]) -> Select[Any]:
    """Return the runs that this process may take, whatever they stand at."""
    free = select(_runs).where(~versions.is_paused())
    if except_revisions:
        free = free.where(_runs.c.catalog_revision.not_in(sorted(except_revisions)))
    return free if run_id is None else free.where(_runs.c.id == run_id)


def _found(
    tx: Connection, free: Select[Any], now: datetime, limit: int, room: dict[str, int], *, alone: bool
) -> list[Row[Any]]:
    """Return runs that can go on, locked: work begun before new work; one alone is shared with nobody."""
    lost = free.where(_runs.c.status == "running", _runs.c.lease_until <= now)
    due = free.where(_runs.c.status == "waiting", _runs.c.wake_at <= now)
    new = free.where(_runs.c.status == "queued").order_by(_runs.c.created_at, _runs.c.id)
    found = _taken(tx, lost.order_by(_runs.c.lease_until, _runs.c.id), limit)
    found += _fitting(tx, due.order_by(_runs.c.wake_at, _runs.c.id), limit - len(found), room)
    if alone:
        return found + _fitting(tx, new, limit - len(found), room)
    for share in sharing.shares(tx, limit - len(found)):
        found += _fitting(tx, new.where(_runs.c.tenant == share.tenant), share.runs, room)
    return found


def _taken(tx: Connection, query: Select[Any], limit: int) -> list[Row[Any]]:
    if limit <= 0:
        return []
    return list(tx.execute(query.limit(limit).with_for_update(skip_locked=True)).all())


def _fitting(tx: Connection, query: Select[Any], limit: int, room: dict[str, int]) -> list[Row[Any]]:
    """Return the runs that their workflows have room for, and take it."""
    full = sorted(name for name, left in room.items() if not left)
    fitting = []
    for row in _taken(tx, query.where(_runs.c.workflow.not_in(full)) if full else query, limit):
        if row.workflow in room:
            if not room[row.workflow]:
                continue
            room[row.workflow] -= 1
        fitting.append(row)
    return fitting


def kept_change(change: dict[str, Any], run_id: str, keeping: Keeping) -> dict[str, Any]:
    """Return columns of a run that change as its row keeps them."""
    kept = dict(change)
    if "output" in change:
        kept["output"], kept["sealed_output"] = sealing.keep(change["output"], keeping, _result(run_id))
    if kept.get("error") is not None:
        error = detectors.scrub(kept["error"], keeping.masking.detectors).text
        kept["error"] = error if keeping.echoes is None else keeping.echoes.scrub(error)
    return kept


def _get(tx: Connection, run_id: str) -> Any:
    row = _ONE(tx, run_id)
    if row is None:
        raise RunUnknown(run_id)
    return row


def _given(run_id: str) -> Spot:
    return Spot(run_id, "goal and input")


def _result(run_id: str) -> Spot:
    return Spot(run_id, "output")


def _row(run: Run, keeping: Keeping) -> dict[str, Any]:
    ref = run.workflow
    fields = {name: getattr(run, name) for name in Run.model_fields if name != "workflow"}
    shown, sealed = sealing.keep({"goal": run.goal, "input": run.input}, keeping, _given(run.id))
    given = bodies.decode(shown)
    fields |= {"goal": given["goal"], "input": bodies.encode(given["input"]), "sealed": sealed}
    fields |= kept_change({"output": run.output, "error": run.error}, run.id, keeping)
    return fields | {"workflow": ref.name, "version": ref.version, "sha256": ref.sha256, "nudged": False}


def _shown(tx: Connection, row: Row[Any]) -> Run:
    policy = sealing.keeping_of(tx).masking
    given = {"goal": row.goal, "input": bodies.decode(row.input)}
    if row.sealed is None:
        given = sealing.masked(given, policy)
    return _run(row, **given, output=sealing.shown(row.output, row.sealed_output, policy))


def _output(tx: Connection, row: Row[Any]) -> Any:
    return sealing.true(row.output, row.sealed_output, sealing.keeping_of(tx), _result(row.id))


def _run(row: Row[Any], **values: Any) -> Run:
    others = Run.model_fields.keys() - {"workflow", *values}
    fields = {name: getattr(row, name) for name in others}
    ref = WorkflowRef(name=row.workflow, version=row.version, sha256=row.sha256)
    return Run(**fields, **values, workflow=ref)
