"""Workflows: list those that are registered or in the project's folder, and register more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands import reading
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import documents, project
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.errors import DefinitionInvalid
from planner.settings import Settings
from planner.store import migrate, opening
from planner.store import workflows as stored
from planner.store.database import open_database


def workflows(
    *,
    project_folder: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the workflows: those registered, and those of the project's folder."""
    config, output = configured(project_folder, database), Output(as_json=as_json)
    rows = _rows(config)
    output.document({"items": rows})
    if not rows:
        output.line(f"No workflows; write one into {config.workflows_folder}, or register one.")
        return
    cells = [(row["name"], row["version"], ", ".join(row["versions"]), row["goal"][:80]) for row in rows]
    output.table(("workflow", "version", "registered", "goal"), cells)


def register(
    file: Annotated[Path, typer.Argument(help="A workflow file")],
    *,
    project_folder: ProjectOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a workflow and register it; a version never changes its content."""
    config, output = configured(project_folder, database), Output(as_json=as_json)
    text = project.text(file)
    with open_database(config.database_url) as store:
        migrate.upgrade(store, to="pre")
        migrate.check(store)
        workflow = _checked(text, str(file), config, store.read_sync(_newest))
        is_new = store.write_sync(stored.register, workflow, source=text, now=SystemClock().now())
    data = {"name": workflow.workflow, "version": workflow.version, "sha256": workflow.sha256}
    output.document(data | {"created": is_new})
    what = "registered" if is_new else "was registered before"
    output.line(f"{workflow.workflow} {workflow.version} {what} (sha256 {workflow.sha256[:12]})")


def _checked(text: str, file: str, config: Settings, known: Mapping[str, Workflow]) -> Workflow:
    """Return the workflow of a text.

    Raises:
        DefinitionInvalid: it has problems; every one is told.
    """
    found = project.load_catalog(config)
    parsed = documents.check(text, file=file, catalog=found, workflows={**known, **project.readable(config)})
    if parsed.workflow is None or parsed.problems:
        raise DefinitionInvalid(parsed.problems)
    return parsed.workflow


def _rows(config: Settings) -> list[dict[str, Any]]:
    registered: dict[str, tuple[Workflow, list[str]]] = {}
    file = opening.file_of(config.database_url)
    if file is None or file.exists():
        with reading.opened(config) as store:
            registered = store.read_sync(_registered)
    rows = {name: _row(workflow, versions) for name, (workflow, versions) in registered.items()}
    for name, workflow in project.readable(config).items():
        rows.setdefault(name, _row(workflow, []))
    return [rows[name] for name in sorted(rows)]


def _row(workflow: Workflow, versions: list[str]) -> dict[str, Any]:
    return {
        "name": workflow.workflow,
        "version": workflow.version,
        "versions": versions,
        "goal": workflow.goal,
        "sha256": workflow.sha256,
    }


def _newest(tx: Any) -> dict[str, Workflow]:
    return {name: stored.get(tx, name) for name in stored.names(tx)}


def _registered(tx: Any) -> dict[str, tuple[Workflow, list[str]]]:
    return {name: (stored.get(tx, name), stored.versions(tx, name)) for name in stored.names(tx)}
