"""Catalogue: the operations that workflows may call, and how surely their effects are known."""

from typing import Annotated

import typer

from api.commands.options import JsonOption, ProjectOption, configured
from api.commands.output import Output
from planner import project
from tools.catalog import Catalog
from tools.operations import Operation

_MARKS = {
    "grpc": " (its .proto says so)",
    "http": " (guessed from {0.method})",
    "mcp": " (guessed from its hints)",
}
"""How a class was guessed, by the kind of binding."""


def catalog(
    *,
    guessed: Annotated[
        bool, typer.Option("--guessed", help="Only those whose effect nobody declared")
    ] = False,
    project_folder: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the operations with their effect classes; a class that nobody declared is marked."""
    config, output = configured(project_folder), Output(as_json=as_json)
    found = project.load_catalog(config)
    wanted = found.guessed() if guessed else [found.operations[name] for name in sorted(found.operations)]
    output.document(
        {
            "revision": found.revision,
            "items": [_data(each, found) for each in wanted],
            "warnings": [warning.model_dump(mode="json") for warning in found.warnings],
            "omissions": [omission._asdict() for omission in found.omissions],
        }
    )
    if not wanted:
        output.line(
            "Every effect class is declared." if found.operations else f"No operations; {config.catalog_file}"
        )
        return
    output.table(("operation", "effect", "undo", "how", "what"), [_row(each) for each in wanted])
    _how_to_confirm(found, output)
    _doubts(found, output)


def _row(operation: Operation) -> tuple[str, ...]:
    undo = operation.undo.call if operation.undo else ""
    return (
        operation.name,
        f"{operation.effect}{_mark(operation)}",
        undo,
        operation.binding.how,
        operation.summary[:80],
    )


def _data(operation: Operation, found: Catalog) -> dict[str, object]:
    service = found.service(operation)
    return {
        **operation.model_dump(mode="json"),
        "effect_note": _mark(operation).strip(" ()"),
        "base_url": service.base_url,
    }


def _mark(operation: Operation) -> str:
    """Return in words where the effect class comes from, when no person declared it."""
    if operation.effect_source == "guessed":
        return _MARKS.get(operation.binding.kind, " (guessed)").format(operation.binding)
    return f" (unknown, so taken as {operation.effect})" if operation.effect_source == "default" else ""


def _how_to_confirm(found: Catalog, output: Output) -> None:
    doubtful = found.guessed()
    if not doubtful:
        return
    first = doubtful[0]
    short = first.name.removeprefix(f"{first.service}.")
    output.line()
    output.line(
        f"{len(doubtful)} effect classes were declared by nobody. To confirm one, write into the catalogue:"
    )
    for line in (
        "services:",
        f"  {first.service}:",
        "    operations:",
        f"      {short}: {{effect: {first.effect}}}",
    ):
        output.line(f"  {line}")
    output.line("with one of: read, idempotent, keyed, write, irreversible.")


def _doubts(found: Catalog, output: Output) -> None:
    if found.warnings:
        output.line()
        output.line(f"Read although it is wrong ({len(found.warnings)}):")
    for warning in found.warnings:
        output.line(f"  {warning}")
    if found.omissions:
        output.line()
        output.line(f"Left out ({len(found.omissions)}):")
    for omission in found.omissions:
        output.line(f"  {omission.what}: {omission.why}")
