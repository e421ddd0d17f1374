"""Doctor: what is missing or broken on this machine, found without changing anything."""

from collections.abc import Iterator

import typer

from api.commands import exits, health
from api.commands.health import Finding
from api.commands.options import DatabaseOption, JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner.errors import SettingsInvalid

_STYLES = {"ok": "green", "warning": "yellow", "broken": "bold red"}


def doctor(
    *, project: ProjectOption = None, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Check Python, packages, database, catalogue, services and model; a warning does not fail."""
    output, found = Output(as_json=as_json), []
    for finding in _findings(project, database):
        found.append(finding)
        output.line(f"{finding.state:<8} {finding.about:<12} {finding.says}", _STYLES[finding.state])
    broken = [finding for finding in found if finding.state == "broken"]
    output.document({"ok": not broken, "findings": [finding.model_dump(mode="json") for finding in found]})
    raise typer.Exit(exits.FAILED if broken else exits.OK)


def _findings(project: ProjectOption, database: DatabaseOption) -> Iterator[Finding]:
    yield health.python()
    yield from health.dependencies()
    yield from health.packages()
    yield health.sqlite()
    try:
        config = configured(project, database)
    except SettingsInvalid as exc:
        yield Finding(about="settings", state="broken", says=str(exc))
        return
    yield health.settings(config)
    yield health.database(config)
    yield health.sealing(config)
    yield from health.catalogue(config)
    yield health.model(config)
