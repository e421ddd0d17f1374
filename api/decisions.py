"""Decisions: the log of choices across runs, the inbox of open ones, and a person's answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api import answering, bodies, ownership
from api.dependencies import Caller, Cursor, Limit, Parts, Store, TenantFilter
from api.requests import Answering, DecisionFilter, Labelling
from api.schemas import DecisionView, Paged, QuestionView
from graphs import overriding
from graphs.overrides import OverrideRequest
from planner.decisions import Decision
from planner.errors import DecisionUnknown
from planner.log.outcomes import DecisionOutcome
from planner.runs import PersonAnswer
from planner.store import cursors, decisions, log, questions

router = APIRouter(tags=["decisions"])

_EXAMPLES = {
    "choose": {"choice": "refund", "comment": "The customer waited long enough.", "actor": "u-17"},
    "it was applied": {"choice": "applied", "value": {"id": "rf-1"}},
}
_OVERRIDES = {
    "take another option": {"to": "reship", "comment": "The customer asked for it.", "actor": "u-17"}
}
_OUTCOMES = {
    "taken back": {"label": "wrong", "score": 0.0, "source": "user", "reverted": True},
    "confirmed": {"label": "right", "source": "eval"},
}


@router.get("/decisions")
async def list_decisions(
    store: Store, caller: Caller, wanted: Annotated[DecisionFilter, Query()]
) -> Paged[Decision]:
    """List decisions of all runs, newest first, taken up at `since` or later and before `until`."""
    whose = ownership.tenant(caller, wanted.tenant)
    page = await store.read(decisions.page, **dict(wanted) | {"tenant": whose})
    return Paged(items=page.items, next_cursor=page.next_cursor)


@router.get("/decisions/{decision_id}")
async def get_decision(decision_id: str, store: Store) -> DecisionView | QuestionView:
    """Return a decision, or the question that still waits for a person."""
    return await store.read(_found, decision_id)


@router.get("/questions")
async def list_questions(  # noqa: PLR0917 - what the framework hands over
    store: Store,
    tenant: TenantFilter,
    workflow: str | None = None,
    run_id: str | None = None,
    cursor: Cursor = None,
    limit: Limit = cursors.LIMIT,
) -> Paged[QuestionView]:
    """List the decisions that wait for a person, newest first."""
    page = await store.read(
        questions.page, run_id=run_id, workflow=workflow, tenant=tenant, cursor=cursor, limit=limit
    )
    return Paged(items=tuple(map(QuestionView.of, page.items)), next_cursor=page.next_cursor)


@router.post("/decisions/{decision_id}/answer", openapi_extra=bodies.documented(Answering, _EXAMPLES))
async def answer_decision(
    decision_id: str,
    given: Annotated[Answering, Depends(bodies.json_of(Answering))],
    parts: Parts,
    caller: Caller,
) -> QuestionView:
    """Answer an open question; the run goes on from it."""
    answer = PersonAnswer(
        choice=given.choice,
        actor=ownership.actor(caller, given.actor),
        comment=given.comment,
        value=given.value,
        at=parts.parts.clock.now(),
    )
    answered = await parts.parts.database.write(answering.answer, decision_id, answer)
    await parts.dispatcher.take(answered.run_id)
    return QuestionView.of(answered)


@router.post(
    "/decisions/{decision_id}/override",
    status_code=201,
    openapi_extra=bodies.documented(OverrideRequest, _OVERRIDES),
)
async def override_decision(
    decision_id: str,
    given: Annotated[OverrideRequest, Depends(bodies.json_of(OverrideRequest))],
    parts: Parts,
    caller: Caller,
    response: Response,
) -> DecisionView:
    """Put another option in the place of a choice that was not acted on yet; the run goes on with it."""
    actor = ownership.actor(caller, given.actor)
    made = await overriding.override(decision_id, given, parts.parts, parts.dispatcher, actor=actor)
    response.headers["X-Decision-Id"] = made.decision_id
    return DecisionView.of(made)


@router.post(
    "/decisions/{decision_id}/outcome",
    status_code=201,
    openapi_extra=bodies.documented(Labelling, _OUTCOMES),
)
async def tell_outcome(
    decision_id: str,
    given: Annotated[Labelling, Depends(bodies.json_of(Labelling))],
    parts: Parts,
    caller: Caller,
) -> DecisionOutcome:
    """Attach to a decision what came of it; earlier outcomes stay."""
    outcome = DecisionOutcome(**dict(given), actor=caller.name, at=parts.parts.clock.now())
    return await parts.parts.database.write(log.tell, decision_id, outcome)


def _found(tx: Any, decision_id: str) -> DecisionView | QuestionView:
    try:
        decision = decisions.get(tx, decision_id)
        return DecisionView.of(decision, log.outcomes(tx, decision_id), log.overrides(tx, decision_id))
    except DecisionUnknown:
        return QuestionView.of(questions.get(tx, decision_id))
