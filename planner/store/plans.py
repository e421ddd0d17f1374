"""Plans: what goals were turned into, and who said that it may run."""

import contextlib
import logging
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError
from sqlalchemy import Connection, Row, select, update

from planner import bodies, documents
from planner.definition import Workflow
from planner.errors import SealBroken
from planner.planning import reuse
from planner.planning.errors import PlanUnknown
from planner.planning.frame import Frame
from planner.planning.plans import Plan, PlanStatus
from planner.store import cursors, keys, sealing, tables, versions, workflows
from planner.store.cursors import Page
from planner.store.sealing import Spot
from tools.problems import Problem

log = logging.getLogger(__name__)

_plans, _workflows = tables.plans, tables.workflows
_ORDER = cursors.Order("plans", _plans.c.created_at, _plans.c.id)
_COLUMNS = ("id", "tenant", "status", "digest", "sha256", "created_at", "created_by", "frame_sha256")
_OWN = {*_COLUMNS, "frame"}
_UNREADABLE = Problem(
    path="",
    code="unreadable-plan",
    message="What is kept of this plan cannot be read; the log tells why.",
    remedy="Plan the goal again.",
)
_MOST = 100
"""Plans that are looked at for one goal, the newest ones."""


class Framed(NamedTuple):
    """A plan, and its frame with what is known as it was told."""

    plan: Plan
    frame: Frame


class Claim(NamedTuple):
    """What tells a repeated request."""

    key: str
    request_sha256: str


def add(tx: Connection, plan: Plan, workflow: Workflow | None = None, *, claim: Claim | None = None) -> Plan:
    """Keep a new plan, and its workflow as one that takes no runs by its own name; return it as it is shown.

    Secrets in what is known are sealed where the database has a key. A workflow holds what it was made of, so
    the goal in it must be masked already: see `shown`.

    Args:
        tx: the transaction.
        plan: what is kept.
        workflow: the plan's, where it has one.
        claim: the request that made it; where the same one made a plan before, that is returned instead.

    Raises:
        KeyReused: the claim's key came with another request.
    """
    if claim is not None:
        key, request_sha256 = claim
        earlier = keys.claim(tx, key, request_sha256=request_sha256, run_id=plan.id, now=plan.created_at)
        if earlier is not None:
            return get(tx, earlier)
    if workflow is not None:
        workflows.register(tx, workflow, source=documents.dump(workflow), now=plan.created_at)
        where = workflow.workflow, workflow.version
        versions.change(tx, *where, "draining", actor=plan.created_by, now=plan.created_at)
    text, sealed = sealing.keep(plan.frame.model_dump(mode="json"), sealing.keeping_of(tx), _given(plan.id))
    tx.execute(_plans.insert().values(_row(plan) | {"frame": text, "sealed": sealed}))
    return get(tx, plan.id)


def shown(tx: Connection, frame: Frame) -> Frame:
    """Return a frame as it is shown, what is secret in it masked."""
    told = sealing.masked(frame.model_dump(mode="json"), sealing.keeping_of(tx).masking)
    return Frame.model_validate(told)


def owner(tx: Connection, workflow: str) -> str | None:
    """Return the tenant whose plan a workflow of this name was made for; None where it is nobody's."""
    query = select(_plans.c.tenant).join(_workflows, _workflows.c.sha256 == _plans.c.sha256)
    return tx.execute(query.where(_workflows.c.name == workflow).limit(1)).scalar_one_or_none()


def of_workflow(tx: Connection, name: str) -> Plan | None:
    """Return the approved plan whose workflow bears this name, the newest of several, or None."""
    query = select(_plans.c.id).join(_workflows, _workflows.c.sha256 == _plans.c.sha256)
    query = query.where(_workflows.c.name == name, _plans.c.status == "approved")
    newest = query.order_by(_plans.c.created_at.desc(), _plans.c.id.desc()).limit(1)
    found = tx.execute(newest).scalar_one_or_none()
    return None if found is None else get(tx, found)


def get(tx: Connection, plan_id: str) -> Plan:
    """Return a plan as it is shown.

    Raises:
        PlanUnknown: none has this id.
    """
    return _plan(tx, _found(tx, plan_id))


def true_frame(tx: Connection, plan_id: str) -> Frame:
    """Return a plan's frame with what is known as it was told.

    Raises:
        PlanUnknown: none has this id.
        SealBroken: it is sealed, and cannot be opened here.
    """
    row = _found(tx, plan_id)
    keeping = sealing.keeping_of(tx)
    return Frame.model_validate(sealing.true(row.frame, row.sealed, keeping, _given(plan_id)))


