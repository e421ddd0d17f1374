"""Forks: what would have come, or comes, of another choice."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import bodies
from api.dependencies import Caller, Parts
from api.schemas import ForkView
from graphs import forking
from graphs.origins import ForkRequest

router = APIRouter(tags=["decisions"])

_EXAMPLES = {
    "what if": {"choose": "reship"},
    "go another way": {"choose": "reship", "live": True, "comment": "The customer asked for it."},
}


@router.post(
    "/decisions/{decision_id}/fork", status_code=201, openapi_extra=bodies.documented(ForkRequest, _EXAMPLES)
)
async def fork_decision(
    decision_id: str,
    wanted: Annotated[ForkRequest, Depends(bodies.json_of(ForkRequest))],
    parts: Parts,
    caller: Caller,
    response: Response,
) -> ForkView:
    """Begin a new run from before a decision with another choice; dry unless `live` is true."""
    made = await forking.fork(decision_id, wanted, parts.parts, parts.dispatcher, actor=caller.name)
    response.headers["Location"] = f"/v1/runs/{made.run.id}"
    response.headers["X-Decision-Id"] = made.decision.decision_id
    return ForkView.of(made)
