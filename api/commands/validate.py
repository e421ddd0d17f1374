"""Validate: everything that is wrong with workflow files, each with its place and its remedy."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from api.commands import exits
from api.commands.options import JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import documents, project
from planner.definition import Workflow
from planner.errors import SettingsInvalid
from planner.settings import Settings
from planner.validation import codes
from tools.catalog import Catalog
from tools.errors import CatalogInvalid, DocumentInvalid
from tools.problems import Problem

STDIN = "<stdin>"
CATALOG = "catalog.yaml"
AROUND = 2
"""How many folders up a project is looked for: `project/workflows/file`."""


class _Texts(NamedTuple):
    """What is to be checked, by file, and what could not be read."""

    texts: dict[str, str]
    problems: list[Problem]


class _Against(NamedTuple):
    """What workflows are checked against."""

    catalog: Catalog | None
    workflows: Mapping[str, Workflow]
    problems: list[Problem]


def validate(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE|DIR|-...", help="Workflow files, folders, or -")
    ] = None,
    *,
    list_codes: Annotated[
        bool, typer.Option("--codes", help="List every code with its class, meaning, remedy and example")
    ] = False,
    undecided: Annotated[
        bool, typer.Option("--undecided", help="Tell what open schemas leave undecided, too")
    ] = False,
    no_catalog: Annotated[
        bool, typer.Option("--no-catalog", help="Do not check calls against the catalogue")
    ] = False,
    project_folder: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check workflows, and tell every problem as FILE:LINE:COLUMN: SEVERITY CODE MESSAGE REMEDY."""
    output = Output(as_json=as_json)
    if list_codes:
        _list_codes(output)
        raise typer.Exit(exits.OK)
    if not files:
        raise typer.BadParameter("name a file, a folder or -", param_hint="FILE|DIR|-...")
    texts, problems = _read(files)
    against = _against(_settings(files, project_folder), output, is_wanted=not no_catalog)
    problems += against.problems
    known = dict(against.workflows) | _workflows(texts)
    remarks: list[Problem] = []
    for file, text in texts.items():
        parsed = documents.check(text, file=file, catalog=against.catalog, workflows=known)
        problems += parsed.problems
        remarks += parsed.remarks
    shown = [remark for remark in remarks if undecided or remark.severity != "undecided"]
    output.document({"problems": _plain(problems), "remarks": _plain(shown)})
    if hidden := len(remarks) - len(shown):
        output.note(f"{_counted(hidden, 'thing')} undecided, since schemas are open; --undecided tells which")
    raise typer.Exit(_report(len(texts), problems, shown, output=output))


def _list_codes(output: Output) -> None:
    output.document({"codes": [code.model_dump(mode="json", by_alias=True) for code in codes.table()]})
    for code in codes.table():
        output.line(f"{code.code} ({code.class_}, {code.severity})", "bold")
        output.line(f"  {code.means} {code.remedy}")
        for line in code.example.rstrip("\n").split("\n"):
            output.line(f"    {line}")


def _plain(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [problem.model_dump(mode="json") for problem in problems]


def _line(problem: Problem) -> str:
    """Return a problem as one line that an editor can jump to."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    tail = f" {problem.remedy}" if problem.remedy else ""
    return f"{place}: {problem.severity} {problem.code} {problem.message}{tail}"


def _report(count: int, problems: Sequence[Problem], remarks: Sequence[Problem], *, output: Output) -> int:
    for problem in (*problems, *remarks):
        output.line(_line(problem))
    if problems:
        places = len({problem.file for problem in problems})
        output.note(f"{_counted(len(problems), 'problem')} in {_counted(places, 'file')}")
        return exits.FAILED
    if not count:
        output.error("planner: there is no workflow file to check")
        return exits.NOTHING
    output.line(f"{_counted(count, 'workflow')} and no problem", "green")
    return exits.OK


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _read(names: Sequence[str]) -> _Texts:
    found = _Texts({}, [])
    for name in names:
        if name == "-":
            found.texts[STDIN] = sys.stdin.read()
            continue
        for path in _paths(Path(name)):
            try:
                found.texts[str(path)] = project.text(path)
            except DocumentInvalid as exc:
                found.problems.extend(exc.problems)
    return found


def _paths(path: Path) -> list[Path]:
    """Return the files that a name stands for; a project's folder stands for its workflows."""
    if not path.is_dir():
        return [path]
    has_workflows = (path / "workflows").is_dir()
    return project.files(path / "workflows" if has_workflows else path)


def _settings(names: Sequence[str], told: Path | None) -> Settings:
    """Return the settings of the project that is meant: told, named, or else the one the files lie in."""
    paths = [Path(name) for name in names]
    named = told or next((path for path in paths if (path / CATALOG).is_file()), None)
    config = configured(named)
    if named is not None or config.catalog_file.exists():
        return config
    around = (folder for path in paths for folder in list(path.absolute().parents)[:AROUND])
    found = next((folder for folder in around if (folder / CATALOG).is_file()), None)
    return config if found is None else configured(found)


def _against(config: Settings, output: Output, *, is_wanted: bool) -> _Against:
    """Return the project's catalogue and workflows; what is wrong with the catalogue is a problem, too."""
    workflows = project.readable(config)
    if not is_wanted:
        return _Against(None, workflows, [])
    if not config.catalog_file.exists():
        if config.catalog is not None:
            raise SettingsInvalid(f"there is no catalogue {str(config.catalog)!r}")
        output.note(
            f"there is no {config.catalog_file}, so calls are not checked against operations; "
            "name the project's folder with --project"
        )
        return _Against(None, workflows, [])
    try:
        return _Against(project.load_catalog(config), workflows, [])
    except CatalogInvalid as exc:
        return _Against(None, workflows, list(exc.problems))


def _workflows(texts: Mapping[str, str]) -> dict[str, Workflow]:
    read = (documents.read(text, file=file).workflow for file, text in texts.items())
    return {workflow.workflow: workflow for workflow in read if workflow is not None}
