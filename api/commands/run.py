"""Run: begin a run of a workflow, or of whatever reaches a goal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from api.commands import exits, following
from api.commands.following import Stopped
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    NoWaitOption,
    OwnerOption,
    ProjectOption,
    configured,
    object_argument,
)
from api.commands.output import Output
from graphs import intake, wiring
from graphs.dispatch import Dispatcher
from graphs.intake import Begun, RunRequest
from graphs.wiring import Opened
from planner import tenants
from planner.settings import Settings

STARTED_BY = "cli"


def run(  # noqa: PLR0913 - each is an argument or option of the command
    workflow: Annotated[str | None, typer.Argument(help="Name of a workflow; or give --goal")] = None,
    *,
    goal: Annotated[str | None, typer.Option("--goal", help="What is wanted, in words")] = None,
    given: Annotated[
        str | None,
        typer.Option("--input", metavar="JSON", help="The input: JSON, @FILE, or - for standard input"),
    ] = None,
    version: Annotated[str | None, typer.Option("--version", help="Version of the workflow")] = None,
    key: Annotated[str | None, typer.Option("--key", help="The same key begins no second run")] = None,
    tenant: OwnerOption = tenants.DEFAULT,
    no_wait: NoWaitOption = False,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a run, move it in this process until it ends or waits, and tell its story."""
    if workflow is None and not goal:
        raise typer.BadParameter("name a WORKFLOW, or say what is wanted with --goal")
    if workflow is None and version is not None:
        raise typer.BadParameter("--version needs the name of a WORKFLOW")
    input_ = object_argument(given, "--input") if given is not None else None
    request = RunRequest(workflow=workflow, version=version, goal=goal, input=input_, tenant=tenant)
    config, output = configured(project, database), Output(as_json=as_json)

    async def begin(opened: Opened, dispatcher: Dispatcher | None) -> Begun:
        return await intake.begin(request, opened.parts, dispatcher, started_by=STARTED_BY, key=key)

    raise typer.Exit(Beginning(begin, key, output, is_moved=not no_wait).run(config))


class Beginning:
    """A run that is being begun; knows its id as soon as there is one, for whoever interrupts it."""

    def __init__(
        self,
        begin: Callable[[Opened, Dispatcher | None], Awaitable[Begun]],
        key: str | None,
        output: Output,
        *,
        is_moved: bool,
    ) -> None:
        self._really_begin, self._key, self._output, self._is_moved = begin, key, output, is_moved
        self._begun: Begun | None = None

    def run(self, config: Settings) -> int:
        """Begin it, move it, report it; return the exit code."""
        try:
            stopped = asyncio.run(self._move(config))
        except KeyboardInterrupt:
            if self._begun is None:
                self._output.error("interrupted before the run began; nothing was done")
                return exits.INTERRUPTED
            return following.interrupted(self._begun.run.id, self._output)
        more = self._more()
        if not self._is_moved:
            return self._queued(**more)
        return following.report(stopped, self._output, **more)

    async def _move(self, config: Settings) -> Stopped:
        if not self._is_moved:
            async with wiring.open_services(config, dispatch=False) as services:
                return Stopped((await self._begin(services, is_taken=False)).run, ())
        async with following.opened(config) as services:
            begun = await self._begin(services, is_taken=True)
            return await following.follow(services, begun.run.id, self._output)

    async def _begin(self, services: Opened, *, is_taken: bool) -> Begun:
        dispatcher = services.dispatcher if is_taken else None
        self._begun = await self._really_begin(services, dispatcher)
        if not self._begun.created:
            self._output.note(f"the key {self._key!r} began this run before; no second one is begun")
        return self._begun

    def _more(self) -> dict[str, Any]:
        begun = self._begun
        if begun is None:
            return {}
        return {"created": begun.created, "decision_ids": list(begun.decision_ids)}

    def _queued(self, **more: Any) -> int:
        if self._begun is None:
            return exits.FAILED
        run = self._begun.run
        self._output.document({"run": run.model_dump(mode="json"), "waits_for": [], "awaits": [], **more})
        self._output.line(f"Run {run.id} of {run.workflow.name} {run.workflow.version}: {run.status}", "bold")
        self._output.line(f"A server moves it, or: planner resume {run.id}")
        return exits.OK