def reusable(tx: Connection, tenant: str, *, frame_sha256: str | None = None) -> list[Framed]:
    """Return a tenant's approved plans, of one frame or of all, newest first and each definition once.

    None is among them whose definition anybody has rejected, or that cannot be read here.
    """
    rejected = select(_plans.c.sha256).where(_plans.c.tenant == tenant, _plans.c.status == "rejected")
    query = select(_plans).where(
        _plans.c.tenant == tenant,
        _plans.c.status == "approved",
        _plans.c.frame_sha256 != "" if frame_sha256 is None else _plans.c.frame_sha256 == frame_sha256,
        _plans.c.sha256.not_in(rejected),
    )
    newest = query.order_by(_plans.c.created_at.desc(), _plans.c.id.desc()).limit(_MOST)
    found: dict[str, Row[Any]] = {}
    for row in tx.execute(newest).all():
        found.setdefault(row.sha256, row)
    return [framed for row in found.values() for framed in _framed(tx, row)]


def approved_before(tx: Connection, plan: Plan) -> str | None:
    """Return the id of the tenant's plan approved last for the same frame, else for the same words, or None.

    One that is void by now counts, since it was approved.
    """
    others = (
        _plans.c.tenant == plan.tenant,
        _plans.c.status.in_(["approved", "void"]),
        _plans.c.id != plan.id,
    )
    query = select(_plans.c.id, _plans.c.frame, _plans.c.sealed).where(*others)
    newest = query.order_by(_plans.c.created_at.desc(), _plans.c.id.desc())
    same = tx.execute(newest.where(_plans.c.frame_sha256 == plan.frame_sha256).limit(1)).first()
    if same is not None and plan.frame_sha256:
        return str(same.id)
    masking, goal = sealing.keeping_of(tx).masking, shown(tx, plan.frame).goal
    for row in tx.execute(newest.limit(_MOST)).all() if goal else ():
        if reuse.same_words(str(sealing.shown(row.frame, row.sealed, masking).get("goal", "")), goal):
            return str(row.id)
    return None


def alike(tx: Connection, plan: Plan) -> list[Plan]:
    """Return the tenant's other plans of the same definition."""
    same = (_plans.c.tenant == plan.tenant, _plans.c.sha256 == plan.sha256, _plans.c.id != plan.id)
    return [_plan(tx, row) for row in tx.execute(select(_plans).where(*same)).all()]


def page(
    tx: Connection,
    *,
    tenant: str | None = None,
    status: PlanStatus | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[Plan]:
    """Return plans, newest first.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    wanted = {"tenant": tenant, "status": status}
    query = select(_plans).where(*(_plans.c[name] == value for name, value in wanted.items() if value))
    return cursors.newest_first(
        tx, query, _ORDER, make=lambda row: _plan(tx, row), cursor=cursor, limit=limit
    )


def replace(tx: Connection, plan: Plan, *, was: Collection[PlanStatus]) -> bool:
    """Write down how a plan stands now, if it still stands in one of these ways; return whether it did.

    What is known in its frame stays as it was.
    """
    same = (_plans.c.id == plan.id, _plans.c.status.in_(list(was)))
    return tx.execute(update(_plans).where(*same).values(_row(plan))).rowcount == 1


def _row(plan: Plan) -> dict[str, Any]:
    body = orjson.loads(plan.model_dump_json(by_alias=True, exclude=_OWN))
    promoted_as = None if plan.promotion is None else plan.promotion.workflow
    own = {name: getattr(plan, name) for name in _COLUMNS} | {"promoted_as": promoted_as}
    return own | {"body": bodies.encode(body)}


def _found(tx: Connection, plan_id: str) -> Row[Any]:
    row = tx.execute(select(_plans).where(_plans.c.id == plan_id)).one_or_none()
    if row is None:
        raise PlanUnknown(plan_id)
    return row


def _plan(tx: Connection, row: Row[Any]) -> Plan:
    own = {name: getattr(row, name) for name in _COLUMNS}
    frame = sealing.shown(row.frame, row.sealed, sealing.keeping_of(tx).masking)
    try:
        return Plan.model_validate(bodies.decode(row.body) | own | {"frame": frame})
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False, include_input=False)
        log.warning("plan cannot be read", extra={"plan_id": row.id, "error": str(found)})
        broken = {"frame": Frame(), "origin": "composed", "definition": {}, "problems": (_UNREADABLE,)}
        return Plan(**own | broken | {"sha256": "", "status": "unusable"})


def _framed(tx: Connection, row: Row[Any]) -> Iterator[Framed]:
    plan = _plan(tx, row)
    if plan.status != "unusable":
        with contextlib.suppress(SealBroken):
            yield Framed(plan, true_frame(tx, row.id))


def _given(plan_id: str) -> Spot:
    return Spot(plan_id, "frame")
