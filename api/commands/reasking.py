"""Reasking: logged decisions put to another adapter, and how far it agrees."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from api.commands import exits, options, reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import agreement, reasking, settings
from planner import project as project_files
from planner.clock import SystemClock
from planner.decisions import Decision
from planner.definition import Workflow
from planner.errors import RunUnknown, SettingsInvalid, WorkflowUnknown
from planner.model import adapter
from planner.reasking import Asked, Stored
from planner.settings import ModelSettings, Settings
from planner.store import cursors, decisions, log, runs, workflows

_PAGE = 500


def replay(  # noqa: PLR0913 - each is an option of the command
    run: Annotated[
        list[str] | None, typer.Argument(help="Ids of runs; the newest decisions of all without one")
    ] = None,
    *,
    point: Annotated[str | None, typer.Option("--point", help="Where, as WORKFLOW/STEP")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Name of a workflow")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", help="Decisions of then or later, in UTC")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many at most")] = 1000,
    model_name: Annotated[str | None, typer.Option("--model", help="Name of the model to ask")] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Its OpenAI-compatible server")
    ] = None,
    key_env: Annotated[
        str | None, typer.Option("--key-env", metavar="NAME", help="Variable that holds its key")
    ] = None,
    backend: Annotated[
        Literal["chat", "decisions", "auto"] | None, typer.Option("--backend", help="chat, decisions or auto")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, max=25, help="Permuted samples for each answer")
    ] = None,
    prompt: Annotated[
        Path | None, typer.Option("--prompt", help="File of rules at the prompt's head, in place of ours")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="File of right choices: {DECISION: OPTION}")
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option("--max-calls", min=1, help="Requests it may cost in all")
    ] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, max=200, help="Asked at once")] = 8,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a model again what was decided, from the log alone; nothing is acted on, nothing is written."""
    output = Output(as_json=as_json)
    config = configured(project, database)
    told = {"name": model_name, "backend": backend, "samples": samples}
    asking = _asking(config, base_url=base_url, key_env=key_env, told=told)
    rules = None if prompt is None else project_files.text(prompt)
    right = {} if truth is None else _truth(truth)
    with reading.opened(config) as store:
        found = store.read_sync(_found, run or (), point, workflow, since, limit)
        right = store.read_sync(_labelled, found) | right
    if not found:
        output.document({"asked": 0})
        output.line("No decision in the log was a model's to make.")
        raise typer.Exit(exits.NOTHING)
    asked = asyncio.run(_ask(found, asking, rules, concurrency=concurrency, max_calls=max_calls))
    report = agreement.report(asked, right)
    output.document(report.model_dump(mode="json"))
    for line in agreement.lines(report):
        output.line(line)


async def _ask(stored: Sequence[Stored], asking: ModelSettings, rules: str | None, **bounds: Any) -> Asked:
    async with adapter.from_settings(asking, clock=SystemClock(), rules=rules) as decider:
        return await reasking.ask(stored, decider, samples=asking.samples, **bounds)


def _labelled(tx: Any, stored: Sequence[Stored]) -> dict[str, str]:
    """Return the right choices that the log knows, by decision id."""
    found = {}
    for decision in (each.decision for each in stored):
        told = log.outcomes(tx, decision.decision_id), log.overrides(tx, decision.decision_id)
        right = reasking.right_choice(decision, *told)
        if right is not None:
            found[decision.decision_id] = right
    return found


def _asking(
    config: Settings, *, base_url: str | None, key_env: str | None, told: dict[str, Any]
) -> ModelSettings:
    """Return the settings of the model to ask; the key of one server is never sent to another.

    Raises:
        SettingsInvalid: no model is named or configured, or the key's variable is empty.
    """
    told = {name: value for name, value in told.items() if value is not None}
    if base_url is not None and base_url.rstrip("/") != config.model.base_url:
        told |= {"base_url": base_url, "api_key": None}
    if key_env is not None:
        told["api_key"] = settings.secret(key_env)
        if told["api_key"] is None:
            raise SettingsInvalid(f"the variable {key_env!r} that --key-env names is not set")
    asked = configured(config.project, config.database_url, model=told).model if told else config.model
    if not asked.configured:
        raise SettingsInvalid(
            "there is no model to ask; name its server with --base-url, or set OPENAI_API_KEY"
        )
    return asked


def _truth(file: Path) -> dict[str, str]:
    """Return right choices by decision id.

    Raises:
        BadParameter: the file holds something else.
    """
    found = options.json_argument(f"@{file}", "--truth")
    if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()):
        return found
    raise typer.BadParameter("it must be one object of options by decision id", param_hint="--truth")


def _found(  # noqa: PLR0917 - the filters, handed on
    tx: Any,
    wanted: Sequence[str],
    point: str | None,
    workflow: str | None,
    since: datetime | None,
    limit: int,
) -> list[Stored]:
    """Return the decisions that a model made or was to make, each with what its record leaves out."""
    known = _Known(tx)
    found: list[Stored] = []
    for decision in _of_runs(tx, wanted) if wanted else _newest(tx, point, workflow, since):
        if len(found) == limit:
            break
        if decision.for_model and _fits(decision, point, workflow, since):
            found.append(known.stored(decision))
    return found


def _of_runs(tx: Any, wanted: Sequence[str]) -> Iterator[Decision]:
    for run_id in wanted:
        listed = decisions.of_run(tx, run_id)
        if not listed:
            runs.get(tx, run_id)
        yield from listed


def _newest(tx: Any, point: str | None, workflow: str | None, since: datetime | None) -> Iterator[Decision]:
    yield from cursors.all_pages(
        lambda cursor: decisions.page(
            tx, point=point, workflow=workflow, since=since, cursor=cursor, limit=_PAGE
        )
    )


def _fits(decision: Decision, point: str | None, workflow: str | None, since: datetime | None) -> bool:
    name = decision.workflow.name if decision.workflow else None
    return (
        decision.mode == "live"
        and point in {None, decision.point}
        and workflow in {None, name}
        and (since is None or decision.ts >= since)
    )


class _Known:
    """Goals of runs and definitions, each read once."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self._goals: dict[str, str | None] = {}
        self._workflows: dict[str, Workflow | None] = {}

    def stored(self, decision: Decision) -> Stored:
        return Stored(
            decision, self._goal(decision.run_id), reasking.otherwise_of(decision, self._of(decision))
        )

    def _goal(self, run_id: str) -> str | None:
        if run_id not in self._goals:
            try:
                self._goals[run_id] = runs.get(self._tx, run_id).goal
            except RunUnknown:
                self._goals[run_id] = None
        return self._goals[run_id]

    def _of(self, decision: Decision) -> Workflow | None:
        if decision.workflow is None:
            return None
        sha256 = decision.workflow.sha256
        if sha256 not in self._workflows:
            try:
                self._workflows[sha256] = workflows.by_sha256(self._tx, sha256)
            except WorkflowUnknown:
                self._workflows[sha256] = None
        return self._workflows[sha256]
