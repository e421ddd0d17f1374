"""Translating: write the workflows of an Arazzo document into the project, and tell what was left out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands import exits
from api.commands.options import JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import project
from planner.arazzo import drafts
from planner.arazzo.drafts import Draft


def translate(
    file: Annotated[Path, typer.Argument(help="An Arazzo 1.0 document, as YAML or JSON")],
    *,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="NAME=SERVICE", help="The service that a source of it stands for"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over workflow files that say something else")
    ] = False,
    project_folder: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the workflows of an Arazzo document into the project's folder, each checked first."""
    config, output = configured(project_folder), Output(as_json=as_json)
    found = drafts.read(
        file,
        project.load_catalog(config),
        workflows=project.readable(config),
        services=dict(map(_pair, source or [])),
    )
    items = [_written(each, config.workflows_folder, replace=replace) for each in found]
    output.document({"items": items})
    _tell(items, output)
    raise typer.Exit(
        exits.OK if all(item["state"] in {"written", "unchanged"} for item in items) else exits.FAILED
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, service = text.partition("=")
    if not (name and equals and service):
        raise typer.BadParameter(f"{text!r} is no pair; write it as NAME=SERVICE")
    return name, service


def _written(draft: Draft, folder: Path, *, replace: bool) -> dict[str, Any]:
    """Write a draft where nothing else would be lost, and return what became of it."""
    path = folder / f"{draft.workflow.workflow}.yaml" if draft.workflow is not None else None
    return {
        "workflow_id": draft.workflow_id,
        "workflow": draft.workflow.workflow if draft.workflow is not None else None,
        "file": str(path) if path is not None else None,
        "state": _state(draft, path, replace=replace),
        "omissions": [each._asdict() for each in draft.omissions],
        "problems": [problem.model_dump(mode="json") for problem in draft.problems],
    }


def _state(draft: Draft, path: Path | None, *, replace: bool) -> str:
    if path is None:
        return "left out"
    if not draft.is_usable:
        return "not right"
    if path.exists() and path.read_text(encoding="utf-8") == draft.text:
        return "unchanged"
    if path.exists() and not replace:
        return "another is there"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draft.text, encoding="utf-8")
    return "written"


def _tell(items: list[dict[str, Any]], output: Output) -> None:
    rows = [
        (item["workflow_id"], item["state"], item["file"] or "", str(len(item["omissions"])))
        for item in items
    ]
    output.table(("workflow", "state", "file", "left out"), rows)
    for item in items:
        for each in item["omissions"]:
            output.line(f"  {item['workflow_id']}: left out: {each['what']}: {each['why']}")
        for problem in item["problems"]:
            output.error(
                f"  {item['workflow_id']}{problem['path']}: {problem['message']} {problem['remedy']}"
            )
        if item["state"] == "another is there":
            output.error(f"  {item['file']} says something else; `--replace` writes over it")
    taken = sum(item["state"] in {"written", "unchanged"} for item in items)
    lost = sum(len(item["omissions"]) for item in items)
    output.line(f"{taken} of {len(items)} workflows taken, {lost} things left out.")
