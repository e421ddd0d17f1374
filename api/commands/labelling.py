"""Labelling: what came of a decision later."""

from typing import Annotated, Literal

import typer

from api.commands import reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.clock import SystemClock
from planner.log.outcomes import DecisionOutcome
from planner.store import log


def label(  # noqa: PLR0913 - each is an option of the command
    decision: Annotated[str, typer.Argument(help="Id of a decision")],
    word: Annotated[str, typer.Argument(metavar="LABEL", help="Such as right, wrong, or the right option")],
    *,
    score: Annotated[float | None, typer.Option("--score", help="The higher, the better")] = None,
    source: Annotated[
        Literal["user", "system", "eval"], typer.Option("--source", help="user, system or eval")
    ] = "user",
    reverted: Annotated[
        bool | None, typer.Option("--reverted/--stands", help="Whether what it led to was taken back")
    ] = None,
    actor: Annotated[str, typer.Option("--actor", help="Who tells it; an id, not a name")] = "person",
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attach to a decision what came of it; earlier words stay."""
    if not word:
        raise typer.BadParameter("the label is empty", param_hint="LABEL")
    outcome = DecisionOutcome(
        label=word[:200], score=score, source=source, reverted=reverted, actor=actor, at=SystemClock().now()
    )
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        kept = store.write_sync(log.tell, decision, outcome)
    output.document({"decision_id": decision, "outcome": kept.model_dump(mode="json")})
    output.line(f"decision {decision}: {kept.label}")
