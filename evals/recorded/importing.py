"""Importing: runs of the database as cases, each played once to tell whether it comes to the same."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from evals import jobs, references, runner, writing
from evals.cases import Suite
from evals.jobs import CaseResult, Job, Loaded
from evals.project import Project
from evals.recorded import case as recorded_case
from evals.recorded import record
from evals.recorded.record import RunGoesOn, RunUnusable
from graphs.retracing import Recording
from planner import reasking
from planner.errors import PlannerError
from planner.store import cursors, decisions, log, runs
from planner.store.database import Database

_PAGE = 200


class Wanted(NamedTuple):
    """Which run, and what for."""

    run_id: str
    ref: str = ""
    """Id of the decision that it is looked at for."""
    is_named: bool = True
    """Whether it was asked for by its id."""


class Imported(NamedTuple):
    """What became of the runs."""

    cases: list[dict[str, Any]]
    refused: dict[str, str]
    """Why, by run."""
    going: list[str]
    """Runs that have not ended, and were not asked for by their ids."""


def found(
    tx: Any,
    *,
    run_ids: Iterable[str] = (),
    decision_ids: Iterable[str] = (),
    since: datetime | None = None,
    workflow: str | None = None,
) -> list[Wanted]:
    """Return the runs that are named, or of production and of the time and workflow; the oldest first.

    Raises:
        DecisionUnknown: no decision has this id.
    """
    named = [Wanted(run_id) for run_id in run_ids]
    named += [Wanted(decisions.get(tx, each).run_id, each) for each in decision_ids]
    if named:
        return named
    return [Wanted(run_id, is_named=False) for run_id in reversed(list(_newest(tx, since, workflow)))]


def take(store: Database, wanted: Iterable[Wanted], project: Project) -> Imported:
    """Return the runs as cases; what cannot be one is told with the reason."""
    imported = Imported([], {}, [])
    for each in wanted:
        try:
            imported.cases.append(_case(store, each, project))
        except RunGoesOn as exc:
            if each.is_named:
                imported.refused[each.run_id] = str(exc)
            else:
                imported.going.append(each.run_id)
        except (RunUnusable, PlannerError) as exc:
            imported.refused[each.run_id] = str(exc)
    return imported


def suite(name: str, cases: list[dict[str, Any]]) -> str:
    """Return the text of a case file; what all cases share is told once."""
    workflows = {case["workflow"] for case in cases}
    shared = next(iter(workflows)) if len(workflows) == 1 else None
    told = [
        {field: value for field, value in case.items() if field != "workflow" or shared is None}
        for case in cases
    ]
    return writing.suite(name, shared, told)


def play(text: str, file: str, project: Project) -> list[CaseResult]:
    """Return what becomes of the cases of a file in this project."""
    suite_ = Suite.model_validate(yaml.safe_load(text))
    return [runner.run(job) for job in jobs.listed([Loaded(file, suite_, project)])]


def job(told: Mapping[str, Any], project: Project) -> Job:
    """Return one case, ready to be run."""
    suite_ = Suite.model_validate({"schema": "evals/1", "suite": "recorded", "cases": [told]})
    return jobs.listed([Loaded("", suite_, project)])[0]


def _case(store: Database, wanted: Wanted, project: Project) -> dict[str, Any]:
    recording = store.read_sync(record.shown, wanted.run_id, project.catalog)
    record.check(recording, project)
    told = recorded_case.case(
        recording,
        project.catalog,
        steps=record.steps(store, wanted.run_id, project.catalog),
        right=store.read_sync(_right, recording),
        ref=wanted.ref,
    )
    problems = "; ".join(map(str, references.problems(job(told, project).loaded.suite, project)))
    if problems:
        raise RunUnusable(
            "what is masked in it, or what the project holds now, does not make a case that can be run: "
            f"{problems}"
        )
    return told


def _right(tx: Any, recording: Recording) -> dict[str, str]:
    """Return what the log knows to have been right, by decision id."""
    told = {
        each.decision_id: reasking.right_choice(
            each, log.outcomes(tx, each.decision_id), log.overrides(tx, each.decision_id)
        )
        for each in record.made(recording)
        if each.for_model
    }
    return {name: right for name, right in told.items() if right is not None}


def _newest(tx: Any, since: datetime | None, workflow: str | None) -> Iterator[str]:
    listed = cursors.all_pages(lambda cursor: runs.page(tx, workflow=workflow, cursor=cursor, limit=_PAGE))
    for run in listed:
        if since is not None and run.created_at < since:
            return
        if run.mode == "live":
            yield run.id


def file_name(file: Path) -> str:
    """Return the name of a suite after its file."""
    return file.name.partition(".eval.")[0]
