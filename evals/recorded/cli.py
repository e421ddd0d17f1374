"""The command line of what was recorded: `eval import`, `eval replay`, `eval verify-log`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from evals import project, report, terminal
from evals.errors import EvalError, SuiteInvalid
from evals.jobs import CaseResult
from evals.options import JsonOption
from evals.plugin import SUFFIXES
from evals.project import Project
from evals.recorded import importing, replaying
from evals.recorded.importing import Imported
from evals.recorded.replaying import STATUSES, Replayed
from graphs import notary
from planner import settings
from planner.errors import DecisionUnknown, PlannerError, RunUnknown
from planner.settings import Settings
from planner.store import opening
from planner.store.database import Database
from tools.errors import DocumentInvalid

EXITS = (
    "Exit codes: 0 all came to the same, 1 some did not or could not be used, 2 wrong usage, file or "
    "database, 3 the harness broke, 5 nothing was found."
)

FolderOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="Folder with catalog.yaml; the nearest above unless told"),
]
DatabaseOption = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="Where runs are kept [PLANNER_DATABASE_URL]")
]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Runs of then or later, in UTC"),
]
WorkflowOption = Annotated[
    str | None, typer.Option("--workflow", metavar="NAME", help="Only runs of this workflow")
]


class _Opened(NamedTuple):
    config: Settings
    store: Database
    project: Project


def import_(
    *,
    run: Annotated[
        list[str] | None, typer.Option("--run", metavar="ID", help="This run; may be repeated")
    ] = None,
    decision: Annotated[
        list[str] | None, typer.Option("--decision", metavar="ID", help="The run of this decision")
    ] = None,
    since: SinceOption = None,
    workflow: WorkflowOption = None,
    to: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A new *.eval.yaml; standard output unless told"),
    ] = None,
    folder: FolderOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make cases of runs of production: self-contained, masked, pending until a person has reviewed them."""
    _check_output(to)
    if not (run or decision or since or workflow):
        raise typer.BadParameter("tell which runs: --run, --decision, --since or --workflow")
    with _opened(folder, database, as_json=as_json) as opened:
        wanted = opened.store.read_sync(
            importing.found,
            run_ids=run or (),
            decision_ids=decision or (),
            since=_utc(since),
            workflow=workflow,
        )
        imported = importing.take(opened.store, wanted, opened.project)
        _tell_imported(imported, to, opened, as_json=as_json)


def replay(
    run: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN]...", help="Ids of runs; all unless told"),
    ] = None,
    *,
    since: SinceOption = None,
    workflow: WorkflowOption = None,
    folder: FolderOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drive runs through the code, workflows and catalogue of now, and tell where each first diverges."""
    with _opened(folder, database, as_json=as_json) as opened:
        wanted = opened.store.read_sync(
            importing.found, run_ids=run or (), since=_utc(since), workflow=workflow
        )
        found = []
        for each in wanted:
            policy = opened.config.masking
            found.append(replaying.replay(opened.store, each.run_id, opened.project, policy))
            if not as_json:
                terminal.say(str(found[-1]))
    counts = {status: sum(each.status == status for each in found) for status in STATUSES}
    if as_json:
        told = {"runs": [each.model_dump(mode="json") for each in found], "totals": counts}
        terminal.say(report.text(told))
    elif found:
        counted = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        terminal.say(f"{len(found)} run{'s' if len(found) != 1 else ''}: {counted}")
    else:
        terminal.complain("no run was found, and nothing found is no success")
    raise typer.Exit(_exit_of(found))


def verify_log(
    database: Annotated[
        str, typer.Argument(metavar="DB", help="The database: a URL, or the file of an SQLite one")
    ],
    *,
    heads: Annotated[
        list[Path] | None, typer.Option("--heads", metavar="FILE", help="Exported heads to compare with")
    ] = None,
    public_key: Annotated[
        list[str] | None, typer.Option("--public-key", metavar="KEY", help="A key in base64 that is accepted")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whether the decision log is as it was written; the same as `planner decisions verify`."""
    url = database if "://" in database else f"sqlite:///{database}"
    with _refusing(as_json=as_json):
        config = settings.load(database_url=url)
        with opening.opened(config) as store:
            found = notary.verified(store, config.heads, files=heads, public_keys=public_key or ())
    if as_json:
        terminal.say(report.text(found.model_dump(mode="json")))
    else:
        terminal.say("\n".join(found.lines))
    for note in found.notes:
        terminal.complain(f"note: {note}")
    if not found.ok:
        raise typer.Exit(report.FAILED)


