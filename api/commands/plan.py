"""Plan: turn a goal into a workflow, look at what it may do, approve it and run it."""

import asyncio
import getpass
from typing import Annotated

import typer

from api.commands import exits, planned, reading
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    NoWaitOption,
    OwnerOption,
    ProjectOption,
    TenantOption,
    configured,
    object_argument,
    validated,
)
from api.commands.output import Output, Working
from api.commands.run import STARTED_BY, Beginning
from graphs import planning, wiring
from graphs.dispatch import Dispatcher
from graphs.framing import PlanRequest
from graphs.intake import Begun
from graphs.wiring import Opened
from planner import tenants
from planner.definition import Workflow
from planner.planning.comparison import Comparison
from planner.planning.composition import MOST_ALTERNATIVES
from planner.planning.plans import Plan, PlanStatus, Simulation
from planner.settings import Settings
from planner.store import plans as stored

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="Id of a plan")]
CommentOption = Annotated[str, typer.Option("--comment", help="Why; kept with the plan")]
ActorOption = Annotated[str | None, typer.Option("--by", help="Who says so; you unless told")]


WayOption = Annotated[
    int | None,
    typer.Option(
        "--way", min=0, max=MOST_ALTERNATIVES - 1, help="Which of the ways found; else the cheapest"
    ),
]
PermitOption = Annotated[
    str, typer.Option("--permit", metavar="JSON", help="What may be called at the most: JSON, @FILE, or -")
]


