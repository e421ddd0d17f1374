"""Repins: letting a waiting run go on with another version of its workflow."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api import bodies, ownership
from api.dependencies import Caller, Parts
from api.schemas import RepinView
from graphs import repinning
from graphs.repinning import RepinRequest

router = APIRouter(tags=["runs"])

_EXAMPLES = {
    "would it go": {"version": "1.3.0", "dry_run": True},
    "go on": {"version": "1.3.0", "comment": "1.2.0 asks the wrong service."},
}


@router.post("/runs/{run_id}/repin", openapi_extra=bodies.documented(RepinRequest, _EXAMPLES))
async def repin_run(
    run_id: str,
    wanted: Annotated[RepinRequest, Depends(bodies.json_of(RepinRequest))],
    parts: Parts,
    caller: Caller,
) -> RepinView:
    """Let a waiting run go on with another version, where its journal allows it; `dry_run` only tells."""
    actor = ownership.actor(caller, None)
    return RepinView.of(await repinning.repin(run_id, wanted, parts.parts, parts.dispatcher, actor=actor))
