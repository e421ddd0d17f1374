"""Decisions: the log of choices, told so that each can be understood."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

import typer

from api.commands import reading
from api.commands.options import (
    DatabaseOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    TenantOption,
    configured,
)
from api.commands.output import Output, brief
from planner import effects, story
from planner.decisions import Decision
from planner.effects import RECONCILE, UNDO, Effect
from planner.journal import Numbered
from planner.store import decisions as stored
from planner.store import journal, runs
from planner.store.database import Database


class _Log(NamedTuple):
    decisions: Sequence[Decision]
    entries: dict[str, list[Numbered]]
    """Journals of the runs that made them."""
    has_more: bool = False


def decisions(
    run: Annotated[
        str | None, typer.Argument(help="Id of a run; the newest decisions of all without it")
    ] = None,
    *,
    point: Annotated[str | None, typer.Option("--point", help="Where, as WORKFLOW/STEP")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Name of a workflow")] = None,
    tenant: TenantOption = None,
    limit: LimitOption = 20,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell every decision: what was offered and excluded and why, who chose what, and what followed."""
    output = Output(as_json=as_json)
    with reading.opened(configured(project, database)) as store:
        log = _log(store, run, limit=limit, point=point, workflow=workflow, tenant=tenant)
    output.document({"items": [decision.model_dump(mode="json") for decision in log.decisions]})
    if not log.decisions:
        output.line("No decisions.")
    for decision in log.decisions:
        _tell(decision, log.entries.get(decision.run_id, []), output)
    if log.has_more:
        output.line(f"There are more; see them with --limit {limit * 2}", "dim")


def _log(store: Database, run: str | None, *, limit: int, **filters: Any) -> _Log:
    """Return the decisions: of a run in their order, of all newest first."""
    if run is not None:
        store.read_sync(_known, run)
        found = [
            decision
            for decision in store.read_sync(stored.of_run, run)
            if filters["point"] in {None, decision.point}
            and filters["tenant"] in {None, decision.tenant}
            and _is_of(decision, filters["workflow"])
        ]
        return _Log(found[:limit], {run: store.read_sync(journal.entries, run)}, len(found) > limit)
    page = store.read_sync(stored.page, limit=limit, **filters)
    runs_seen = {decision.run_id for decision in page.items}
    entries = {run_id: store.read_sync(journal.entries, run_id) for run_id in runs_seen}
    return _Log(page.items, entries, page.next_cursor is not None)


def _known(tx: Any, run_id: str) -> None:
    """Return when the run exists, or a goal was routed under its id without one coming of it."""
    if not stored.of_run(tx, run_id):
        runs.get(tx, run_id)


def _is_of(decision: Decision, workflow: str | None) -> bool:
    return workflow is None or (decision.workflow is not None and decision.workflow.name == workflow)


def _tell(decision: Decision, entries: Sequence[Numbered], output: Output) -> None:
    output.line(f"{decision.ts:%Y-%m-%d %H:%M:%S}  {decision.point}  {decision.kind}", "bold cyan")
    whose = f"of run {decision.run_id}" if decision.run_id else "that began no run"
    output.line(f"  decision  {decision.decision_id} {whose}", "dim")
    for line in _lines(decision, entries):
        output.line(f"  {line}")
    output.line()


def _lines(decision: Decision, entries: Sequence[Numbered]) -> Iterator[str]:
    yield f"question  {decision.question}"
    if decision.trigger is not None:
        yield f"because   {_trigger(decision)}"
    if decision.given:
        yield f"given     {brief(decision.given)}"
    for option in story.offered(decision.options):
        word, _, rest = option.partition(" ")
        yield f"{word:<9} {rest}"
    yield f"chosen    {story.decided(decision)}"
    if decision.proposed:
        yield f"proposed  {decision.proposed}, which was not taken"
    if decision.reason:
        yield f"reason    {decision.reason}"
    if decision.anomalies:
        yield f"odd       {', '.join(decision.anomalies)}"
    for attempt in decision.attempts:
        if attempt.error:
            yield f"attempt   {attempt.n}: {attempt.outcome_class}, {attempt.error}"
    yield f"cost      {(story.cost(decision) or 'nothing: no model was asked').removeprefix('cost: ')}"
    yield f"followed  {followed(decision, entries)}"


def _trigger(decision: Decision) -> str:
    why = decision.trigger
    if why is None:
        return ""
    times = f" after {why.attempts} attempts" if why.attempts > 1 else ""
    return f"{why.operation} ({why.effect}) was {why.outcome}{times}{f': {why.error}' if why.error else ''}"


def followed(decision: Decision, entries: Sequence[Numbered]) -> str:
    """Return the edge taken, and the first call that was begun after it with what became of it."""
    edge = decision.edge_taken or "nothing"
    after = (entry for seq, entry in entries if seq > decision.run_seq > 0)
    began = next((entry for entry in after if entry.kind in {"intention", "outcome"}), None)
    if began is None:
        return edge
    place = (began.path, began.visit, began.attempt)
    found = (each for each in effects.effects(entries) if (each.path, each.visit, each.attempt) == place)
    return f"{edge}; then {_effect(next(found))}"


def _effect(effect: Effect) -> str:
    path = effect.path.replace(RECONCILE, "the look-up of ").replace(UNDO, "the undoing of ")
    return f"{effect.operation} at {path}: {effect.state}"