def plan(  # noqa: PLR0913 - each is an argument or option of the command
    goal: Annotated[str, typer.Argument(help="What is wanted, in words")] = "",
    *,
    want: Annotated[
        list[str] | None,
        typer.Option("--want", metavar="TYPE", help="An operation or kind that must come of it; repeatable"),
    ] = None,
    have: Annotated[
        str, typer.Option("--have", metavar="JSON", help="What is known by name: JSON, @FILE, or -")
    ] = "{}",
    way: WayOption = None,
    forbid: Annotated[
        list[str] | None,
        typer.Option("--forbid", metavar="NAME", help="Operation, service or class never called; repeatable"),
    ] = None,
    most_steps: Annotated[
        int | None, typer.Option("--most-steps", min=1, help="Calls and decisions at the most")
    ] = None,
    permit: PermitOption = "{}",
    budget: Annotated[
        str, typer.Option("--budget", metavar="JSON", help="What a run may use: JSON, @FILE, or -")
    ] = "{}",
    no_model: Annotated[bool, typer.Option("--no-model", help="Ask no model")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Let no earlier plan serve again")] = False,
    tenant: OwnerOption = tenants.DEFAULT,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn a goal into a workflow, explore it, and tell what it may do and what can go wrong."""
    config, output = configured(project, database), Output(as_json=as_json)
    permitted = object_argument(permit, "--permit")
    told = {
        "goal": goal,
        "want": want or (),
        "have": object_argument(have, "--have"),
        "constraints": {
            "forbid": forbid or (),
            "steps": most_steps,
            "permits": [permitted] if permitted else [],
        },
        "budget": object_argument(budget, "--budget"),
        "way": way,
        "use_model": not no_model,
        "reuse": not fresh,
        "tenant": tenant,
    }
    request = validated(PlanRequest, told)
    with output.working("Looking for a way…") as working:
        made, beside = asyncio.run(_make(config, request, working))
    _tell(made, beside, output)
    raise typer.Exit(exits.FAILED if made.status == "unusable" else exits.OK)


def listed(
    *,
    status: Annotated[str | None, typer.Option("--status", help="Only those that stand so")] = None,
    tenant: TenantOption = None,
    limit: LimitOption = 50,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List plans, newest first."""
    output = Output(as_json=as_json)
    wanted: PlanStatus | None = _status(status)
    with reading.opened(configured(project, database)) as store:
        page = store.read_sync(stored.page, tenant=tenant, status=wanted, limit=limit)
    output.document({"items": [each.model_dump(mode="json") for each in page.items]})
    if not page.items:
        output.line("No plans.")
        return
    rows = [
        (each.id, each.status, planned.served(each), ", ".join(each.frame.want), each.frame.goal[:60])
        for each in page.items
    ]
    output.table(("plan", "status", "serves as", "wants", "goal"), rows)


def show(
    plan_id: PlanArgument,
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a plan: its workflow, what it may do, what can go wrong, and how it stands."""
    config = configured(project, database)
    with reading.opened(config) as store:
        found = store.read_sync(stored.get, plan_id)
        beside = store.read_sync(planning.compared, plan_id, config.planning)
    _tell(found, beside, Output(as_json=as_json))


def diff(
    plan_id: PlanArgument,
    *,
    earlier: Annotated[
        str | None,
        typer.Option("--with", metavar="PLAN", help="Another plan; the one approved before unless told"),
    ] = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what is other in a plan than in the one that was approved last for the same goal."""
    config, output = configured(project, database), Output(as_json=as_json)
    with reading.opened(config) as store:
        beside = store.read_sync(planning.compared, plan_id, config.planning, earlier_id=earlier)
    output.document(beside.model_dump(mode="json"))
    for line in (*planned.compared(beside), *beside.lines):
        output.line(line)


def approve(
    plan_id: PlanArgument,
    *,
    comment: CommentOption = "",
    by: ActorOption = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a plan as it is; a change of it, of a contract or of the policy voids the approval."""
    _judged(
        configured(project, database), plan_id, Output(as_json=as_json), approved=True, by=by, comment=comment
    )


def reject(
    plan_id: PlanArgument,
    *,
    comment: CommentOption = "",
    by: ActorOption = None,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a plan must not run."""
    _judged(
        configured(project, database),
        plan_id,
        Output(as_json=as_json),
        approved=False,
        by=by,
        comment=comment,
    )


def run(
    plan_id: PlanArgument,
    *,
    given: Annotated[
        str, typer.Option("--input", metavar="JSON", help="What the plan asks for: JSON, @FILE, or -")
    ] = "{}",
    key: Annotated[str | None, typer.Option("--key", help="The same key begins no second run")] = None,
    no_wait: NoWaitOption = False,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a run of an approved plan, move it until it ends or waits, and tell its story."""
    config, output = configured(project, database), Output(as_json=as_json)
    told = object_argument(given, "--input")

    async def begin(opened: Opened, dispatcher: Dispatcher | None) -> Begun:
        return await planning.begin(
            plan_id, opened.parts, dispatcher, opened.planning, given=told, by=STARTED_BY, key=key
        )

    raise typer.Exit(Beginning(begin, key, output, is_moved=not no_wait).run(config))


async def _make(config: Settings, request: PlanRequest, working: Working) -> tuple[Plan, Comparison]:
    async with wiring.open_services(config, dispatch=False) as opened:

        async def simulate(workflow: Workflow) -> Simulation:
            working.say("Exploring what can go wrong…")
            return await opened.planning.simulate(workflow)

        tools = opened.planning._replace(simulate=simulate)
        made = await planning.make(request, opened.parts, tools, by=STARTED_BY)
        beside = await opened.parts.database.read(planning.compared, made.id, tools.policy)
        return made, beside


def _judged(
    config: Settings, plan_id: str, output: Output, *, approved: bool, by: str | None, comment: str
) -> None:
    async def judge() -> Plan:
        async with wiring.open_services(config, dispatch=False) as opened:
            who = by or getpass.getuser()
            return await planning.judge(
                plan_id, opened.parts, opened.planning, approved=approved, by=who, comment=comment
            )

    judged = asyncio.run(judge())
    output.document(judged.model_dump(mode="json"))
    output.line(f"Plan {judged.id} is {judged.status}.", "bold")
    if approved:
        output.line(f"Run it: planner plan run {judged.id}")


def _tell(made: Plan, beside: Comparison, output: Output) -> None:
    output.document(made.model_dump(mode="json"))
    for line in planned.lines(made, beside):
        output.line(line)


def _status(text: str | None) -> PlanStatus | None:
    known: dict[str, PlanStatus] = {
        "unusable": "unusable",
        "waiting": "waiting",
        "approved": "approved",
        "rejected": "rejected",
        "void": "void",
    }
    if text is None:
        return None
    if text not in known:
        raise typer.BadParameter(f"{text!r} is no status; take one of {', '.join(known)}")
    return known[text]
