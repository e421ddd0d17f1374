"""Workflows: the registry of immutable versions.

The workflow of a plan is found by its name and its content, and belongs to the plan: no list tells it.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, select

from planner import bodies
from planner.definition import Workflow
from planner.errors import VersionTaken, WorkflowUnknown
from planner.store import cursors, tables
from planner.store.cursors import Page

_plans, _workflows = tables.plans, tables.workflows
_NOUN = "workflows"
_NUMBER = re.compile(r"\d+")


def register(tx: Connection, workflow: Workflow, *, source: str, now: datetime) -> bool:
    """Keep the workflow and the text it came from; return whether it is new.

    Raises:
        VersionTaken: the version exists with other content.
    """
    row = {
        "name": workflow.workflow,
        "version": workflow.version,
        "sha256": workflow.sha256,
        "body": bodies.encode(workflow.model_dump(mode="json", exclude_defaults=True)),
        "source": source,
        "created_at": now,
    }
    if tables.insert_or_skip(tx, _workflows, row):
        return True
    if _found(tx, workflow.workflow, workflow.version).sha256 != workflow.sha256:
        raise VersionTaken(workflow.workflow, workflow.version)
    return False


def get(tx: Connection, name: str, version: str | None = None) -> Workflow:
    """Return a workflow; without a version its newest release, or its newest pre-release when it has none.

    Raises:
        WorkflowUnknown: nothing of this name and version is registered.
    """
    return _workflow(_found(tx, name, version))


def source(tx: Connection, name: str, version: str | None = None) -> str:
    """Return the text that a workflow was registered with.

    Raises:
        WorkflowUnknown: nothing of this name and version is registered.
    """
    return str(_found(tx, name, version).source)


def by_sha256(tx: Connection, sha256: str) -> Workflow:
    """Return the workflow with this content.

    Raises:
        WorkflowUnknown: none has it.
    """
    row = tx.execute(select(_workflows).where(_workflows.c.sha256 == sha256).limit(1)).one_or_none()
    if row is None:
        raise WorkflowUnknown(f"sha256:{sha256}", known=names(tx))
    return _workflow(row)


def names(tx: Connection) -> list[str]:
    """Return the names of all workflows but those of plans, sorted."""
    return list(tx.execute(_names()).scalars())


def known(tx: Connection) -> dict[str, Workflow]:
    """Return all workflows but those of plans, by name, each as `get` returns it."""
    return {name: get(tx, name) for name in names(tx)}


def versions(tx: Connection, name: str) -> list[str]:
    """Return the versions of a workflow, newest first; empty when there is none of this name."""
    found = tx.execute(select(_workflows.c.version).where(_workflows.c.name == name)).scalars()
    return sorted(found, key=precedence, reverse=True)


def page(tx: Connection, *, cursor: str | None = None, limit: int = cursors.LIMIT) -> Page[Workflow]:
    """Return all workflows but those of plans by name, each in the version that `get` returns.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    query = _names()
    if cursor is not None:
        query = query.where(_workflows.c.name > cursors.read(_NOUN, cursor, str)[0])
    size = min(max(limit, 1), cursors.MAX_LIMIT)
    found = list(tx.execute(query.limit(size + 1)).scalars())
    after = cursors.write(_NOUN, found[size - 1]) if len(found) > size else None
    return Page(tuple(get(tx, name) for name in found[:size]), after)


def precedence(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """Return what sorts versions as Semantic Versioning 2.0.0 does, item 11."""
    core, _, pre = version.partition("-")
    parts = tuple(
        (False, int(part), "") if _NUMBER.fullmatch(part) else (True, 0, part) for part in pre.split(".")
    )
    return tuple(int(part) for part in core.split(".")), not pre, parts if pre else ()


def _names() -> Select[str]:
    own = _workflows.alias("own")
    made = exists().where(_plans.c.sha256 == own.c.sha256, own.c.name == _workflows.c.name)
    made = made.correlate(_workflows)
    return select(_workflows.c.name).where(~made).distinct().order_by(_workflows.c.name)


def _found(tx: Connection, name: str, version: str | None) -> Row[Any]:
    held = versions(tx, name)
    if not held:
        raise WorkflowUnknown(name, version, known=names(tx))
    wanted = version or next((each for each in held if "-" not in each), held[0])
    if wanted not in held:
        raise WorkflowUnknown(name, version, known=[f"{name} {each}" for each in held])
    query = select(_workflows).where(_workflows.c.name == name, _workflows.c.version == wanted)
    return tx.execute(query).one()


def _workflow(row: Row[Any]) -> Workflow:
    return Workflow.model_validate(bodies.decode(row.body))
