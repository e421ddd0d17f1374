"""Versions: how each version of a workflow stands, and which ones take new runs."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from planner.definition import Workflow
from planner.errors import VersionClosed, WorkflowUnknown
from planner.runs import ENDED
from planner.store import bells, tables, workflows
from planner.store.statements import ByKeys
from planner.versions import VersionStanding, VersionState

_workflows, _runs = tables.workflows, tables.runs
_STATES = ByKeys(select(_workflows.c.version, _workflows.c.sha256, _workflows.c.state), _workflows.c.name)
_NOTHING: Mapping[str, Workflow] = MappingProxyType({})


class Offer(NamedTuple):
    """A workflow that a goal may lead to."""

    workflow: Workflow
    closed: str | None = None
    """Why no run of it can begin, in one sentence."""


def change(
    tx: Connection, name: str, version: str, state: VersionState, *, actor: str, now: datetime
) -> VersionStanding:
    """Let a version take new runs, or none any more, or also hold its runs; return how it stands then.

    Raises:
        WorkflowUnknown: nothing of this name and version is registered.
    """
    workflows.get(tx, name, version)
    same = (_workflows.c.name == name, _workflows.c.version == version)
    changed = {"state": state, "state_changed_at": now, "state_changed_by": actor}
    tx.execute(update(_workflows).where(*same, _workflows.c.state != state).values(changed))
    bells.ring(tx)
    return next(each for each in standings(tx, name) if each.version == version)


def standings(tx: Connection, name: str) -> list[VersionStanding]:
    """Return how the versions of a workflow stand, newest first.

    Raises:
        WorkflowUnknown: nothing of this name is registered.
    """
    rows = tx.execute(select(_workflows).where(_workflows.c.name == name)).all()
    if not rows:
        raise WorkflowUnknown(name, known=workflows.names(tx))
    left = _unfinished(tx, name)
    found = [
        VersionStanding(
            version=row.version,
            sha256=row.sha256,
            state=row.state,
            changed_at=row.state_changed_at,
            changed_by=row.state_changed_by,
            unfinished=left.get(row.version, 0),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: workflows.precedence(each.version), reverse=True)


def current(
    tx: Connection, name: str, version: str | None = None, *, known: Mapping[str, Workflow] = _NOTHING
) -> Workflow:
    """Return the workflow that a new run gets: this version, or the newest that takes new runs.

    Args:
        tx: where to look.
        name: its name.
        version: its version, if one is wanted.
        known: definitions that need not be read again, by content hash.

    Raises:
        WorkflowUnknown: nothing of this name and version is registered.
        VersionClosed: the version, or every one of them, takes no new runs.
    """
    rows = {found: (sha256, state) for found, sha256, state in _STATES(tx, [name])}
    wanted = sorted(rows if version is None else rows.keys() & {version}, key=workflows.precedence)
    if not wanted:
        return workflows.get(tx, name, version)
    states = {each: rows[each][1] for each in reversed(wanted)}
    open_ = [each for each, state in states.items() if state == "active"]
    if not open_:
        raise VersionClosed(name, states)
    chosen = next((each for each in open_ if "-" not in each), open_[0])
    return known.get(rows[chosen][0]) or workflows.get(tx, name, chosen)


def offered(tx: Connection) -> list[Offer]:
    """Return every workflow that a goal may lead to, by name, in the version that a new run would get."""
    return [_offer(tx, name) for name in workflows.names(tx)]


def of_paused(tx: Connection, run_ids: Collection[str]) -> set[str]:
    """Return those of the runs whose version is paused."""
    query = select(_runs.c.id).where(_runs.c.id.in_(list(run_ids)), is_paused())
    return set(tx.execute(query).scalars())


def _unfinished(tx: Connection, name: str) -> dict[str, int]:
    """Return how many runs of each version have not ended."""
    query = select(_runs.c.version, func.count().label("runs"))
    query = query.where(_runs.c.workflow == name, _runs.c.status.not_in(sorted(ENDED)))
    return {row.version: row.runs for row in tx.execute(query.group_by(_runs.c.version))}


def _offer(tx: Connection, name: str) -> Offer:
    try:
        return Offer(current(tx, name))
    except VersionClosed as error:
        return Offer(workflows.get(tx, name), str(error))


def is_paused() -> ColumnElement[Any]:
    """Return the condition that a run's version is paused."""
    same = (_workflows.c.name == _runs.c.workflow, _workflows.c.version == _runs.c.version)
    return exists().where(*same, _workflows.c.state == "paused").correlate(_runs)