def _check_output(to: Path | None) -> None:
    if to is None:
        return
    if not to.name.endswith(SUFFIXES[:2]):
        raise typer.BadParameter(f"{to} must end in .eval.yaml, so that it is found", param_hint="--output")
    if to.exists():
        raise typer.BadParameter(f"{to} is there already, and may hold reviewed cases", param_hint="--output")


@contextmanager
def _opened(folder: Path | None, database: str | None, *, as_json: bool) -> Iterator[_Opened]:
    """Open the database and read the project; what is wrong with either is told."""
    with _refusing(as_json=as_json):
        told = {"project": folder, "database_url": database}
        config = settings.load(**{name: value for name, value in told.items() if value is not None})
        home = folder or project.nearest(config.project)
        with opening.opened(config) as store:
            yield _Opened(config, store, project.load(home.resolve()))


@contextmanager
def _refusing(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except (RunUnknown, DecisionUnknown) as exc:
        raise terminal.refused(exc, as_json=as_json, status=report.NOTHING) from exc
    except (EvalError, PlannerError) as exc:
        raise terminal.refused(exc, as_json=as_json) from exc
    except DocumentInvalid as exc:
        raise terminal.refused(SuiteInvalid(exc.problems), as_json=as_json) from exc


def _tell_imported(imported: Imported, to: Path | None, opened: _Opened, *, as_json: bool) -> None:
    results: list[CaseResult] = []
    text = ""
    if imported.cases:
        name = "recorded" if to is None else importing.file_name(to)
        text = importing.suite(name, imported.cases)
        results = importing.play(text, "" if to is None else str(to), opened.project)
    if to is not None and text:
        _write(to, text)
    policy = opened.config.masking
    shown = [report.case(result, policy) for result in results]
    if as_json:
        terminal.say(report.text(_document(imported, shown, to, text)))
    elif to is None:
        terminal.say(text.rstrip("\n")) if text else None
    told = terminal.complain if to is None or as_json else terminal.say
    if not as_json:
        _lines(imported, shown, told)
    raise typer.Exit(_exit(imported, shown))


def _write(to: Path, text: str) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise typer.BadParameter(f"{to} cannot be written: {exc.strerror}", param_hint="--output") from exc


def _document(imported: Imported, shown: list[dict[str, Any]], to: Path | None, text: str) -> dict[str, Any]:
    return {
        "file": None if to is None else str(to),
        "suite": None if to is not None else text,
        "cases": [
            {
                "id": told["id"],
                "run": case["recorded"]["run"],
                "reproduces": told["status"] == "passed",
                "reason": told["reason"],
                "drift": told["drift"],
            }
            for case, told in zip(imported.cases, shown, strict=True)
        ],
        "refused": [{"run": run_id, "why": why} for run_id, why in imported.refused.items()],
        "going": imported.going,
    }


def _lines(imported: Imported, shown: list[dict[str, Any]], told: Any) -> None:
    for each in shown:
        told(report.line(each))
    for run_id, why in imported.refused.items():
        told(f"run {run_id} cannot be imported: {why}")
    if imported.going:
        told(f"{len(imported.going)} runs go on and were left out")
    good = sum(each["status"] == "passed" for each in shown)
    told(
        f"{len(shown)} imported, {good} of them come to the same here; they are pending: look at each, "
        "then take its line `review: pending` out"
    )


def _exit_of(found: list[Replayed]) -> int:
    if not found:
        return report.NOTHING
    if any(each.is_harness_error for each in found):
        return report.HARNESS
    return report.PASSED if all(each.status in {"same", "pending"} for each in found) else report.FAILED


def _utc(since: datetime | None) -> datetime | None:
    return None if since is None else since.replace(tzinfo=UTC)


def _exit(imported: Imported, shown: list[dict[str, Any]]) -> int:
    if not shown and not imported.refused:
        return report.NOTHING
    if any(each["is_harness_error"] for each in shown):
        return report.HARNESS
    is_good = not imported.refused and all(each["status"] == "passed" for each in shown)
    return report.PASSED if is_good else report.FAILED
