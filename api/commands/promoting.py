"""Promote: make a named workflow of a plan whose runs were clean."""

import asyncio
import getpass
from typing import Annotated

import typer

from api.commands import planned
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured, validated
from api.commands.output import Output
from api.commands.plan import ActorOption, CommentOption, PlanArgument
from graphs import promoting, wiring
from graphs.promoting import PromotionRequest
from planner.planning.plans import Plan


def promote(
    plan_id: PlanArgument,
    *,
    name: Annotated[str, typer.Option("--name", help="What the workflow is called from now on")],
    comment: CommentOption = "",
    by: ActorOption = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a named workflow of a plan whose latest runs were clean; you approve that by saying so."""
    config, output = configured(project, database), Output(as_json=as_json)
    wanted = validated(PromotionRequest, {"name": name, "comment": comment})

    async def promoted() -> Plan:
        async with wiring.open_services(config, dispatch=False) as opened:
            policy = opened.planning.policy
            return await promoting.promote(plan_id, wanted, opened.parts, policy, by=by or getpass.getuser())

    made = asyncio.run(promoted())
    output.document(made.model_dump(mode="json"))
    if made.promotion is not None:
        output.line(f"Plan {made.id} is now {planned.served(made)}.", "bold")
        output.line(f"Run it: planner run {made.promotion.workflow}")
